"""Studies over settings of the data, the pretext and the output: rows, sharing, refusals."""

import json

import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.report.rows import CDF, ROWS, TRACKS, read, select
from mtloc_jax.sweep import starts
from mtloc_jax.sweep.study import Study, run_study
from tests.test_study import ignore, small


def tiny(*sweep, **changes):
    config = small(seeds=1, epochs=1, finetune_rates=(0.5,), sweep=sweep)
    config.wipe.drop_rates, config.wipe.seeds = (0.0, 0.4), 1
    config.update(changes)
    return config


def same_rows(swept, variant, alone):
    """Say whether a variant's rows are those of a study of its own, to the byte."""
    for file in (ROWS, CDF, TRACKS):
        text = (swept / "variants" / variant / file).read_text()
        assert text.replace(f"quickstart/{variant},", "quickstart,") == (alone / file).read_text()


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("folds") / "work", []
    pretraining = starts.pretraining
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starts, "pretraining", lambda *args: made.append(args) or pretraining(*args))
        study = Study(tiny({"test_round": (0, 3)}), folder, ignore)
        study.run()
    return folder, made, study


def test_each_left_out_round_is_tested_on_windows_of_its_own(folds):
    table = read(folds[0] / ROWS)
    for name, sites in zip(("0", "3"), folds[2].sites, strict=True):
        mine = select(table, study=f"quickstart/test_round={name}", split="test")
        assert set(mine["n_windows"]) == {len(sites.target.rows("test"))}
    assert folds[2].sites[1].target.split.test == (3,)
    assert folds[2].sites[1].target.split.validation == (4,)
    assert len(folds[2].sites[1].target.split.train) == 12


def test_the_source_is_cut_and_pretrained_on_once_whatever_the_target_tests(folds):
    one, other = folds[2].sites
    assert one.source is other.source
    assert one.target is not other.target
    assert len(folds[1]) == 1
    assert (folds[0] / "pretrained").is_dir()
    assert {path.name for path in folds[0].glob("grafted*")} == {
        "grafted-test_round=0",
        "grafted-test_round=3",
    }


def test_a_folds_rows_are_those_of_a_study_of_its_own(folds, tmp_path):
    run_study(tiny(test_round=3), tmp_path / "alone", ignore)
    same_rows(folds[0], "test_round=3", tmp_path / "alone")


def test_a_folds_card_is_of_its_own_split(folds):
    cards = [
        json.loads((folds[0] / "variants" / f"test_round={n}" / "card_target.json").read_text())
        for n in (0, 3)
    ]
    assert [card["statistics"]["split"]["test"] for card in cards] == [[14], [3]]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"test_round": 15}, "no round 15 to test on; choose one of 1, 2, 3"),
        ({"test_round": -1}, "no round -1"),
    ],
)
def test_an_impossible_setting_is_refused_before_anything_is_written(changes, named, tmp_path):
    with pytest.raises(InputError, match=named):
        run_study(tiny(**changes), tmp_path / "work", ignore)
    assert not (tmp_path / "work").exists()
