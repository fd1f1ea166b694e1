"""The accelerator's benchmark: it starts anywhere, says why it skips, and shares are right."""

import importlib
import json
import threading
import time
from dataclasses import replace

import jax
import numpy as np
import pytest
from jax.profiler import ProfileData

from bench import batches, cost, kernels, problem
from bench.contest import TINY, Contest, Scale, Variant, in_time
from bench.contests import all_contests
from bench.judged import mean_error_m
from bench.measure import Entry, hold
from bench.precision import JAX_NAMES, PRECISIONS, TOLERANCES
from bench.problem import Shape
from bench.roofline import Ceilings
from bench.runs import scaler, static
from bench.task import Task
from bench.team import ROOT, WorkerFailed, environment_of
from bench.turns import Turns
from mtloc_jax.core.metrics import errors_m
from mtloc_jax.core.problem import positions_m
from tests.launched import launched


def variant(name, precision="", lane="", **settings):
    return Variant(name, name, Task("ours", TINY, precision=precision), lane=lane, **settings)


def quiet(line):
    del line


def test_a_step_moves_weights_and_moments_both_ways_and_its_batch():
    # 295,810 numbers read and written, twice; 100 windows of 750 levels, 10 x 3 samples, 2 targets.
    assert cost.step_bytes(Shape()) == 4 * (4 * 295_810 + 100 * (750 + 30 + 2)) == 5_045_760


def test_a_roofs_share_is_of_the_longer_of_the_two_times_a_step_must_take():
    ceilings = Ceilings({"tf32": 100.0}, gb_per_s=10.0)
    # 1 GFLOP at 100 GFLOP/s takes 10 ms; 0.5 GB at 10 GB/s 50 ms, so that 20 a second are possible.
    bound = variant("a", "tf32", flops=10**9, least_bytes=5 * 10**8)
    assert ceilings.share_of_roof(bound, 5.0) == pytest.approx(0.25)
    assert ceilings.share_of_peak(bound, 5.0) == pytest.approx(0.05)
    free = replace(bound, least_bytes=10**6)
    assert ceilings.share_of_roof(free, 50.0) == pytest.approx(0.5)


def test_what_a_program_moves_is_told_as_a_share_of_a_copy():
    ceilings = Ceilings(gb_per_s=2.0)
    assert ceilings.share_of_copy(5e6, 300.0) == pytest.approx(0.75)  # 1.5 of 2 GB/s
    assert ceilings.share_of_copy(None, 300.0) is None
    assert kernels.moved_bytes("no program", runs=2) is None


def test_a_share_is_of_what_was_measured_in_the_same_precision_or_is_not_told():
    ceilings = Ceilings()
    product = Entry(variant("matmul-bf16", "bf16", flops=10**9), rates_per_s=[1.0, 3.0, 2.0])
    copy = Entry(variant("copy", least_bytes=10**9), rates_per_s=[4.0])
    failed = Entry(variant("matmul-tf32", "tf32", flops=10**9), absent="no memory")
    ceilings.learn([product, copy, failed])
    assert (ceilings.gflops, ceilings.gb_per_s) == ({"bf16": 2.0}, 4.0)
    assert ceilings.share_of_peak(variant("b", "tf32", flops=10**9), 1.0) is None


def test_lanes_wait_for_themselves_alone_and_a_late_turn_is_refused(monkeypatch):
    now_s = 0.0
    monkeypatch.setattr("bench.turns.time.monotonic", lambda: now_s)
    turns = Turns(patience_s=60.0)
    with turns.of("jax", 0), turns.of("torch", 1):
        pass
    now_s = 61.0
    with pytest.raises(WorkerFailed, match="not begun within 60 s"), turns.of("jax", 0):
        pass
    with Turns(patience_s=0.0).of("jax", 0):  # for ever
        pass


def test_of_those_who_wait_the_weightiest_is_next():
    turns, order = Turns(patience_s=0.0), []

    def wait(rank):
        with turns.of("jax", rank):
            order.append(rank)

    with turns.of("jax", 5):
        threads = [threading.Thread(target=wait, args=(rank,)) for rank in (3, 1, 2)]
        for thread in threads:
            thread.start()
        while len(turns._waiting["jax"]) < 3:
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == [1, 2, 3]


class Standing:
    """A team that has started, which takes all others to have begun to start."""

    compile_s, step_s = 1.0, 0.5

    def __init__(self, all_begun):
        all_begun.wait(timeout=20)

    def time(self, steps):
        return float(steps)

    def peak_mb(self):
        return {"host_mb": 1.0, "device_mb": None}

    def close(self):
        pass


