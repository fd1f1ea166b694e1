"""TFDS datasets without TensorFlow: exact from reader to site, checked downloads."""

import functools
import http.server
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Stream
from mtloc_jax.settings import Window
from mtloc_jax.sites import buildings, recordings
from mtloc_jax.sites.walk_arrays import digest
from tests.conftest import ROOT

tfds = pytest.importorskip("tensorflow_datasets")

from mtloc_jax.datasets import walks  # noqa: E402
from mtloc_jax.datasets.location20 import location20_dataset_builder as location20  # noqa: E402
from mtloc_jax.datasets.mmloc import mmloc_dataset_builder as mmloc  # noqa: E402
from mtloc_jax.datasets.simulated import simulated_dataset_builder as simulated  # noqa: E402

WINDOW = Window()


def build(name, folder, manual_dir=""):
    walks.prepare(name, str(folder), str(manual_dir))
    return recordings.open_recordings(f"tfds:{name}", str(folder))


def assert_same_site(made, expected):
    """Compare every array of two sites, dtypes and NaN included."""
    for name in ("split", "bssids", "trace_names", "simulated"):
        assert getattr(made, name) == getattr(expected, name)
    for name in ("round", "trace", "wifi_dbm", "scan"):
        np.testing.assert_array_equal(getattr(made, name), getattr(expected, name), strict=True)
    ours, theirs = (vars(one.windows) | one.windows.inputs for one in (made, expected))
    for name in theirs.keys() - {"inputs"}:
        np.testing.assert_array_equal(ours[name], theirs[name], strict=True)


def test_a_simulated_building_comes_back_exact(tmp_path):
    made = build("simulated/a", tmp_path)
    assert (made.name, made.simulated) == ("tfds:simulated/a", True)
    expected = recordings.open_recordings("simulated-a", "")
    assert made.digest == expected.digest
    assert_same_site(recordings.cut(made, WINDOW), recordings.cut(expected, WINDOW))
    for ours, theirs in zip(made.walks, expected.walks, strict=True):
        np.testing.assert_array_equal(ours.wifi.mhz, theirs.wifi.mhz, strict=True)
        held = (walk.stream("orientation").values for walk in (ours, theirs))
        np.testing.assert_array_equal(*held, strict=True)


@pytest.mark.parametrize(
    ("name", "building", "files"),
    [
        ("mmloc/edinburgh", "mmloc/edinburgh", "mmloc/edinburgh"),
        ("mmloc/bucharest", "mmloc/bucharest", "mmloc/bucharest"),
        (
            "location20/site1_b1",
            "location20/site1/B1",
            "indoor_location_20/site1/B1/path_data_files",
        ),
        (
            "location20/site2_f1",
            "location20/site2/F1",
            "indoor_location_20/site2/F1/path_data_files",
        ),
    ],
)
def test_a_real_set_comes_back_exact(data_dir, tmp_path, name, building, files):
    made = build(name, tmp_path, data_dir / files)
    expected = recordings.open_recordings(building, str(data_dir))
    assert made.digest == expected.digest
    assert_same_site(recordings.cut(made, WINDOW), recordings.cut(expected, WINDOW))


def test_every_field_of_a_walk_comes_back(data_dir, tmp_path):
    found = build("mmloc/edinburgh", tmp_path, data_dir / "mmloc" / "edinburgh").walks
    expected, _ = buildings.walks("mmloc/edinburgh", str(data_dir))
    frozen = [walk.frozen for walk in found]
    assert frozen == [walk.frozen for walk in expected]
    assert any(frozen)
    assert [walk.source for walk in found] == [Path(walk.source.name) for walk in expected]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.mag.values, theirs.mag.values, strict=True)
        np.testing.assert_array_equal(ours.wifi.bssid, theirs.wifi.bssid)


