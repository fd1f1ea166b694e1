"""What the benchmark counts, compares and reports, and that everyone in it starts."""

import importlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from bench import batches, cost, figure, gates, problem, runs
from bench.contest import TINY, Contest, Scale, Variant
from bench.contestants.ours import Ours
from bench.contests import all_contests
from bench.measure import hold
from bench.problem import Shape
from bench.report import agreement, contest_report, gate_table, table
from bench.roofline import Ceilings
from bench.runs import FROZEN, run, static
from bench.task import Task
from bench.team import Team, WorkerFailed, environment_of
from mtloc_jax.core import inputs
from mtloc_jax.core.flops import step_flop
from mtloc_jax.core.model import count
from mtloc_jax.report import style, terminal
from mtloc_jax.study.trainer import Trainer

NONE = Ceilings()


class FakeTeam:
    """Answer at once: `rate` steps a second, outcomes `trace`; write down who was timed."""

    step_s = 0.5

    def __init__(self, variant, log, rate=1.0, compile_s=2.0, trace=((1.0,),)):
        self.name, self.log, self.rate = variant.name, log, rate
        self.compile_s, self._trace = compile_s, trace

    def time(self, steps):
        self.log.append(self.name)
        return steps / self.rate

    def trace(self, steps):
        return [list(one) for one in self._trace]

    def error_m(self, steps):
        return float(steps)

    def peak_mb(self):
        return {"host_mb": 100.0, "device_mb": None}

    def close(self):
        self.log.append(f"{self.name} closed")


def variant(name, **settings):
    return Variant(name, name.upper(), Task("ours", TINY), **settings)


def contest(*variants, **settings):
    return Contest("c", "C", "steps", variants[0].name, variants, 3, 1.0, **settings)


def quiet(line):
    del line


def test_a_training_step_costs_870_mflop_at_the_papers_sizes():
    # Multiply-adds forward for one window: WiFi 750*128 + 128*128, each LSTM 10*(C + 128)*512,
    # fusion 384*128 + 128*2. Backward twice that, less the gradients of the data.
    wifi, fusion = 750 * 128 + 128 * 128, 384 * 128 + 128 * 2
    imu, mag = 10 * (2 + 128) * 512, 10 * (1 + 128) * 512
    data = 750 * 128 + 10 * 2 * 512 + 10 * 1 * 512
    by_hand = 100 * 2 * (3 * (wifi + fusion + imu + mag) - data)
    assert cost.step_flops(Shape()) == by_hand == 870_451_200


def test_a_frozen_imu_branch_costs_its_forward_pass_or_nothing():
    forward = 100 * 2 * 10 * (2 + 128) * 512
    backward = 2 * forward - 100 * 2 * 10 * 2 * 512
    trained, run_only = cost.step_flops(Shape()), cost.step_flops(Shape(), "frozen")
    assert trained - run_only == backward
    assert run_only - cost.step_flops(Shape(), "known") == forward


@pytest.mark.parametrize(("plan", "imu"), [("all", "trained"), (FROZEN, "known")])
def test_ours_saves_the_products_with_the_state_before_the_first_sample(plan, imu):
    # That state is zero: each LSTM that trains spares one of ten recurrent products, three times.
    lstms = {"trained": 2, "known": 1}[imu]
    saved = lstms * 3 * 2 * 100 * 128 * 512
    taken = step_flop(static(Shape(), plan), Shape().inputs)
    assert taken == cost.step_flops(Shape(), imu) - saved


def test_the_starting_weights_are_table_is():
    assert count(problem.start(Shape(), 0)) == count(runs.start(Shape(), 0)) == 295_810


def test_other_libraries_read_the_same_numbers_as_our_network():
    data = problem.arrays(TINY)
    fitted = problem.scaler(data)
    mine, theirs = inputs.scaled(data, fitted, slice(None)), problem.scaled(data, fitted)
    for name in ("imu", "mag", "wifi"):
        np.testing.assert_allclose(mine[name], getattr(theirs, name), atol=1e-6)
    np.testing.assert_allclose(inputs.scaled_xy(data.target, fitted), theirs.xy, atol=1e-6)


def test_the_batches_written_down_hold_every_window_once_an_epoch():
    drawn = batches.drawn(TINY, 2).reshape(2 * problem.EPOCHS, TINY.windows)
    np.testing.assert_array_equal(np.sort(drawn), [np.arange(TINY.windows)] * len(drawn))
    assert len(np.unique(drawn, axis=0)) == len(drawn)