def test_contestants_start_together_where_a_contest_says_so_and_one_failure_ends_no_other():
    begun = threading.Barrier(3)

    def start(one, turn):
        team = Standing(begun)
        with turn:
            if one.name == "b":
                raise WorkerFailed("out of memory")
        return team

    variants = tuple(variant(name, lane="jax") for name in "abc")
    contest = Contest("c", "C", "steps", "a", variants, 2, 1.0, start_s=60.0)
    entries = hold(contest, start, quiet)
    assert [entry.absent for entry in entries] == ["", "out of memory", ""]
    assert entries[2].rates_per_s == [1.0, 1.0]


def test_what_was_measured_stands_when_only_its_kernels_could_not_be_listed():
    class Untraced(Standing):
        def kernels(self, steps):
            raise WorkerFailed("no profiler")

    alone = threading.Barrier(1)
    contest = Contest("c", "C", "steps", "a", (variant("a"),), 2, 1.0, traced=("a",))
    entry = hold(contest, lambda one, turn: Untraced(alone), quiet)[0]
    assert (entry.absent, entry.kernels, entry.rates_per_s) == ("", None, [1.0, 1.0])


def test_what_was_never_measured_comes_first_and_each_precision_has_a_contest():
    held = all_contests(Scale(16, accelerator=True))
    assert list(held)[:5] == ["ceilings", "matcher", "motion", "study", "training-tf32"]
    assert {f"training-{name}" for name in PRECISIONS} <= set(held)
    assert set(PRECISIONS) == set(JAX_NAMES) == set(TOLERANCES)
    assert [v.task.runs for v in held["training-float32"].variants[:2]] == [256, 64]


def test_kernels_of_our_own_are_measured_where_there_are_some():
    on_gpu = all_contests(Scale(16, accelerator=True))
    on_tpu = all_contests(Scale(16, accelerator=True, kernels=True))
    assert set(on_tpu) - set(on_gpu) == {"fused"}
    for held, fused in ((on_gpu, []), (on_tpu, ["ours-fused-windows"])):
        variants = held["judging-windows"].variants
        assert [v.name for v in variants if v.task.options.get("recurrence")] == fused


@pytest.mark.parametrize("tiny", [False, True])
def test_every_contest_on_an_accelerator_is_bounded_in_time(tiny):
    for one in all_contests(Scale(16, accelerator=True, tiny=tiny)).values():
        assert one.start_s > 0
        assert (one.answer_s == 0) == tiny  # a rehearsal may be on a busy machine
        assert all(v.lane and (v.task.precision or one.name == "ceilings") for v in one.variants)


def test_the_last_contest_has_the_time_that_is_left():
    contest = Contest("c", "C", "steps", "a", (variant("a"),), 2, 1.0, start_s=120.0, answer_s=40.0)
    assert in_time(contest, 500.0) == contest
    hurried = in_time(contest, 90.0)
    assert (hurried.start_s, hurried.answer_s) == (45.0, 40.0)
    patient = replace(contest, answer_s=0.0)
    assert in_time(patient, 1.0) == patient


def test_a_fused_recurrence_stands_beside_the_plain_one_at_the_same_sizes():
    contest = all_contests(Scale(16, accelerator=True, kernels=True))["fused"]
    ways = {(v.task.options["recurrence"], v.task.runs) for v in contest.variants[:-1]}
    assert ways == {(way, runs) for way in ("fused", "plain") for runs in (64, 256)}
    assert contest.baseline == "ours-plain-256"
    assert contest.variants[-1].task.module == "torch_eager"


def test_an_older_library_is_timed_beside_this_one(tmp_path):
    scale = Scale(16, accelerator=True, before="/older")
    older = [v for v in all_contests(scale)["training-tf32"].variants if v.library]
    assert [one.name for one in older] == ["ours-256-before"]
    environment = environment_of(older[0], {"PYTHONPATH": "/site"}, tmp_path)
    assert environment["PYTHONPATH"].split(":") == ["/older", str(ROOT), "/site"]
    assert environment["JAX_DEFAULT_MATMUL_PRECISION"] == "default"
    assert "JAX_DEFAULT_MATMUL_PRECISION" not in environment_of(variant("a"), {}, tmp_path)


def test_kernels_are_counted_a_step_and_copies_of_one_are_one():
    profile = ProfileData.from_text_proto("""planes { name: "/device:GPU:0"
      event_metadata { key: 1 value { id: 1 name: "loop_add_fusion_12" } }
      event_metadata { key: 2 value { id: 2 name: "loop_add_fusion" } }
      event_metadata { key: 3 value { id: 3 name: "gemm_fusion_dot_3_0" } }
      lines { name: "Stream #14(Compute)"
        events { metadata_id: 1 duration_ps: 1000000 }
        events { metadata_id: 2 duration_ps: 3000000 }
        events { metadata_id: 3 duration_ps: 16000000 } }
      lines { name: "XLA Ops" events { metadata_id: 1 duration_ps: 900000000 } } }""")
    found = kernels.summed(profile, steps=2, took_s=24e-6)
    assert (found["kernels"], found["busy_us"]) == (1.5, 10.0)
    assert found["clock_us"] == pytest.approx(12.0)
    assert found["largest"] == [["gemm_fusion_dot", 0.5, 8.0], ["loop_add_fusion", 1.0, 2.0]]
    assert kernels.summed(ProfileData.from_text_proto(""), 2, 1.0) is None


