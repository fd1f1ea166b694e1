"""Optimisers by name, worked out by hand; how leaves are frozen, slowed and thawed under each."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtloc_jax.core.optim import frozen_branches, optimizer, rate_at
from mtloc_jax.errors import InputError
from mtloc_jax.optimizers import OPTIMIZERS, SCHEDULES, Pace

ALL = (("w", Pace()),)


def steps(name, gradients, paces=ALL, rate=0.005, epochs=None, params=None):
    """Return the updates of a few steps; gradients and parameters are one number a leaf."""
    params = params or {path: jnp.float32(0) for path, _ in paces}
    made = optimizer(name, rate, paces)
    state, found = made.init(params), []
    for gradient, epoch in zip(gradients, epochs or [0] * len(gradients), strict=True):
        tree = {path: jnp.float32(gradient) for path in params}
        updates, state = made.update(tree, state, params, epoch=jnp.int32(epoch))
        found.append({path: float(update) for path, update in updates.items()})
    return found


def test_rmsprop_is_kerass():
    # v = 0.1 * 4 = 0.4; step = 0.005 * 2 / (sqrt(0.4) + 1e-7)
    # then v = 0.9 * 0.4 + 0.1 * 1 = 0.46; step = 0.005 * 1 / sqrt(0.46)
    first, second = steps("rmsprop", [2.0, 1.0])
    np.testing.assert_allclose(first["w"], -0.005 * 2 / np.sqrt(0.4), rtol=1e-6)
    np.testing.assert_allclose(second["w"], -0.005 / np.sqrt(0.46), rtol=1e-6)


def test_adam_moves_by_the_learning_rate_at_first_and_adamw_pulls_towards_zero_besides():
    for name, weight_decay in (("adam", 0.0), ("adamw", 1e-2)):
        (first,) = steps(name, [2.0], params={"w": jnp.float32(3.0)})
        np.testing.assert_allclose(first["w"], -0.005 * (1 + weight_decay * 3.0), rtol=1e-5)


def test_sgd_has_nesterovs_momentum():
    # Velocity 2, then 0.9 * 2 + 1; a step is the gradient and 0.9 of the velocity after it.
    first, second = steps("sgd", [2.0, 1.0])
    np.testing.assert_allclose(first["w"], -0.005 * (2 + 0.9 * 2), rtol=1e-6)
    np.testing.assert_allclose(second["w"], -0.005 * (1 + 0.9 * 2.8), rtol=1e-6)


def test_the_learning_rate_can_be_an_axis():
    def step(rate):
        made, params = optimizer("rmsprop", rate, ALL), {"w": jnp.zeros(())}
        gradient = {"w": jnp.float32(1.0)}
        return made.update(gradient, made.init(params), params, epoch=jnp.int32(0))[0]["w"]

    one, other = jax.vmap(step)(jnp.array([0.01, 0.02]))
    np.testing.assert_allclose(other, 2 * one, rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_frozen_leaf_does_not_move_and_has_no_moments_whatever_the_optimiser(name):
    paces = (("held", Pace(0.0)), ("free", Pace()))
    params = {"held": jnp.float32(3.0), "free": jnp.float32(3.0)}
    moved = steps(name, [2.0, 1.0], paces, params=params)
    assert [step["held"] for step in moved] == [0.0, 0.0]
    assert all(step["free"] != 0 for step in moved)
    alone = optimizer(name, 0.005, (("held", Pace(0.0)),)).init({"held": params["held"]})
    assert jax.tree.leaves(alone) == []


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_slowed_leaf_moves_at_its_share_of_the_learning_rate(name):
    paces = (("slow", Pace(0.1)), ("free", Pace()))
    params = {"slow": jnp.float32(3.0), "free": jnp.float32(3.0)}
    for step in steps(name, [2.0, 1.0, -4.0], paces, params=params):
        np.testing.assert_allclose(step["slow"], 0.1 * step["free"], rtol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_leaf_that_thaws_stands_still_until_its_epoch_and_begins_with_fresh_moments(name):
    paces = (("late", Pace(1.0, from_epoch=2)),)
    params = {"late": jnp.float32(3.0)}
    late = steps(name, [9.0, 9.0, 2.0, 1.0], paces, epochs=[0, 1, 2, 2], params=params)
    assert [step["late"] for step in late[:2]] == [0.0, 0.0]
    fresh = steps(name, [2.0, 1.0], params={"w": jnp.float32(3.0)})
    np.testing.assert_allclose([s["late"] for s in late[2:]], [s["w"] for s in fresh], rtol=1e-6)


def test_only_branches_all_of_whose_leaves_are_held_are_frozen():
    paces = (
        ("imu/bias", Pace(0.0)),
        ("imu/kernel", Pace(0.0)),
        ("mag/bias", Pace(0.0)),
        ("mag/kernel", Pace(1.0, from_epoch=5)),
        ("head/kernel", Pace(0.0)),
    )
    assert frozen_branches(paces, ("imu", "mag", "wifi")) == ("imu",)


@pytest.mark.parametrize(
    ("name", "of_step"),
    [
        ("constant", {0: 1, 50: 1, 99: 1}),
        ("cosine", {0: 1, 50: 0.5, 100: 0}),
        # Five per cent of the steps lead up, half of the other 95 lie behind step 52.5.
        ("warm-cosine", {0: 0, 2: 0.4, 5: 1, 100: 0}),
    ],
)
def test_a_schedule_multiplies_the_learning_rate_as_worked_out_by_hand(name, of_step):
    for step, factor in of_step.items():
        found = rate_at(name, jnp.float32(0.005), jnp.int32(step), jnp.int32(100))
        np.testing.assert_allclose(found, 0.005 * factor, atol=1e-9)


@pytest.mark.parametrize("name", [name for name, schedule in SCHEDULES.items() if schedule])
def test_a_schedule_never_leaves_0_to_1_and_knows_a_run_of_no_steps(name):
    progress = np.linspace(0, 1, 201)[:-1]
    factor = SCHEDULES[name](progress)
    assert np.all((factor >= 0) & (factor <= 1))
    assert np.isfinite(rate_at(name, jnp.float32(0.005), jnp.int32(0), jnp.int32(0)))


def test_an_unknown_optimiser_is_answered_with_the_nearest_name():
    with pytest.raises(InputError, match=r"no optimiser 'adamx'; did you mean 'adam"):
        optimizer("adamx", 0.005, ALL)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_is_a_function_of_optax_with_arguments_that_it_takes(name):
    known = OPTIMIZERS[name]
    made = getattr(optax, known.factory)(0.1, **known.arguments)
    assert isinstance(made, optax.GradientTransformation)