def test_rounds_are_interleaved():
    log = []
    variants = [variant("a"), variant("b")]
    hold(contest(*variants), lambda one, _: FakeTeam(one, log), quiet)
    warm_ups, rounds = log[:2], log[2:8]
    assert warm_ups == ["a", "b"]
    assert rounds == ["a", "b", "a", "b", "a", "b"]


def test_a_round_has_as_many_steps_as_a_call_of_a_study_has():
    steps = []

    class Counting(FakeTeam):
        def time(self, n):
            steps.append(n)
            return super().time(n)

    hold(contest(variant("a"), least_steps=8), lambda one, _: Counting(one, []), quiet)
    assert steps[-3:] == [8, 8, 8]


def test_every_worker_is_ended_even_after_an_interruption():
    log = []

    def start(one, _):
        if one.name == "b":
            raise KeyboardInterrupt
        return FakeTeam(one, log)

    with pytest.raises(KeyboardInterrupt):
        hold(contest(variant("a"), variant("b")), start, quiet)
    assert log == ["a closed"]


def test_a_library_that_is_not_installed_is_named_with_the_command_that_installs_it():
    peer = variant("b", needs=("surely_not_installed",))
    entries = hold(contest(variant("a"), peer), lambda one, _: FakeTeam(one, []), quiet)
    assert entries[1].absent == ("surely_not_installed is not installed; pip install -e '.[bench]'")
    assert entries[0].rates_per_s == [1.0, 1.0, 1.0]


def test_a_contestant_that_fails_is_ended_and_the_others_go_on():
    log = []

    class Broken(FakeTeam):
        def time(self, steps):
            raise WorkerFailed("RuntimeError: no compiler")

    def start(one, _):
        return (Broken if one.name == "b" else FakeTeam)(one, log)

    entries = hold(contest(variant("a"), variant("b"), variant("c")), start, quiet)
    assert [entry.absent for entry in entries] == ["", "RuntimeError: no compiler", ""]
    assert log.index("b closed") < log.index("c")


def test_compile_time_is_told_cold_and_cached_where_a_variant_starts_twice():
    seconds = iter([9.0, 1.0, 5.0])
    variants = [variant("a", twice=True), variant("b")]
    entries = hold(
        contest(*variants), lambda one, _: FakeTeam(one, [], compile_s=next(seconds)), quiet
    )
    assert [(e.compile_cold_s, e.compile_cached_s) for e in entries] == [(9.0, 1.0), (5.0, None)]


def measured(rates, traces=None, **settings):
    """Return a contest of variants a, b, ... and its entries, with the given figures."""
    variants = [variant(name, flops=10**9) for name in "abcd"[: len(rates)]]
    held = contest(*variants, **settings)
    entries = hold(held, lambda one, _: FakeTeam(one, []), quiet)
    for entry, rate, trace in zip(entries, rates, traces or [[]] * len(rates), strict=True):
        entry.rates_per_s, entry.trace = rate, trace
    return held, entries


def test_a_ratio_is_the_median_of_the_rounds_own_ratios():
    held, entries = measured([[1.0, 2.0, 4.0], [2.0, 2.0, 12.0]])
    result = contest_report(held, entries, NONE)["results"][1]
    assert result["ratio"] == 2.0  # of 2, 1 and 3
    assert result["ratio_range"] == [1.0, 3.0]
    assert result["median_per_s"] == 2.0


def test_a_share_of_the_peak_is_of_the_machines_matrix_product():
    held, entries = measured([[40.0] * 3, [80.0] * 3])
    entries[1].variant = replace(entries[1].variant, name="matmul")
    ceilings = Ceilings()
    ceilings.learn(entries)
    assert ceilings.gflops == {"": 80.0}
    assert contest_report(held, entries, ceilings)["results"][0]["share_of_peak"] == 0.5


def test_contestants_that_part_are_called_unequal():
    nan = float("nan")
    traces = [[[1.0], [0.5]], [[1.0], [0.50001]], [[1.0], [0.6]], [[1.0], [nan]]]
    held, entries = measured([[1.0]] * 4, traces, check_steps=2)
    assert [one["equal"] for one in agreement(held, entries)] == [True, True, False, False]
    notes = table(contest_report(held, entries, NONE)).notes
    assert "NOT EQUAL: C, D" in notes[-1]


