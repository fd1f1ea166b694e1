"""Checkpoints: what comes back is what was saved, or one error that names the file."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.files import sha256
from mtloc_jax.settings import Settings, Window, parsed, plain
from mtloc_jax.surgery.checkpoint import (
    CARD,
    DIGEST,
    GRAFT,
    PARAMS,
    load,
    load_run,
    read_card,
    read_report,
    save,
)
from mtloc_jax.surgery.graft import Take, graft
from mtloc_jax.surgery.network_card import cut_of, settings_of
from mtloc_jax.surgery.tree import tree_digest
from tests import networks

CARD_OF_SITE1 = {
    "site": {"name": "site1/B1", "bssids": ["a", "b"], "shapes": {"imu": (10, 2)}},
    "config": plain(Settings(scaling="round", window=Window(hop_ms=200), epochs=100)),
    "run": {"seed": np.int32(3), "scaler": {"xy_mean_m": np.ones(2, np.float32)}},
}


def _params(value=1.0):
    rng = np.random.default_rng(0)
    return {
        "imu": {"kernel": rng.normal(size=(2, 512)).astype(np.float32) * value},
        "wifi": {"fc1": {"bias": np.full(128, value, np.float32)}},
    }


@pytest.fixture
def saved(tmp_path):
    folder = tmp_path / "net"
    save(folder, _params(), CARD_OF_SITE1)
    return folder


def test_what_is_saved_comes_back_bit_for_bit(saved):
    params, card = load(saved)
    assert tree_digest(params) == tree_digest(_params())
    assert card["site"] == CARD_OF_SITE1["site"] | {"shapes": {"imu": [10, 2]}}
    assert card["run"] == {"seed": 3, "scaler": {"xy_mean_m": [1.0, 1.0]}}
    assert settings_of(card) == parsed(CARD_OF_SITE1["config"])


def test_jax_arrays_and_scalars_are_saved_like_numpy_ones(tmp_path):
    save(tmp_path / "net", {"a": {"b": jnp.arange(3.0)}, "c": np.float32(2)}, {})
    params, _ = load(tmp_path / "net")
    assert params["a"]["b"].tolist() == [0, 1, 2]
    assert params["c"] == 2


def test_a_relative_folder_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(Path("net"), _params(), CARD_OF_SITE1)
    assert tree_digest(load(Path("net"))[0]) == tree_digest(_params())


def test_saving_and_loading_say_nothing(tmp_path, caplog, capfd):
    with caplog.at_level(logging.INFO, logger="absl"):
        save(tmp_path / "net", _params(), CARD_OF_SITE1)
        load(tmp_path / "net")
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


def test_a_newer_checkpoint_takes_the_place_of_an_older_one(saved):
    save(saved, _params(2.0), CARD_OF_SITE1)
    assert tree_digest(load(saved)[0]) == tree_digest(_params(2.0))
    assert [path.name for path in saved.parent.iterdir()] == ["net"]


def test_a_folder_that_is_no_checkpoint_is_not_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "final.tex").write_text("years of work")
    with pytest.raises(InputError, match="something else is there"):
        save(tmp_path / "thesis", _params(), CARD_OF_SITE1)
    assert (tmp_path / "thesis" / "final.tex").read_text() == "years of work"


def test_stacked_runs_are_one_checkpoint(tmp_path):
    stacked = {"imu": {"bias": np.arange(6, dtype=np.float32).reshape(3, 2)}}
    save(tmp_path / "runs", stacked, {"runs": [{"seed": 0}, {"seed": 1}, {"seed": 2}]})
    params, card = load_run(tmp_path / "runs", 1)
    assert params["imu"]["bias"].tolist() == [2, 3]
    assert card == {"run": {"seed": 1}}
    with pytest.raises(InputError, match="there is no run 3; runs go from 0 to 2"):
        load_run(tmp_path / "runs", 3)


def test_a_single_network_has_no_runs(saved):
    with pytest.raises(InputError, match="holds one network"):
        load_run(saved, 0)


def test_the_card_must_list_as_many_runs_as_are_stacked(tmp_path):
    with pytest.raises(InputError, match=r"imu/kernel has shape .* but the card lists 3 runs"):
        save(tmp_path / "runs", _params(), {"runs": [{}, {}, {}]})
    assert not (tmp_path / "runs").exists()


def test_a_graft_report_is_kept_with_the_checkpoint(tmp_path):
    params, report = graft(_params(0), {"d": _params()}, [Take("*", "*")])
    save(tmp_path / "net", params, CARD_OF_SITE1, report)
    assert read_report(tmp_path / "net") == report
    (tmp_path / "net" / GRAFT).write_text("{}")
    with pytest.raises(InputError, match=r"graft\.json: is not what was saved"):
        read_report(tmp_path / "net")


def test_without_a_graft_there_is_no_report(saved):
    assert read_report(saved) is None


def test_the_right_site_is_accepted(saved):
    how_it_was_cut = cut_of(parsed(CARD_OF_SITE1["config"]))
    for expected in (
        CARD_OF_SITE1,
        {"site": {"name": "site1/B1"}, "config": how_it_was_cut},
        {"site": {"name": "site1/B1"}, "config": {"epochs": 100}},
    ):
        params, card = load(saved, expected)
        assert tree_digest(params) == tree_digest(_params())
        assert card["site"]["name"] == "site1/B1"


def test_a_network_of_a_card_without_settings_was_cut_by_the_defaults(tmp_path):
    save(tmp_path / "net", _params(), {"site": CARD_OF_SITE1["site"]})
    assert load(tmp_path / "net", {"config": cut_of(Settings())})[1].keys() == {"site"}
    with pytest.raises(InputError, match=r"config\.test_round is 0, not 4"):
        load(tmp_path / "net", {"config": cut_of(Settings(test_round=4))})
    of_source = {"config": cut_of(Settings(test_round=4), role="source")}
    assert load(tmp_path / "net", of_source)[1].keys() == {"site"}


@pytest.mark.parametrize(
    ("part", "field", "value", "says"),
    [
        ("site", "name", "site2/F1", r"site\.name is 'site1/B1', not 'site2/F1'"),
        ("site", "shapes", {"mag": [10, 1]}, r"site\.shapes\.mag is None, not \[10, 1\]"),
        ("site", "bssids", list("bcdefghi"), r"site\.bssids has 2 entries, not 8 \(1 shared\)"),
        ("config", "scaling", "survey", r"config\.scaling is 'round', not 'survey'"),
        ("config", "window", {"hop_ms": 100}, r"config\.window\.hop_ms is 200, not 100"),
        ("config", "modalities", ["imu"], r"config\.modalities is \['imu', 'mag', 'wifi'\], not"),
    ],
)
def test_another_site_is_refused(saved, part, field, value, says):
    expected = {part: CARD_OF_SITE1[part] | {field: value}}
    with pytest.raises(InputError, match=f"net: this network is for another site: {says}"):
        load(saved, expected)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere: no such checkpoint"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [CARD, DIGEST])
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(InputError, match=f"{name}: no such file"):
        load(saved)


@pytest.mark.parametrize(
    ("name", "says"), [(CARD, "is not what was saved"), (DIGEST, "cannot be read")]
)
def test_a_cut_card_is_named(saved, name, says):
    (saved / name).write_text((saved / name).read_text()[:40])
    with pytest.raises(InputError, match=f"{name}: {says}"):
        load(saved)


def test_an_edited_card_is_refused(saved):
    card = json.loads((saved / CARD).read_text())
    card["site"]["name"] = "site2/F1"
    (saved / CARD).write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"card\.json: is not what was saved"):
        read_card(saved)


def test_a_file_that_may_not_be_read_is_named(saved, monkeypatch):
    def refuse(path, *how, **more):
        if path.name == CARD:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **more)

    opened = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"card\.json: cannot be read \(Permission denied\)"):
        load(saved)


def test_missing_parameters_are_named(saved):
    (saved / PARAMS / "manifest.ocdbt").unlink()
    with pytest.raises(InputError, match=r"params/manifest\.ocdbt: no such file"):
        load(saved)


def _data_files(folder):
    files = [f for f in (folder / PARAMS).rglob("*") if f.is_file() and f.parent.name == "d"]
    return sorted(files)


def test_truncated_parameters_are_refused(saved):
    largest = max(_data_files(saved), key=lambda file: file.stat().st_size)
    os.truncate(largest, largest.stat().st_size // 2)
    with pytest.raises(InputError, match=f"{largest.name}: is not what was saved"):
        load(saved)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_one_flipped_bit_never_passes(saved, share):
    for file in _data_files(saved):
        content = bytearray(file.read_bytes())
        flipped = content.copy()
        flipped[int(share * len(content))] ^= 1
        file.write_bytes(flipped)
        with pytest.raises(InputError, match=f"{file.name}: is not what was saved"):
            load(saved)
        file.write_bytes(content)
    assert tree_digest(load(saved)[0]) == tree_digest(_params())


def test_parameters_of_another_checkpoint_are_refused(saved, tmp_path):
    save(tmp_path / "other", _params(2.0), CARD_OF_SITE1)
    ours, theirs = saved / DIGEST, tmp_path / "other" / DIGEST
    mixed = json.loads(theirs.read_text()) | {"leaves": json.loads(ours.read_text())["leaves"]}
    theirs.write_text(json.dumps(mixed))
    with pytest.raises(InputError, match="imu/kernel is not what was saved"):
        load(tmp_path / "other")


def test_a_failed_write_leaves_nothing_and_harms_nothing(saved):
    script = """