def made(module, steps, tmp_path, **task):
    """Return a contestant at tiny sizes after some steps."""
    path = tmp_path / "batches.npy"
    np.save(path, batches.drawn(TINY, 4))
    one = importlib.import_module(f"bench.contestants.{module}").contestant(
        Task(module, TINY, batches=str(path), **task)
    )
    one.restart()
    one.advance(steps)
    return one


def test_the_judge_of_all_finds_what_our_own_network_finds(tmp_path):
    ours = made("ours", 3, tmp_path, runs=2)
    data, fitted = problem.arrays(TINY), scaler(TINY)
    params = jax.tree.map(lambda x: x[0], ours._state.params)
    by_us = errors_m(positions_m(static(TINY).problem, params, fitted, data), data.target)
    assert mean_error_m(TINY, ours.weights()) == pytest.approx(float(by_us.mean()), rel=1e-5)


def test_the_judge_reads_the_weights_a_run_starts_from(tmp_path):
    ours, start = made("ours", 0, tmp_path), problem.start(TINY, 0)
    assert jax.tree.all(jax.tree.map(np.array_equal, ours.weights(), start))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "asked"),
    [
        ("torch_eager", {}),
        ("torch_graph", {}),
        ("torch_graph", {"runs": 2}),
        ("torch_vmap", {"runs": 2}),
        ("torch_vmap", {"runs": 2, "options": {"graphed": True}}),
    ],
)
def test_every_way_of_pytorch_trains_as_ours_does_also_begun_anew(
    tmp_path, monkeypatch, module, asked
):
    torch = pytest.importorskip("torch")
    pytest.importorskip("bench.contestants.cuda_graph")
    for place in ("torch_graph", "torch_vmap"):  # a graph needs a GPU; what it repeats does not
        monkeypatch.setattr(f"bench.contestants.{place}.captured", lambda work: work)
    ours = made("ours", 6, tmp_path, runs=1)
    theirs = made(module, 2, tmp_path, precision="float32", **asked)
    theirs.restart()
    theirs.advance(6)
    assert torch.get_float32_matmul_precision() == "highest"
    np.testing.assert_allclose(theirs.outcome(), ours.outcome(), rtol=1e-4)
    found_m = [mean_error_m(TINY, one.weights()) for one in (theirs, ours)]
    assert found_m[0] == pytest.approx(found_m[1], rel=1e-4)


@pytest.mark.slow
def test_pytorch_judges_as_ours_does_with_nothing_and_with_all_of_a_modality_lost(tmp_path):
    pytest.importorskip("torch")
    ours, theirs = (
        made(name, 1, tmp_path, options={"mode": "windows"}).outcome()
        for name in ("judge", "judge_torch")
    )
    np.testing.assert_allclose(theirs, ours, rtol=1e-5)


def test_without_an_accelerator_it_says_so_and_exits_77(tmp_path):
    done = launched("launch.bench", "--accelerator", f"--output={tmp_path}", JAX_PLATFORMS="cpu")
    assert done.returncode == 77, done.stderr
    assert "no accelerator here; --tiny" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tiny"], "add --accelerator"),
        (["--accelerator", "--tiny"], "say where it goes: --output=DIR"),
        (["--accelerator", "--tiny", "--before=/nowhere"], "git archive REV mtloc_jax"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags, said):
    done = launched("launch.bench", *flags, JAX_PLATFORMS="cpu")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


@pytest.mark.slow
def test_the_whole_of_it_is_rehearsed_on_a_cpu(tmp_path):
    flags = ("--accelerator", "--tiny", f"--output={tmp_path}", "--limit_s=3000")
    only = "--only=ceilings,fused,training-bf16"
    done = launched("launch.bench", *flags, only, JAX_PLATFORMS="cpu")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "bench.json").read_text())
    assert not [one for one in report["contests"]["fused"]["absent"] if "ours" in one["name"]]
    found = {one["name"]: one for one in report["contests"]["training-bf16"]["results"]}
    assert {"ours-4", "ours-2"} <= set(found)
    assert found["ours-4"]["error_m"] > 0
    assert 0 < found["ours-4"]["share_of_roof"] < 1
    assert "What the device does at most" in (tmp_path / "bench.md").read_text()