def test_the_report_is_plain_data_with_known_fields():
    held, entries = measured([[1.0] * 3, [2.0] * 3], [[[1.0]], [[1.0]]], check_steps=1)
    entries[1].absent = "torch is not installed"
    report = json.loads(json.dumps(contest_report(held, entries, Ceilings({"": 160.0}))))
    assert set(report) == {
        *("name", "title", "unit", "baseline", "rounds"),
        *("results", "absent", "agreement"),
    }
    assert set(report["results"][0]) == {
        *("name", "title", "runs", "processes", "threads", "rates_per_s", "median_per_s"),
        *("spread", "ratio", "ratio_range", "gflop_per_s", "share_of_peak"),
        *("least_gb_per_s", "share_of_roof", "error_m", "kernels"),
        *("moved_mb", "share_of_copy"),
        *("compile_cold_s", "compile_cached_s", "host_mb", "device_mb"),
    }
    assert report["absent"] == [{"name": "b", "title": "B", "why": "torch is not installed"}]
    assert set(report["agreement"][0]) == {
        *("name", "title", "steps", "last", "difference", "tolerance", "equal"),
        "error_difference",
    }


def test_a_contests_table_is_shown_whole_in_the_width_of_a_pipe():
    held, entries = measured([[1234.5] * 3, [0.0123] * 3])
    told = io.StringIO()
    terminal.show(
        table(contest_report(held, entries, Ceilings({"": 160.0}))), Console(file=told, width=96)
    )
    assert max(map(len, told.getvalue().split("\n"))) <= 96
    for text in ("steps, medians of 3 rounds; ratio 1 is a", "1,234", "0.0123", "1.00"):
        assert text in told.getvalue()
    assert "cached" not in told.getvalue()  # nobody started twice


def results(**rates):
    names = {name.replace("_", "-"): rate for name, rate in rates.items()}
    return {"results": [{"name": name, "rates_per_s": rate} for name, rate in names.items()]}


def test_a_promise_is_kept_or_not_by_the_median_ratio_and_unmeasured_ones_are_left_out():
    contests = {
        "training": results(ours_8=[13.0, 13.0, 2.0], torch_processes=[10.0, 10.0, 10.0]),
        "rates": results(rates=[1.5], rates_padded=[1.0]),
    }
    found = gates.checked(contests, gates.ON_CPU)
    assert [(gate["fast"], gate["ratio"], gate["kept"]) for gate in found] == [
        ("ours-8", 1.3, True),
        ("rates", 1.5, False),
    ]
    assert [line[-1] for line in gate_table(found).lines] == ["yes", "NO"]


def test_every_promise_names_contestants_that_exist():
    on_cpu, on_gpu = all_contests(Scale(2)), all_contests(Scale(2, accelerator=True))
    for promised, contests in ((gates.ON_CPU, on_cpu), (gates.ON_ACCELERATOR, on_gpu)):
        for gate in promised:
            there = {one.name for one in contests[gate.contest].variants}
            assert {gate.fast, gate.slow} <= there


@pytest.mark.parametrize(
    "scale", [Scale(2), Scale(2, quick=True), Scale(16, True), Scale(2, True, tiny=True)]
)
def test_every_contest_counts_from_its_baseline(scale):
    for one in all_contests(scale).values():
        assert one.baseline in {v.name for v in one.variants}
        assert len({v.name for v in one.variants}) == len(one.variants)
        assert one.check_steps <= problem.EPOCHS * one.variants[0].task.shape.batches


def test_a_worker_of_one_thread_is_told_so_and_others_are_not(tmp_path):
    inherited = {"OMP_NUM_THREADS": "7", "HOME": "/home"}
    one = environment_of(variant("a", threads=1), inherited, tmp_path)
    free = environment_of(variant("b", devices=2), inherited, tmp_path)
    assert (one["OMP_NUM_THREADS"], one["HOME"]) == ("1", "/home")
    assert "OMP_NUM_THREADS" not in free
    assert free["JAX_NUM_CPU_DEVICES"] == "2"


def test_every_worker_has_the_same_one_card(tmp_path):
    for inherited, first in (({}, "0"), ({"CUDA_VISIBLE_DEVICES": "3,1"}, "3")):
        environment = environment_of(variant("a"), inherited, tmp_path)
        assert environment["CUDA_VISIBLE_DEVICES"] == first


def test_a_task_survives_its_trip_to_the_worker():
    task = Task("ours", TINY, first_run=3, runs=2, batches="b.npy", options={"frozen": True})
    assert Task.parsed(task.text()) == task


