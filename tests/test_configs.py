"""Every question is a config: planned on every pair of buildings, and asked in seconds."""

import importlib
import re
from contextlib import nullcontext

import pytest
from ml_collections import ConfigDict

from configs import baselines, pairs, quickstart
from configs.axes import added_one_after_another, one_after_another, one_at_a_time
from mtloc_jax.arms import PREDICTORS
from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import SENSORS
from mtloc_jax.modalities import heard
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import ROWS, read
from mtloc_jax.settings import parsed
from mtloc_jax.sites.recordings import open_recordings
from mtloc_jax.study.plan import plan
from mtloc_jax.study.study import Study
from tests.conftest import ROOT
from tests.launched import launched
from tests.undrawn import undrawn

OTHERS = {"axes", "pairs", "quickstart", "unwiped"}
STUDIES = {"baselines", "each_walk", "ipin", "location20", "mmloc", "phones", "wifi_rows"}
LOCATED = ("blackout", "demand", "ladder", "motion", "throttle", "whole_ladder")
"""Questions of whole walks, on every pair."""
OF_MALLS = ("every_floor", "other_phones", "sessions", "sources")
"""Those that ask of floors of their own."""
QUESTIONS = sorted(
    path.stem
    for path in (ROOT / "configs").glob("[a-z]*.py")
    if path.stem not in OTHERS | STUDIES | {*LOCATED, *OF_MALLS}
)
UNANSWERED = ("each_walk", "walks")
"""Not asked of real buildings yet: no committed report says what was found."""
ELSEWHERE = ("location20", "mmloc")
"""Whose findings others tell, one a table or figure of the paper."""
WALKED = ("whole", "ipin")
"""Pairs whose walks take a while to read."""
QUICK = ("table6",)
"""Asked end to end in every run of the suite, no figure rendered; the others are slow tests."""


def module(question: str):
    return importlib.import_module(f"configs.{question}")


def asked(question: str, pair: str) -> ConfigDict:
    return module(question).get_config(pair)


def n_networks(config: ConfigDict) -> int:
    return sum(len(chunk.jobs) for chunk in plan(parsed(config)).chunks)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("pair", pairs.PAIRS)
def test_a_question_can_be_planned_on_every_pair(question: str, pair: str) -> None:
    config = asked(question, pair)
    before = config.to_json_best_effort()
    laid_out = plan(parsed(config))
    for variant in laid_out.variants:
        made = variant.applied(laid_out.settings)
        heard(made.branches, made.modalities)  # raises where one is no branch
    assert config.study == question
    assert (config.source, config.target) == (pairs.PAIRS[pair].source, pairs.PAIRS[pair].target)
    assert config.to_json_best_effort() == before
    assert asked(question, pair).to_json_best_effort() == before


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_pair_that_is_none_is_answered_with_their_names(question: str) -> None:
    with pytest.raises(InputError, match=r"'malls'; choose one of simulated, location20, .*smoke"):
        asked(question, "malls")


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_says_what_it_asks_how_to_ask_and_how_much_it_takes(question: str) -> None:
    text = " ".join(str(module(question).__doc__).split())
    assert "?" in text.partition(" python -m ")[0]
    assert f"--config=configs/{question}.py:mmloc --config.data_dir=DATA --workdir=DIR" in text
    assert "The paper: " in text
    assert f"Takes: {n_networks(asked(question, 'simulated'))} networks" in text


@pytest.mark.parametrize(
    "question",
    sorted({*QUESTIONS, *STUDIES, *LOCATED, *OF_MALLS} - {*UNANSWERED, *ELSEWHERE}),
)
def test_what_a_question_says_was_found_stands_in_a_committed_report(question: str) -> None:
    text = " ".join(str(module(question).__doc__).split())
    found = text.partition("Found: ")[2].partition("Takes: ")[0]
    signed, rounds = r"[-+]\d+\.\d+ m \[[^]]*\]", r"(?<![\d.])\d+(?:\.\d)? \[[^]]*\]"
    figures = re.findall(rf"\d+\.\d+ ± \d+\.\d+|{signed}|{rounds}", found)
    assert figures
    tables = sorted((ROOT / "results").rglob("tables/*.md"))
    plain = re.sub(r" (rounds|walks) \[", " [", "".join(path.read_text() for path in tables))
    assert [figure for figure in figures if figure not in plain] == []


