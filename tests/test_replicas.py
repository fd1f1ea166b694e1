"""Mapping over runs: the same results for every axis, device count and split."""

import subprocess
import sys

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.core.problem import positions_m
from mtloc_jax.core.train import make_train
from mtloc_jax.study import replicas
from tests.conftest import ROOT
from tests.networks import PROBLEM, fresh, run, static, windows

DATA = windows()
STARTS = fresh(4)
RUNS = [
    run(
        jax.tree.map(lambda leaf, k=k: leaf[k], STARTS),
        DATA,
        seed=k,
        n_windows=60 + 50 * k,
        n_steps=6 + 3 * k,
    )
    for k in range(4)
]
TRAINING = make_train(static(batch_size=50))


@pytest.fixture(scope="module")
def alone():
    train = jax.jit(TRAINING.train)
    return [jax.device_get(train(run, DATA).params) for run in RUNS]


def trained(axis):
    mesh = replicas.mesh()
    program = replicas.over_runs(TRAINING.train, mesh, axis)
    stacked = replicas.placed(replicas.stack(RUNS), mesh, replicas.RUNS)
    return jax.device_get(program(stacked, replicas.placed(DATA, mesh, replicas.ALL)).params)


def largest_difference(stacked, alone):
    pairs = [
        np.max(np.abs(a - b))
        for k, one in enumerate(alone)
        for a, b in zip(
            jax.tree.leaves(replicas.take(stacked, k)), jax.tree.leaves(one), strict=True
        )
    ]
    return max(pairs)


def test_a_mapped_run_is_bitwise_itself_alone(alone):
    assert largest_difference(trained("map"), alone) == 0


def test_vmapped_and_sequential_runs_agree_to_a_tenth_of_a_millimetre(alone):
    vmapped = trained("vmap")
    for k, params in enumerate(alone):
        ours, theirs = (
            positions_m(PROBLEM, tree, RUNS[k].scaler, DATA)
            for tree in (replicas.take(vmapped, k), params)
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.slow
def test_the_number_of_devices_does_not_matter(alone, tmp_path):
    # Devices are counted when JAX wakes up, so four of them need a process of their own.
    script = f"""
import jax, numpy as np
jax.config.update("jax_num_cpu_devices", 4)
from tests.test_replicas import trained
assert len(jax.devices()) == 4
leaves = jax.tree.leaves(trained("map"))
np.savez({str(tmp_path / "four.npz")!r}, *leaves)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
    with np.load(tmp_path / "four.npz") as file:
        four = [file[name] for name in file.files]
    ours = jax.tree.leaves(trained("map"))
    for a, b in zip(ours, four, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_runs_exchange_nothing():
    mesh = replicas.mesh()
    program = replicas.over_runs(TRAINING.train, mesh, "map")
    stacked = replicas.placed(replicas.stack(RUNS), mesh, replicas.RUNS)
    text = program.lower(stacked, DATA).compile().as_text()
    for collective in ("all-reduce", "all-gather", "all-to-all", "collective-permute"):
        assert collective not in text


def test_a_donated_state_is_gone_and_the_result_the_same(alone):
    mesh = replicas.mesh()
    stacked = replicas.placed(replicas.stack(RUNS), mesh, replicas.RUNS)
    begin = replicas.over_runs(TRAINING.begin, mesh, "map")
    advance = replicas.over_runs(
        lambda state, run, data: TRAINING.advance(state, run, data, run.n_steps),
        mesh,
        "map",
        donate=True,
    )
    begun = begin(stacked, DATA)
    trained = advance(begun, stacked, DATA)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(begun.params))
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(stacked))
    assert largest_difference(jax.device_get(trained.params), alone) == 0


@settings(deadline=None, derandomize=True)
@given(
    st.integers(1, 6).flatmap(
        lambda devices: st.tuples(
            st.just(devices),
            st.integers(1, 5).flatmap(
                lambda rounds: st.lists(
                    st.integers(0, 1000), min_size=rounds * devices, max_size=rounds * devices
                )
            ),
        )
    )
)
def test_every_run_is_dealt_once_and_fairly(case):
    devices, costs = case
    order = replicas.dealt(np.array(costs), devices)
    assert sorted(order) == list(range(len(costs)))
    shares = np.array(costs)[order].reshape(devices, -1).sum(axis=1)
    assert shares.max() - shares.min() <= max(costs)
