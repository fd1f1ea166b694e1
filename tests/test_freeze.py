"""Freeze plans: every leaf assigned, frozen leaves exactly still, gates equal to labels."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtloc_jax.core import optim
from mtloc_jax.core.optim import gated, paced
from mtloc_jax.errors import InputError
from mtloc_jax.surgery.freeze import Freeze, Train, by_leaf, gates, optimizer

PARAMS = {
    "imu": {"kernel": jnp.ones(3), "bias": jnp.zeros(3)},
    "wifi": {"fc1": {"kernel": jnp.full(2, 2.0)}, "fc2": {"kernel": jnp.full(2, 3.0)}},
    "fusion": {"kernel": jnp.ones(4)},
}
PLAN = (
    Freeze("imu/bias"),
    Train("imu/kernel", rate=0.1, from_epoch=2),
    Train("wifi/fc*"),
    Train("fusion", from_epoch=1),
)


def test_a_plan_gives_every_leaf_one_rule():
    rules = by_leaf(PLAN, PARAMS)
    assert rules["imu/bias"] == Freeze("imu/bias")
    assert rules["wifi/fc2/kernel"] == Train("wifi/fc*")
    assert set(rules) == {
        "fusion/kernel",
        "imu/bias",
        "imu/kernel",
        "wifi/fc1/kernel",
        "wifi/fc2/kernel",
    }


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (PLAN[1:], r'no rule covers imu/bias; add Freeze\("imu/bias"\) or Train\("imu/bias"\)'),
        (PLAN[:2], r'no rule covers fusion, wifi; add Freeze\("fusion"\), Freeze\("wifi"\) or'),
        ((*PLAN, Freeze("imu")), r'matched by both.*replace Freeze\("imu"\)|imu/.* is matched'),
        ((*PLAN, Train("wifi/fc1", 0.5)), r'replace Train\("wifi/fc\*"\) by Train\("wifi/fc2"\)'),
        ((*PLAN, Freeze("imv/bias")), r'matches no target leaf; did you mean Freeze\("imu/bias"\)'),
        ((Train("*", rate=0.0),), r'not positive.*write Freeze\("\*"\)'),
        ((Train("*", rate=float("nan")),), "not positive"),
        ((Train("*", from_epoch=-1),), "negative epoch"),
    ],
)
def test_a_wrong_plan_is_answered_with_the_right_one(plan, says):
    with pytest.raises(InputError, match=says):
        by_leaf(plan, PARAMS)


def _gradients(step):
    return jax.tree.map(lambda p: jnp.sin(p + step + jnp.arange(p.size)), PARAMS)


def _run(step_of, steps=6):
    params = PARAMS
    for step in range(steps):
        params = step_of(step, params)
    return params


def _by_labels(plan, steps=6):
    tx = optimizer(plan, PARAMS, lambda: optim.rmsprop(0.01), steps_per_epoch=2)
    state, update = tx.init(PARAMS), jax.jit(tx.update)

    def one(step, params):
        nonlocal state
        updates, state = update(_gradients(step), state, params)
        return optax.apply_updates(params, updates)

    return _run(one, steps)


def _by_gates(plan, steps=6):
    tx, plan_gates = optim.rmsprop(0.01), gates(plan, PARAMS)
    state, update = tx.init(PARAMS), jax.jit(tx.update)

    def one(step, params):
        nonlocal state
        gradient = gated(_gradients(step), plan_gates, jnp.int32(step // 2))
        updates, state = update(gradient, state, params)
        return optax.apply_updates(params, paced(updates, plan_gates))

    return _run(one, steps)


@pytest.mark.parametrize("train", [_by_labels, _by_gates])
def test_leaves_move_only_as_planned(train):
    one_epoch, two_epochs, three_epochs = train(PLAN, 2), train(PLAN, 4), train(PLAN, 6)
    assert three_epochs["imu"]["bias"].tolist() == [0, 0, 0]
    assert two_epochs["imu"]["kernel"].tolist() == [1, 1, 1]
    assert not np.any(three_epochs["imu"]["kernel"] == 1)
    assert one_epoch["fusion"]["kernel"].tolist() == [1, 1, 1, 1]
    assert not np.any(two_epochs["fusion"]["kernel"] == 1)
    assert not np.any(one_epoch["wifi"]["fc1"]["kernel"] == 2)


def test_labels_and_gates_train_alike():
    for labels, by_gate in zip(
        jax.tree.leaves(_by_labels(PLAN)), jax.tree.leaves(_by_gates(PLAN)), strict=True
    ):
        np.testing.assert_allclose(labels, by_gate, rtol=1e-6)


def test_a_rate_scales_the_step():
    full = _by_gates((Train("*"),), steps=1)["imu"]["kernel"] - 1
    tenth = _by_gates((Train("*", rate=0.1),), steps=1)["imu"]["kernel"] - 1
    np.testing.assert_allclose(tenth, 0.1 * full, rtol=1e-5)


def test_a_closed_gate_stops_nan():
    updates = jax.tree.map(lambda p: p * jnp.nan, PARAMS)
    out = gated(updates, gates((Freeze("*"),), PARAMS), jnp.int32(0))
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(out))


def test_runs_with_different_plans_are_one_program():
    plans = [gates((Freeze("imu"), Train("wifi"), Train("fusion")), PARAMS), gates(PLAN, PARAMS)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *plans)
    out = jax.vmap(lambda plan: paced(gated(PARAMS, plan, jnp.int32(2)), plan))(stacked)
    assert out["imu"]["kernel"].tolist() == [[0, 0, 0], pytest.approx([0.1] * 3)]
    assert out["wifi"]["fc1"]["kernel"].tolist() == [[2, 2], [2, 2]]


def test_a_frozen_leaf_has_no_moments():
    tx = optimizer(
        (Freeze("imu"), Train("wifi"), Train("fusion")), PARAMS, lambda: optim.rmsprop(1.0), 1
    )
    shapes = sorted(leaf.shape for leaf in jax.tree.leaves(tx.init(PARAMS)) if leaf.ndim)
    assert shapes == [(2,), (2,), (4,)]
