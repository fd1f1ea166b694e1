"""What a study takes and how far it is, in numbers worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from configs import quickstart
from launch.progress import Progress
from mtloc_jax.core.flops import pretraining_step_flop, step_flop
from mtloc_jax.sweep.estimate import Estimate, GroupEstimate
from mtloc_jax.sweep.live import Clock, Live, in_words

PAPERS = SimpleNamespace(
    bssids=("x",) * 750,
    windows=SimpleNamespace(imu=np.zeros((0, 10, 2)), mag=np.zeros((0, 10, 1))),
)


def test_a_step_of_the_papers_network_is_870_mflop():
    config = quickstart.get_config()
    whole = step_flop(config, PAPERS, frozen=False)
    assert round(whole / 1e6) == 870
    # A known IMU branch saves its LSTM: 3 x (inputs + recurrence) less the inputs' own gradient.
    inputs, recurrence = 2 * 10 * 2 * 512, 2 * 10 * 128 * 512
    known = step_flop(config, PAPERS, frozen=True)
    assert whole - known == 100 * (3 * recurrence + 2 * inputs)
    assert pretraining_step_flop(config, PAPERS) == whole - known + 100 * 3 * 2 * 128 * 2


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
    lines = list(Estimate(1, (group,), 130.0, "2 x cpu").lines())
    assert lines == [
        "plan: 30 runs, 1 program, 6,000 steps, 5,200 GFLOP",
        "  hidden 128, batch 100: 30 runs in 2 chunks, 14 left, 6,000 steps, 5,200 GFLOP, "
        "300 MiB a device, 45 s",
        "  pretraining: 130 GFLOP",
        "expected: 45 s of training on 2 x cpu, judging apart",
    ]


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