def test_the_networks_of_smaller_pairs_are_counted_too() -> None:
    assert n_networks(asked("window", "location20")) == 96
    assert n_networks(asked("loro", "mmloc")) == 160


def test_a_margin_that_was_named_stays_and_else_it_is_the_pairs() -> None:
    config = quickstart.get_config()
    assert pairs.applied(config, "mmloc").margin_m == 0.5
    config.margin_m = 0.2
    assert pairs.applied(config, "mmloc").margin_m == 0.2
    margins = [module(name).get_config().margin_m for name in ("location20", "mmloc", "ipin")]
    assert margins == [2.0, 0.5, 1.0]


def test_smoke_keeps_the_ends_of_what_a_question_asks() -> None:
    config = asked("readings", "smoke")
    assert config.finetune_rates == (0.5,)
    assert config.wipe.drop_rates == (0.0, 0.4)
    changed = config.sweep[0]
    assert changed["start"] == ("from_pretrained", "from_pretrained")
    assert changed["forget_bias"] == (1.0, 0.0)
    assert asked("loro", "smoke").sweep == ({"test_round": (1, 14)},)


@pytest.mark.parametrize(
    "question",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in QUESTIONS],
)
def test_a_question_is_answered_end_to_end(question: str, tmp_path) -> None:
    config = asked(question, "smoke")
    study = Study(parsed(config), tmp_path / "work", lambda stage, done, total: None)
    assert study.run()
    table = read(tmp_path / "work" / ROWS)
    runs = zip(*(table[name] for name in ("study", "arm", "finetune_rate", "seed")), strict=True)
    assert len(set(runs)) == len(study.plan.order())
    assert (tmp_path / "work" / "variants").is_dir() == bool(config.sweep)
    with undrawn() if question in QUICK else nullcontext():
        assert tmp_path / "work" / "report.html" in write_report(tmp_path / "work")


@pytest.mark.parametrize("config", ["baselines.py:smoke", "wifi_rows.py:smoke"])
def test_every_question_is_asked_by_the_one_program(config: str, tmp_path) -> None:
    flags = ["--config.finetune_rates=(1.5,)", f"--workdir={tmp_path / 'work'}"]
    done = launched("launch.study", "--quiet", f"--config=configs/{config}", *flags)
    said = "error: finetune_rates is 1.5; set --config.finetune_rates in [0.001, 1]\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not (tmp_path / "work").exists()


def test_there_is_one_program_for_studies() -> None:
    programs = {path.stem for path in (ROOT / "launch").glob("[a-z]*.py")}
    assert "study" in programs
    assert not programs & {"baselines", "wifi_rows", "sweep"}


def test_predictors_are_judged_end_to_end(tmp_path, without_drawing) -> None:
    settings = parsed(baselines.get_config("smoke"))
    assert Study(settings, tmp_path / "work", lambda stage, done, total: None).run()
    table = read(tmp_path / "work" / ROWS)
    assert set(table["arm"]) == set(PREDICTORS)
    assert len(table["seed"]) == len(PREDICTORS) * 3 * 2 * 2  # rates x seeds x splits
    assert tmp_path / "work" / "report.html" in write_report(tmp_path / "work")


def test_one_at_a_time_begins_with_the_config_and_changes_one_setting_a_point() -> None:
    switches = (("seeds", 5), ("wipe.mode", "bursts"), ("wipe.mode", "samples"))
    assert one_at_a_time(quickstart.get_config(), *switches) == {
        "seeds": (3, 5, 3, 3),
        "wipe.mode": ("windows", "windows", "bursts", "samples"),
    }


def test_one_after_another_begins_with_all_changed_and_ends_with_the_config() -> None:
    assert one_after_another(
        quickstart.get_config(), ("subset", "first"), ("start", "from_transferred")
    ) == {
        "subset": ("first", "drawn", "drawn"),
        "start": ("from_transferred", "from_transferred", "from_pretrained"),
    }


