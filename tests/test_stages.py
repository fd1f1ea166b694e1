"""Stages of a study: how far each is, what share of the time each has, what is not promised."""

import io
import time
from dataclasses import replace

import pytest
from rich.console import Console

from launch.progress import Progress
from mtloc_jax.settings import replaced
from mtloc_jax.study.expected import FORWARD, WIPED, Expected, Measured, expected
from mtloc_jax.study.opened import open_sites
from mtloc_jax.study.plan import plan
from mtloc_jax.study.stages import Account, Spent, stage_of
from tests.studies import ignore, located, small


def test_what_is_told_is_of_a_stage_by_its_first_word():
    told = ("pretraining on A", "training, chunk 1 of 2", "fitting, chunk 1 of 2", "locating, c")
    assert [stage_of(text) for text in told] == ["training", "training", "training", "judging"]


def test_parts_of_a_stage_add_up_to_what_is_expected_of_it():
    account = Account()
    assert account.told("reading A", 1, 4)[2:] == (0.25, 1.0)
    account.expect({"training": 100.0, "judging": 2.0})
    assert account.told("pretraining on A", 10, 20)[2:] == (10, 100)
    assert account.told("pretraining on A", 20, 20)[2:] == (20, 100)
    far = account.told("training, chunk 1 of 2", 30, 40)
    assert far == ("training", "chunk 1 of 2", 50, 100)
    # More than was expected: the bar grows, and never shows more done than there is.
    assert account.told("training, chunk 2 of 2", 5, 50)[2:] == (55, 110)
    assert account.told("judging, chunk 1 of 2", 3, 4)[2:] == (0.75, 2)


@pytest.fixture(scope="module")
def laid_out():
    settings = small()
    made = plan(settings)
    sites = open_sites([group.settings for group in made.groups], True, "", ignore)
    return made, sites


def test_judging_and_compiling_are_timed_by_training(laid_out):
    made, sites = laid_out
    measured = dict.fromkeys(range(len(made.groups)), Measured(step_s=0.1, compiled_s=10.0))
    found = expected(made, sites, made.chunks, measured, training_s=50.0, pretraining_s=5.0)
    target = sites[0].target
    validation, test = (len(target.rows(split)) / 100 for split in ("validation", "test"))
    # 8 runs asked about both splits, and of test again in three modalities x 3 rates x 2 draws.
    steps = 8 * FORWARD * (validation + test + test * (1 + 3 * 3 * 2 * WIPED))
    assert found.seconds["judging"] == pytest.approx(0.1 * steps)
    assert found.seconds["training"] == pytest.approx(55.0 + 0.1 * 8 * 10 * FORWARD)
    # Two splits, wiping and pretraining once, for one problem; watching for each of three programs.
    assert found.seconds["compiling"] == pytest.approx(10 * (2 * 0.3 + 0.65 + 0.9 + 3 * 0.25))
    assert found.parts["judging"] == len(made.chunks)
    fewer = expected(made, sites, made.chunks[:1], measured, training_s=50.0)
    assert fewer.seconds["judging"] < found.seconds["judging"]


def test_samples_wiped_singly_ask_each_branch_anew(laid_out):
    made, sites = laid_out
    measured = dict.fromkeys(range(len(made.groups)), Measured(0.1, 10.0))

    def judging_s(mode):
        wipe = replace(made.settings.wipe, mode=mode)
        changed = replace(made, settings=replace(made.settings, wipe=wipe))
        return expected(changed, sites, made.chunks, measured, 50.0).seconds["judging"]

    assert judging_s("samples") > 1.5 * judging_s("windows") == 1.5 * judging_s("bursts")


def test_of_what_nobody_measured_no_time_is_told():
    made = plan(located())
    found = expected(made, [], made.chunks, {}, training_s=0.0)
    assert found.unknown == ("fitting predictors", "locating walks")
    assert found.share("training") is None
    (line,) = found.beside({"reading": 3.0}).lines("2 x cpu")
    assert line.endswith("no time told: nothing measures fitting predictors and locating walks")
    assert len(line) <= 80