def test_further_streams_come_back(tmp_path, monkeypatch):
    rounds, split = buildings.walks("simulated-a", "", simulated_round_s=6.0)
    height = Stream(np.arange(3), np.array([[0.1], [0.2], [1e-9]]))
    rounds = [replace(walk, extra={}) for walk in rounds]
    rounds[1] = replace(rounds[1], extra={"height": height})
    monkeypatch.setattr(buildings, "walks", lambda *_: (rounds, split))
    walks.prepare("simulated/a", str(tmp_path))
    found, *_ = walks.open_prepared("simulated/a", str(tmp_path))
    assert [list(walk.extra) for walk in found] == [[], ["height"], *[[]] * 12]
    assert found[1].stream("height").values.tolist() == height.values.tolist()
    assert digest(found) == digest(rounds)


def test_a_set_that_is_not_prepared_says_how_it_is(tmp_path, monkeypatch):
    with pytest.raises(InputError) as told:
        recordings.open_recordings("tfds:mmloc/edinburgh", str(tmp_path))
    assert (
        f"{tmp_path}/mmloc/edinburgh/1.2.0: the set mmloc/edinburgh is not prepared; run "
        in str(told.value)
    )
    command = told.value.remedy.removeprefix("run python -c ").strip('"')
    monkeypatch.setattr(walks, "prepare", lambda *folder: prepared.append(folder))
    prepared: list = []
    exec(command)
    assert prepared == [("mmloc/edinburgh", str(tmp_path))]


@pytest.mark.parametrize("name", ["mmloc", "mmloc/", "mmloc/paris", "", "mnist/x"])
def test_an_unknown_set_is_answered_with_the_known_ones(name, tmp_path):
    with pytest.raises(InputError, match=r"choose one of location20/site1_b1, .*, simulated/b"):
        recordings.open_recordings(f"tfds:{name}", str(tmp_path))


def test_what_is_not_in_the_manual_folder_is_downloaded(data_dir, tmp_path, monkeypatch):
    folder = data_dir / "mmloc" / "bucharest"
    serve = functools.partial(QuietHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    there = mmloc.Builder.url_infos
    moved = {f"{here}/{info.filename}": info for info in there.values()}
    monkeypatch.setattr(mmloc.Builder, "url_infos", moved)
    builder = mmloc.Builder(config="bucharest", data_dir=tmp_path, file_format="array_record")
    monkeypatch.setattr(builder.builder_config, "url", f"{here}/sensor_wifi_1_{{}}_timestep100.csv")
    builder.download_and_prepare()
    server.shutdown()
    server.server_close()
    found, split = walks.read_walks(builder)
    assert (len(found), split) == (8, buildings.BUCHAREST_SPLIT)
    assert found[0].source == Path("sensor_wifi_1_1_timestep100.csv")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.mark.parametrize("module", [mmloc, location20])
def test_every_address_has_a_checksum(module):
    known = set(module.Builder.url_infos)
    named = set()
    for config in module.Builder.BUILDER_CONFIGS:
        if module is mmloc:
            named |= {config.url.format(n) for rounds in config.split for n in rounds}
        else:
            folder = f"{location20._RAW}/master/data/{config.folder}/path_data_files"
            named |= {f"{folder}/{trace}.txt" for trace in config.rounds}
    assert named == known


@pytest.mark.parametrize("module", [mmloc, location20, simulated])
def test_every_set_is_described_and_cited(module, tmp_path):
    builder = module.Builder(data_dir=tmp_path, file_format="array_record")
    assert len(builder.info.description) > 100
    assert builder.info.citation.startswith("@")
    assert builder.info.features["accel_values"].shape == (None, 3)


def test_the_floors_rounds_are_the_shared_ones(data_dir):
    for config in location20.Builder.BUILDER_CONFIGS:
        shared = data_dir / "indoor_location_20" / config.folder / "rounds.csv"
        places = location20.read_places(shared)
        assert config.rounds == {trace: place.number for trace, place in places.items()}


def test_neither_tensorflow_nor_a_dataset_is_needed_by_the_rest():
    program = (
        "import sys, mtloc_jax.sites.buildings, mtloc_jax.cards.card, mtloc_jax.sites.prepare\n"
        "print('tensorflow_datasets' in sys.modules)\n"
        "import mtloc_jax.datasets.walks\n"
        "print('tensorflow' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["False", "False"]