def test_added_one_after_another_begins_with_the_config_and_ends_with_all_changed() -> None:
    assert added_one_after_another(
        quickstart.get_config(), ("subset", "first"), ("wipe.mode", "bursts")
    ) == {
        "subset": ("drawn", "first", "first"),
        "wipe.mode": ("windows", "windows", "bursts"),
    }


@pytest.mark.parametrize(
    "name", ["location20", "mmloc", *(pytest.param(n, marks=pytest.mark.slow) for n in WALKED)]
)
def test_a_pairs_walks_are_as_long_and_as_many_as_it_says(name: str, data_dir) -> None:
    pair = pairs.named(name)
    for building in (pair.source, pair.target):
        walks = open_recordings(building, str(data_dir)).walks
        for walk in walks:
            streams = [walk.stream(sensor) for sensor in SENSORS]
            start = max([walk.waypoint_t_ms[0], *(stream.t_ms[0] for stream in streams)])
            stop = min([walk.waypoint_t_ms[-1], *(stream.t_ms[-1] for stream in streams)])
            assert stop - start >= 1000 * pair.shortest_walk_s
    assert {walk.number for walk in walks} == set(range(1, pair.n_rounds + 1))
    training = open_recordings(pair.target, str(data_dir)).split.train
    assert pair.n_walks == len(walks)
    assert pair.n_training_walks == sum(walk.number in training for walk in walks)


def test_a_walk_of_each_fold_is_tested_once_and_fewer_folds_where_there_are_fewer() -> None:
    assert asked("folds", "whole").sweep == ({"test_round": tuple(range(1, 15))},)
    assert asked("folds", "mmloc").folds == 8
    assert asked("walks", "location20").sweep == ({"walks": (2, 5, 10, 20, 0)},)
    assert len(asked("each_walk", "ipin").sweep[0]["test_round"]) == 28


def test_every_walk_is_located_by_the_others_end_to_end(tmp_path, without_drawing) -> None:
    settings = parsed(asked("each_walk", "smoke"))
    assert Study(settings, tmp_path / "work", lambda stage, done, total: None).run()
    assert tmp_path / "work" / "report.html" in write_report(tmp_path / "work")
    text = (tmp_path / "work" / "tables" / "survey_distance.md").read_text()
    assert "WiFi 5-NN, cosine" in text
    assert "all after the first scan" in text


@pytest.mark.parametrize("question", LOCATED)
@pytest.mark.parametrize("pair", pairs.PAIRS)
def test_a_question_of_whole_walks_can_be_planned_on_every_pair(question: str, pair: str) -> None:
    config = asked(question, pair)
    laid_out = plan(parsed(config))
    assert config.study == question
    assert (config.source, config.target) == (pairs.PAIRS[pair].source, pairs.PAIRS[pair].target)
    held = {job.spec.arm for group in laid_out.groups for job in group.jobs}
    assert "cosine-held" in held  # what everything stands beside
    assert f"--config=configs/{question}.py:floors --config.data" in str(module(question).__doc__)


@pytest.mark.parametrize("question", OF_MALLS)
def test_a_question_of_malls_can_be_planned(question: str) -> None:
    config = module(question).get_config()
    laid_out = plan(parsed(config))
    assert config.study == question
    for variant in laid_out.variants:
        made = variant.applied(laid_out.settings)
        assert made.target not in made.sources  # a new building is new
    assert f"--config=configs/{question}.py" in str(module(question).__doc__)


def test_every_floor_of_a_mall_is_asked_and_no_other() -> None:
    floors = module("every_floor").get_config("site1").sweep[0]["target"]
    assert floors == tuple(f"location20-whole/site1/{floor}" for floor in ("B1", "F1", "F2", "F3"))
    with pytest.raises(InputError, match=r"no mall 'site3'; choose one of site1, site2"):
        module("every_floor").get_config("site3")


@pytest.mark.slow
@pytest.mark.parametrize("question", LOCATED)
def test_a_question_of_whole_walks_is_answered_end_to_end(question: str, tmp_path) -> None:
    config = asked(question, "smoke")
    study = Study(parsed(config), tmp_path / "work", lambda stage, done, total: None)
    assert study.run()
    assert tmp_path / "work" / "report.html" in write_report(tmp_path / "work")
    assert (tmp_path / "work" / "tables" / "ladder.csv").is_file()
