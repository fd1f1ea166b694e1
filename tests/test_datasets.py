"""TFDS datasets without TensorFlow: exact from reader to site, checked downloads."""

import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from mtloc_jax.sites import buildings, recordings
from mtloc_jax.sites.windows import Windows, WindowSpec
from tests.conftest import ROOT

tfds = pytest.importorskip("tensorflow_datasets")

from mtloc_jax.datasets import walks  # noqa: E402
from mtloc_jax.datasets.location20 import location20_dataset_builder as location20  # noqa: E402
from mtloc_jax.datasets.mmloc import mmloc_dataset_builder as mmloc  # noqa: E402
from mtloc_jax.datasets.simulated import simulated_dataset_builder as simulated  # noqa: E402

SPEC = WindowSpec()


def build(module, config, folder, manual_dir=None):
    builder = module.Builder(config=config, data_dir=folder, file_format="array_record")
    settings = tfds.download.DownloadConfig(manual_dir=manual_dir)
    builder.download_and_prepare(download_config=settings)
    return builder


def assert_same_site(made, expected):
    """Compare every array of two sites, dtypes and NaN included."""
    for name in ("split", "bssids", "trace_names", "simulated"):
        assert getattr(made, name) == getattr(expected, name)
    for name in ("round", "trace", "wifi_dbm", "scan"):
        np.testing.assert_array_equal(getattr(made, name), getattr(expected, name), strict=True)
    for name in Windows.__dataclass_fields__:
        ours, theirs = getattr(made.windows, name), getattr(expected.windows, name)
        np.testing.assert_array_equal(ours, theirs, strict=True)


def test_a_simulated_building_comes_back_exact(tmp_path):
    builder = build(simulated, "a", tmp_path)
    made = walks.open_site(builder, SPEC)
    assert made.name == "simulated/a"
    assert_same_site(made, recordings.open_site("simulated-a", "", SPEC))


@pytest.mark.parametrize(
    ("module", "config", "building", "files"),
    [
        (mmloc, "edinburgh", "mmloc/edinburgh", "mmloc/edinburgh"),
        (mmloc, "bucharest", "mmloc/bucharest", "mmloc/bucharest"),
        (
            location20,
            "site1_b1",
            "location20/site1/B1",
            "indoor_location_20/site1/B1/path_data_files",
        ),
        (
            location20,
            "site2_f1",
            "location20/site2/F1",
            "indoor_location_20/site2/F1/path_data_files",
        ),
    ],
)
def test_a_real_set_comes_back_exact(data_dir, tmp_path, module, config, building, files):
    builder = build(module, config, tmp_path, data_dir / files)
    assert_same_site(
        walks.open_site(builder, SPEC), recordings.open_site(building, str(data_dir), SPEC)
    )


def test_every_field_of_a_walk_comes_back(data_dir, tmp_path):
    builder = build(mmloc, "edinburgh", tmp_path, data_dir / "mmloc" / "edinburgh")
    found, _ = walks.read_walks(builder)
    expected, _ = buildings.walks("mmloc/edinburgh", str(data_dir))
    frozen = [walk.frozen for walk in found]
    assert frozen == [walk.frozen for walk in expected]
    assert any(frozen)
    assert [walk.source for walk in found] == [Path(walk.source.name) for walk in expected]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.mag.values, theirs.mag.values, strict=True)
        np.testing.assert_array_equal(ours.wifi.bssid, theirs.wifi.bssid)


def test_a_file_that_is_not_the_published_one_is_refused(data_dir, tmp_path):
    for path in (data_dir / "mmloc" / "bucharest").glob("*.csv"):
        text = path.read_bytes()
        (tmp_path / path.name).write_bytes(text[:-1] if "_8_" in path.name else text)
    with pytest.raises(tfds.core.download.download_manager.NonMatchingChecksumError):
        build(mmloc, "bucharest", tmp_path / "sets", tmp_path)


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
        assert config.rounds == location20.read_rounds(shared)


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
