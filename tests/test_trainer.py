"""Chunks of runs: one trace, any chunk size, progress, divergence."""

import itertools

import jax
import numpy as np
import pytest

from mtloc_jax.settings import Wipe
from mtloc_jax.sites import scaling
from mtloc_jax.study import memory, replicas
from mtloc_jax.study import trainer as trainer_module
from mtloc_jax.study.judge import Judge
from mtloc_jax.study.trainer import Diverged, Trainer
from tests.networks import PROBLEM, fresh, run, static, windows

DATA = windows()
STATIC = static(batch_size=50)
FROZEN = static("imu frozen", batch_size=50)


def runs(n):
    starts = fresh(n)
    return [
        run(replicas.take(starts, k), DATA, seed=k, n_windows=60 + 40 * k, n_steps=4 + 3 * k)
        for k in range(n)
    ]


@pytest.fixture(scope="module")
def whole():
    return Trainer(STATIC, 4).train(runs(4), DATA)


@pytest.mark.slow
def test_all_rates_share_one_trace_over_all_chunks():
    traces = []
    trainer = Trainer(STATIC, 3, told=lambda: traces.append(1))
    trainer.train(runs(3), DATA)
    trainer.train(runs(2), DATA)
    assert len(traces) == 1


def test_the_chunk_a_run_is_in_does_not_matter(whole):
    trainer = Trainer(STATIC, 3)
    parts = [trainer.train(runs(4)[k : k + 3], DATA) for k in (0, 3)]
    for a, b, c in zip(*map(jax.tree.leaves, (whole, *parts)), strict=True):
        np.testing.assert_array_equal(a, np.concatenate([b, c]))


def test_a_vectorised_chunk_agrees_with_runs_one_by_one(whole, monkeypatch):
    monkeypatch.setattr(replicas, "replica_axis", lambda: "vmap")
    vectorised = Trainer(STATIC, 4).train(runs(4), DATA)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(vectorised), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_vectorised_runs_that_follow_each_other_in_two_lanes_agree_with_runs_one_by_one(
    whole, monkeypatch
):
    monkeypatch.setattr(replicas, "replica_axis", lambda: "vmap")
    monkeypatch.setattr(memory, "lanes_a_device", lambda: 2)
    seen, trainer = [], Trainer(STATIC, 4)
    vectorised = trainer.train(runs(4), DATA, lambda done, total: seen.append((done, total)))
    assert trainer.width.runs == 2
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(vectorised), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert seen[0] == (0, 34)
    assert seen[-1] == (34, 34)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_run_that_diverges_in_a_lane_that_others_had_is_named(monkeypatch):
    monkeypatch.setattr(replicas, "replica_axis", lambda: "vmap")
    monkeypatch.setattr(memory, "lanes_a_device", lambda: 1)
    some = runs(3)
    some[1] = some[1]._replace(learning_rate=np.float32(np.inf))
    with pytest.raises(Diverged) as caught:
        Trainer(STATIC, 3).train(some, DATA)
    assert caught.value.runs == [1]


@pytest.mark.slow
def test_vectorised_runs_with_frozen_branches_agree_with_runs_one_by_one(monkeypatch):
    one_by_one = Trainer(FROZEN, 2).train(runs(2), DATA)
    monkeypatch.setattr(replicas, "replica_axis", lambda: "vmap")
    vectorised = Trainer(FROZEN, 2).train(runs(2), DATA)
    for a, b in zip(jax.tree.leaves(one_by_one), jax.tree.leaves(vectorised), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_array_equal(vectorised["imu"]["kernel"], fresh(2)["imu"]["kernel"])


def test_progress_ends_with_all_steps_done():
    seen = []
    Trainer(STATIC, 2).train(runs(2), DATA, lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 11)
    assert seen[-1] == (11, 11)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_run_that_diverges_is_an_error():
    lost = runs(1)[0]._replace(learning_rate=np.float32(np.inf))
    with pytest.raises(Diverged, match="1 run") as caught:
        Trainer(STATIC, 2).train([runs(2)[1], lost], DATA)
    assert caught.value.runs == [1]
    sound = jax.tree.map(
        lambda leaf: np.isfinite(leaf).reshape(2, -1).all(axis=1), caught.value.trained.params
    )
    assert all(found[0] for found in jax.tree.leaves(sound))


def test_a_run_that_diverges_in_its_last_step_is_an_error():
    # Its one step begins with a loss that is a number, and ends where there are none.
    lost = runs(1)[0]._replace(learning_rate=np.float32(np.inf), n_steps=np.int32(1))
    with pytest.raises(Diverged, match="1 run"):
        Trainer(STATIC, 1).train([lost], DATA)


def test_a_judge_keeps_the_order_of_its_runs(whole):
    scalers = [scaling.fit(DATA.inputs, DATA.target)] * 4
    wipe = Wipe(drop_rates=(0.0, 0.4), seeds=1)
    many = Judge(PROBLEM, wipe, 5).clean(whole, scalers, DATA)
    for k in range(4):
        one = jax.tree.map(lambda leaf, k=k: leaf[k : k + 1], whole)
        alone = Judge(PROBLEM, wipe, 1).clean(one, scalers[:1], DATA)
        np.testing.assert_allclose(many.metrics[k], alone.metrics[0], atol=1e-5)


def test_calibrating_measuring_and_training_share_one_trace():
    traces = []
    trainer = Trainer(STATIC, 2, told=lambda: traces.append(1))
    speed = trainer.calibrate(runs(2), DATA)
    trainer.train(runs(2), DATA)
    assert len(traces) == 1
    assert speed.steps_per_s > 0
    assert speed.needed_bytes > 0


def test_on_a_machine_that_stands_still_calibrating_takes_a_step_all_the_same(monkeypatch):
    now_s = itertools.count(step=10.0)
    monkeypatch.setattr(trainer_module, "clock_s", lambda: next(now_s))
    speed = Trainer(STATIC, 2).calibrate(runs(2), DATA)
    # A third of the way, when both runs of 4 and 7 steps have begun: 1 and 2 in 20 s.
    assert speed.steps_per_s == pytest.approx(3 / 20)
    assert speed.own < 0.9


def test_a_run_that_drops_is_refused_by_a_program_that_does_not():
    asking = runs(1)[0]._replace(dropout=np.float32(0.5))
    with pytest.raises(ValueError, match="drops features"):
        Trainer(STATIC, 1).train([asking], DATA)
