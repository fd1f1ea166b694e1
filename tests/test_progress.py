"""What a study takes and how far it is, in numbers worked out by hand."""

import pytest

from launch.progress import Progress
from mtloc_jax.core import problem
from mtloc_jax.core.flops import step_flop
from mtloc_jax.core.problem import PROBLEMS
from mtloc_jax.settings import Settings
from mtloc_jax.study.estimate import Estimate, GroupEstimate
from mtloc_jax.study.expected import Expected
from mtloc_jax.study.programs import static_of
from mtloc_jax.study.progress import Clock, Live, in_words

PAPERS = {"imu": (10, 2), "mag": (10, 1), "wifi": (750,)}


def flop(plan="all", made=PROBLEMS["mtloc"], shapes=PAPERS):
    """Return what a step of a problem takes on windows of some shapes, under a freeze plan."""
    return step_flop(static_of(made(Settings()), plan, shapes, Settings()), shapes)


def test_a_step_of_the_papers_network_is_792_mflop():
    whole = flop()
    # Of one window, forward. An LSTM's first step has no recurrent product: nine of ten have one.
    inputs, recurrence = 2 * 10 * 2 * 512, 2 * 9 * 128 * 512
    field, scan, hidden = 2 * 10 * 1 * 512, 2 * 750 * 128, 2 * 128 * 128
    fusion = 2 * 384 * 128 + 2 * 128 * 2
    # Three times for layers inside, twice for those that read data: it needs no gradient.
    of_window = 3 * (2 * recurrence + hidden + fusion) + 2 * (inputs + field + scan)
    assert whole == 100 * of_window == 791_808_000
    known = flop("imu frozen")
    assert whole - known == 100 * (3 * recurrence + 2 * inputs)
    pretraining = flop(
        made=lambda settings: problem.pretraining(settings, 2), shapes={"imu": PAPERS["imu"]}
    )
    # Its head reads 128 features and tells two numbers.
    assert pretraining == whole - known + 100 * 3 * 2 * 128 * 2


def test_work_is_counted_from_this_start_and_the_rest_timed_by_it():
    seen = []
    clock = Clock(Live(10, 4, gflop_left=60.0), seen.append)
    clock.trained(100, 10.0)
    clock.trained(200, 20.0)
    clock.finished(2, best_m=3.0)
    clock.trained(100, 10.0)
    clock.finished(2, best_m=4.0)
    last = seen[-1]
    assert (last.runs_done, last.steps, last.gflop, last.gflop_left) == (8, 300, 30.0, 30.0)
    assert last.best_m == 3.0
    assert last.left_s == pytest.approx(last.elapsed_s)


def test_a_live_line_says_nothing_it_does_not_know():
    assert Live(10, 4, gflop_left=60.0).line() == "4 of 10 runs"
    live = Live(10, 8, 30.0, steps=500, gflop=60.0, elapsed_s=2.0, best_m=2.25)
    assert live.line() == (
        "8 of 10 runs, 250 steps/s, 30 GFLOP/s, 1 s left, best validation error 2.25 m"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (99, "99 s"), (100, "2 min"), (5940, "99 min"), (7500, "2 h 05 min")],
)
def test_durations_read_as_a_person_says_them(seconds, words):
    assert in_words(seconds) == words


def test_the_plan_names_groups_memory_and_time():
    group = GroupEstimate(
        settings="hidden 128, batch 100",
        runs=30,
        runs_left=14,
        chunks=2,
        steps=6000,
        gflop=5200.0,
        gflop_left=2400.0,
        memory_bytes=300 * 2**20,
        seconds=45.0,
    )
    seconds = {"reading": 4.0, "compiling": 10.0, "training": 70.0, "judging": 12.0, "reporting": 4}
    lines = list(Estimate(1, (group,), 130.0, "2 x cpu", Expected(seconds)).lines())
    assert lines == [
        "plan: 30 runs, 1 program, 6,000 steps, 5,200 GFLOP",
        "  hidden 128, batch 100: 30 runs in 2 chunks, 14 left, 6,000 steps, 5,200 GFLOP, "
        "300 MiB a device, 45 s",
        "  pretraining: 130 GFLOP",
        "expected: 96 s on 2 x cpu",
        "  reading 4%, compiling 10%, training 70%, judging 12%, reporting 4%",
    ]
    assert max(map(len, lines[-2:])) <= 80


def test_a_log_gets_a_line_for_each_finished_chunk(capsys):
    with Progress(quiet=True) as show:
        show("training", 1, 2)
        show.tell(Live(4, 0, 1.0))
        show.tell(Live(4, 0, 0.9))
        show.tell(Live(4, 2, 0.5))
    assert capsys.readouterr().err.splitlines() == ["2 of 4 runs"]


def test_a_terminal_sees_one_line_for_the_study(capsys):
    with Progress(quiet=False) as show:
        show.tell(Live(4, 0, 1.0))
        show.tell(Live(4, 2, 0.5, gflop=0.5, elapsed_s=1.0, best_m=1.5))
    assert "2 of 4 runs" in capsys.readouterr().err