import resource, sys
from pathlib import Path
import numpy as np
from mtloc_jax.surgery.checkpoint import save
from mtloc_jax.errors import InputError
from mtloc_jax.files import sha256
noise = np.random.default_rng(0).normal(size=(1000, 1000)).astype(np.float32)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # as a full disk: writes fail
for name in ("net", "new"):
    try:
        save(Path(sys.argv[1]) / name, {"a": noise}, {})
    except InputError as error:
        print(error)
"""
    command = [sys.executable, "-c", script, str(saved.parent)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.count("cannot write") == 2
    assert result.stderr == ""
    assert [path.name for path in saved.parent.iterdir()] == ["net"]
    assert tree_digest(load(saved)[0]) == tree_digest(_params())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="net: cannot write"):
        save(tmp_path / "file" / "net", _params(), CARD_OF_SITE1)


def test_a_graft_report_without_its_digest_is_not_passed_over(tmp_path):
    params, report = graft(networks.params(6, 3), {"d": networks.params(6, 3, 1)}, [Take("*", "*")])
    save(tmp_path / "net", params, networks.card("abc"), report)
    path = tmp_path / "net" / "digest.json"
    path.write_text(path.read_text().replace('"graft.json"', '"gra\\u0064t.json"'))
    with pytest.raises(InputError, match=r"digest\.json: it records nothing of graft\.json"):
        read_report(tmp_path / "net")


@pytest.mark.parametrize("words", [b"{}", b"\xff\xfe{}", b"\x80"])
def test_a_graft_report_of_strangers_is_looked_at_before_it_is_believed(tmp_path, words):
    params, report = graft(networks.params(6, 3), {"d": networks.params(6, 3, 1)}, [Take("*", "*")])
    save(tmp_path / "net", params, networks.card("abc"), report)
    (tmp_path / "net" / GRAFT).write_bytes(words)
    digests = json.loads((tmp_path / "net" / DIGEST).read_text())
    digests["files"][GRAFT] = sha256(tmp_path / "net" / GRAFT)
    (tmp_path / "net" / DIGEST).write_text(json.dumps(digests))
    with pytest.raises(InputError, match=r"net/graft\.json: this is not a graft report"):
        read_report(tmp_path / "net")


@pytest.mark.parametrize(
    "words", ["[]", '{"site": []}', '{"runs": [3]}', '{"lineage": {"d": {"path": 3}}}']
)
def test_a_card_of_strangers_is_looked_at_before_it_is_believed(tmp_path, words):
    save(tmp_path / "net", networks.params(6, 3), networks.card("abc"))
    (tmp_path / "net" / "card.json").write_text(words)
    digests = json.loads((tmp_path / "net" / "digest.json").read_text())
    digests["files"]["card.json"] = sha256(tmp_path / "net" / "card.json")
    (tmp_path / "net" / "digest.json").write_text(json.dumps(digests))
    with pytest.raises(InputError, match=r"card\.json: (its card is none|holds no JSON object)"):
        load(tmp_path / "net")