def test_a_time_that_may_be_farther_off_than_half_of_it_is_not_told():
    seconds = {"reading": 90.0, "training": 60.0, "judging": 40.0}
    sure = Expected(seconds, off={"training": 1.2, "judging": 1.9})
    # At most 72 + 76 = 148 s, of 100 s expected; at least 50 + 21 s.
    assert (sure.untold, sure.share("judging")) == ("", 40 / 190)
    unsure = replace(sure, off={"training": 1.2, "judging": 2.0})
    assert unsure.share("judging") is None
    (line,) = unsure.lines("1 x gpu")
    assert line == "expected: no time told: 40% of it, judging, is a guess"
    # It may take less, too: at least 60 / 3 + 40 / 1.2 = 53 s.
    assert replace(sure, off={"training": 3.0, "judging": 1.2}).untold.startswith("60% of it, tr")


def test_on_a_machine_that_others_use_no_time_is_told(laid_out):
    made, sites = laid_out
    shares = dict(zip(range(len(made.groups)), (0.9, 0.6), strict=True))
    measured = {group: Measured(0.1, 1.0, own) for group, own in shares.items()}
    found = expected(made, sites, made.chunks, measured, training_s=50.0)
    assert found.untold == "other programs take 40% of the machine"
    assert replace(found, own=0.7).untold == ""


def test_what_a_stage_took_is_what_passed_till_the_next_but_for_compiling():
    spent = Spent(now_s=100.0, compiled_s=5.0)
    told = [
        ("pretraining on A", 103.0, 6.0),  # 3 s till it was told of, 1 of them compiling
        ("training, chunk 1 of 2", 110.0, 6.0),
        ("judging, chunk 1 of 2", 130.0, 9.0),
        ("reporting, tables", 132.0, 19.0),  # threads compiled longer than passed
        ("reporting, figures", 135.0, 19.0),
    ]
    for text, now_s, compiled_s in told:
        spent.told(text, now_s, compiled_s)
    assert spent.seconds == {"compiling": 6.0, "training": 26.0, "judging": 0.0, "reporting": 3.0}


def test_after_a_study_each_stage_stands_beside_what_was_expected(monkeypatch):
    clock = iter([10.0, 10.0, 15.0, 95.0, 100.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock, 100.0))
    show = Progress(quiet=True)
    assert show.took() == ""
    show.begin("plan", Expected({"reading": 3.0, "training": 70.0, "judging": 8.0}))
    for text in ("training, chunk 1 of 1", "judging, chunk 1 of 1", "reporting, tables"):
        show(text, 1, 1)
    assert show.took() == ("took 90 s, 78 s were expected: training 85 s (70 s), judging 5 s (8 s)")


def test_every_stage_has_a_bar_and_its_share_in_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    compiled = [0.0, 4.0, 4.0]
    show = Progress(quiet=False, compiled_s=lambda: compiled.pop(0))
    seconds = {"reading": 5.0, "compiling": 8.0, "training": 70.0, "judging": 12.0, "reporting": 5}
    show.begin("plan", Expected(seconds, {"training": 200.0, "judging": 3.0}))
    show("training, chunk 1 of 300", 50, 100)
    text = io.StringIO()
    console = Console(file=text, width=80)
    console.print(*show._bars.get_renderables())
    bars = [line for line in text.getvalue().splitlines() if line.strip()]
    assert [line.split()[0] for line in bars] == [
        *("reading", "compiling", "training", "judging", "reporting")
    ]
    assert [line.split()[1] for line in bars] == ["5%", "8%", "70%", "12%", "5%"]
    assert "100%" in bars[0]
    assert "50%" in bars[1]  # 4 of 8 s
    assert "25%" in bars[2]
    assert bars[2].rstrip().endswith("chunk 1 of 300")
    show("reporting, tables", 1, 2)
    console.print(*show._bars.get_renderables())
    assert "100%" in text.getvalue().splitlines()[-4]  # nothing is compiled any more


def test_programs_compiled_ahead_are_counted_on_their_bar():
    show = Progress(quiet=False, compiled_s=lambda: 4.0)
    show("compiling", 3, 46)
    text = io.StringIO()
    Console(file=text, width=80).print(*show._bars.get_renderables())
    assert "7%" in text.getvalue()  # 3 of 46, not 4 s of 4 s


def test_a_study_without_wiping_is_judged_sooner(laid_out):
    made, sites = laid_out
    bare = plan(replaced(made.settings, {"wipe.drop_rates": ()}))
    measured = dict.fromkeys(range(len(made.groups)), Measured(0.1, 10.0))
    with_wiping, without = (
        expected(one, sites, one.chunks, measured, 50.0).seconds for one in (made, bare)
    )
    assert without["judging"] < with_wiping["judging"]
    assert without["compiling"] < with_wiping["compiling"]
