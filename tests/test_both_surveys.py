"""The control of a building surveyed twice: trained on both surveys, judged as the others are."""

from types import SimpleNamespace

import numpy as np
import pytest

from configs import wifi_rows
from mtloc_jax.arms import BOTH_SURVEYS, CARRIED, REINITIALISED, SCRATCH, arm_label
from mtloc_jax.errors import InputError
from mtloc_jax.report.questions import families
from mtloc_jax.rows import ROWS, read, select
from mtloc_jax.settings import Settings, parsed, replaced
from mtloc_jax.study.opened import Sites
from mtloc_jax.study.plan import plan
from mtloc_jax.study.runs import RunSpec, prepared, trained_on
from mtloc_jax.study.study import Study
from mtloc_jax.surgery import checkpoint
from tests.studies import ignore
from tests.synthetic_rows import as_table, row
from tests.test_two_surveys import N_APS, hall

TWICE = Settings(survey="twice", subset="first")


def smoke(**changes):
    return replaced(parsed(wifi_rows.get_config("smoke")), changes)


def seen(both):
    opened = {"target": SimpleNamespace(site=hall())}
    return Sites(TWICE, opened, "hall survey 1->hall survey 2", both).seen(0)


def windows(rate, arm=BOTH_SURVEYS, settings=TWICE, seed=0):
    """Return which windows of the hall a run trains on: five a round, round 1 first."""
    site = seen(both=arm == BOTH_SURVEYS)
    return site.rows("train")[trained_on(RunSpec(arm, rate, seed), site, settings)].tolist()


def test_it_trains_on_all_of_the_first_survey_and_its_share_of_the_second():
    first = [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]  # rounds 1 and 3
    second = [5, 6, 7, 8, 9, 15, 16, 17, 18, 19]  # rounds 2 and 4
    assert windows(1.0) == first + second
    assert windows(0.5) == first + second[:5]
    assert windows(0.75) == first + second[:7]


@pytest.mark.parametrize("rate", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("changes", [{}, {"subset": "drawn"}, {"walks": 1}])
def test_of_the_second_survey_it_is_given_what_every_other_arm_is(rate, changes):
    settings = replaced(TWICE, changes)
    for seed in range(4):
        both = windows(rate, BOTH_SURVEYS, settings, seed)
        assert both[10:] == windows(rate, SCRATCH, settings, seed)


def test_it_hears_every_access_point_and_the_others_what_is_left_of_the_second_survey():
    heard = {}
    for both, arm in ((True, BOTH_SURVEYS), (False, CARRIED)):
        run = prepared(RunSpec(arm, 1.0, 0), {}, seen(both), TWICE)
        heard[arm] = run.scaler.inputs["wifi"].heard
    assert heard[BOTH_SURVEYS].all()
    assert len(heard[BOTH_SURVEYS]) == N_APS
    assert heard[CARRIED].sum() == 11  # 60 % of the 19 heard in rounds 2 and 4


def test_it_takes_as_many_steps_as_both_trainings_of_a_carried_network():
    short = replaced(TWICE, {"batch_size": 5, "epochs": 3})
    both, second = (
        prepared(RunSpec(arm, 1.0, 0), {}, seen(arm == BOTH_SURVEYS), short).n_steps
        for arm in (BOTH_SURVEYS, CARRIED)
    )
    assert (both, second) == (3 * 20 / 5, 3 * 10 / 5)


def test_it_is_judged_on_the_rounds_of_neither_survey_as_the_others_are():
    both, second = seen(both=True), seen(both=False)
    for split in ("validation", "test"):
        assert np.array_equal(both.rows(split), second.rows(split))


def test_a_building_surveyed_once_has_no_such_arm():
    with pytest.raises(InputError, match="'both-surveys' is of a building surveyed twice; set"):
        plan(Settings(arms=(BOTH_SURVEYS,)))


def test_the_study_asks_it_at_every_rate_of_the_others():
    settings = smoke()
    groups = plan(settings).groups
    assert [group.example.of.both for group in groups] == [False, True]
    assert {job.spec.arm for job in groups[0].jobs} == {SCRATCH, CARRIED, REINITIALISED}
    rates = [job.spec.finetune_rate for job in groups[1].jobs if job.spec.seed == 0]
    assert rates == [1.0, 0.5]


@pytest.mark.slow
def test_it_is_trained_and_judged_in_the_study_of_the_others(tmp_path):
    few = {"seeds": 1, "scratch_rates": (0.5,), "finetune_rates": (0.5,), "wipe.drop_rates": ()}
    settings = smoke(**few)
    study = Study(replaced(settings, {"arms": (SCRATCH, BOTH_SURVEYS)}), tmp_path / "work", ignore)
    assert study.run()
    table = read(tmp_path / "work" / ROWS)
    assert set(table["site_pair"]) == {"simulated-a survey 1->simulated-a survey 2"}
    for split in ("validation", "test"):
        both = select(table, arm=BOTH_SURVEYS, split=split)
        assert both["n_windows"] == select(table, arm=SCRATCH, split=split)["n_windows"]
        assert np.isfinite(both["mean_m"]).all()
    cards = [
        checkpoint.load(folder / "checkpoint")[1]
        for folder in sorted((tmp_path / "work" / "chunks").iterdir())
    ]
    heard = {
        run["arm"]: np.sum(run["scaler"]["inputs"]["wifi"]["heard"])
        for card in cards
        for run in card["runs"]
    }
    assert heard[SCRATCH] < heard[BOTH_SURVEYS] <= len(study.sites[0].whole.bssids)


def test_carried_rows_are_compared_with_it_and_it_is_no_transfer():
    arms = (CARRIED, BOTH_SURVEYS, SCRATCH)
    table = as_table(
        row(arm, rate, seed, 2.0 + 0.1 * seed, split=split)
        for arm in arms
        for rate in (1.0, 0.5)
        for seed in range(5)
        for split in ("validation", "test")
    )
    asked = families(table, table)
    question = "WiFi rows carried by BSSID against scratch on both surveys"
    assert set(asked) == {question, f"{question}, all rates together"}
    assert arm_label(BOTH_SURVEYS, 0.5) == "scratch on both surveys 50 %"