def outcome(module, steps=1, **task):
    """Start a contestant at tiny sizes; return what it tells after some steps."""
    one = importlib.import_module(f"bench.contestants.{module}").contestant(
        Task(module, TINY, **task)
    )
    one.restart()
    one.advance(steps)
    return one.outcome()


@pytest.mark.slow
def test_the_study_that_is_timed_ends_with_an_error_for_every_arm():
    errors_m = outcome("study", runs=2)
    assert len(errors_m) == 2 + len(problem.FINETUNE_RATES)
    assert np.all(np.isfinite(errors_m))


@pytest.mark.parametrize("options", [{}, {"padded": True}])
def test_a_sweep_over_rates_starts(options):
    assert outcome("rates", runs=3, options=options) == []


@pytest.mark.parametrize("mode", ["samples", "windows"])
@pytest.mark.slow
def test_both_ways_of_judging_find_the_same_errors(mode):
    asked = {"runs": 2, "options": {"mode": mode}}
    np.testing.assert_allclose(outcome("judge", **asked), outcome("judge_naive", **asked), 1e-5)


@pytest.mark.slow
def test_ours_and_flax_train_alike_from_equal_weights_and_batches(tmp_path):
    np.save(tmp_path / "batches.npy", batches.drawn(TINY, 1))
    flax = outcome("flax_rnn", 5, batches=str(tmp_path / "batches.npy"))
    np.testing.assert_allclose(outcome("ours", 5, runs=1), flax, 1e-4)


def test_a_frozen_branch_is_frozen():
    timed = Ours(Task("ours", TINY, options={"frozen": True}))
    timed.restart()
    timed.advance(2)
    before, after = runs.start(TINY, 0), timed._state.params
    assert np.array_equal(after["imu"]["kernel"][0], before["imu"]["kernel"])
    assert not np.array_equal(after["mag"]["kernel"][0], before["mag"]["kernel"])


def test_what_is_timed_as_ours_is_what_the_trainer_does():
    timed = Ours(Task("ours", TINY, runs=2))
    timed.restart()
    timed.advance(2)
    timed.advance(3)
    both = [run(TINY, number, n_steps=5) for number in range(2)]
    trained = Trainer(static(TINY), 2).train(both, problem.arrays(TINY))
    for mine, theirs in zip(
        [timed._state.params[b][leaf] for b in ("imu", "mag") for leaf in ("kernel", "bias")],
        [trained[b][leaf] for b in ("imu", "mag") for leaf in ("kernel", "bias")],
        strict=True,
    ):
        np.testing.assert_allclose(np.asarray(mine)[:2], theirs, atol=1e-6)


@pytest.mark.slow
def test_a_tiny_measurement_of_ours_runs_in_a_process_of_its_own(tmp_path):
    ours = Variant("ours", "ours", Task("ours", TINY, runs=2), flops=cost.step_flops(TINY))
    held = Contest("c", "C", "replica-steps", "ours", (ours,), 2, 0.01, check_steps=2)
    entry = hold(held, lambda one, turn: Team(one, tmp_path, turn), quiet)[0]
    assert entry.absent == "", (tmp_path / "ours-default.log").read_text()
    assert len(entry.rates_per_s) == 2
    assert len(entry.trace) == 2
    assert entry.host_mb > 10


def test_a_worker_says_in_one_line_what_went_wrong(tmp_path):
    lost = Variant("lost", "lost", Task("no_such_contestant", TINY))
    with pytest.raises(WorkerFailed, match=r"ModuleNotFoundError: .*no_such_contestant"):
        Team(lost, tmp_path)


def test_the_figure_is_drawn_from_the_report_alone(tmp_path):
    held, entries = measured([[1.0] * 3, [2.0] * 3])
    found = contest_report(held, entries, Ceilings({"": 160.0}))
    growth = found | {"name": "growth-runs", "title": "Ours, growing with runs"}
    growth["results"] = [one | {"name": f"runs-{k + 1}"} for k, one in enumerate(found["results"])]
    report = {
        "machine": {"cpu": "a CPU", "cores": 2, "accelerator": None},
        "versions": {"jax": "1", "torch": None},
        "contests": {"training": found, "growth-runs": growth},
        "gates": gates.checked({"rates": results(rates=[1.7], rates_padded=[1.0])}, gates.ON_CPU),
    }
    with style.drawing():
        style.save(figure.drawn(report), tmp_path / "bench.png")
        assert figure.drawn(report | {"contests": {}, "gates": []}) is None
    assert (tmp_path / "bench.png").stat().st_size > 5000
