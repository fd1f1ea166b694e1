"""RMSprop by hand, and frozen branches that do not move by a bit."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtloc_jax.core import optim


def test_rmsprop_is_kerass():
    # v = 0.1 * 4 = 0.4; step = 0.005 * 2 / (sqrt(0.4) + 1e-7)
    # then v = 0.9 * 0.4 + 0.1 * 1 = 0.46; step = 0.005 * 1 / sqrt(0.46)
    optimizer = optim.rmsprop(0.005)
    state = optimizer.init({"w": jnp.zeros(())})
    first, state = optimizer.update({"w": jnp.float32(2.0)}, state)
    second, _ = optimizer.update({"w": jnp.float32(1.0)}, state)
    np.testing.assert_allclose(first["w"], -0.005 * 2 / np.sqrt(0.4), rtol=1e-6)
    np.testing.assert_allclose(second["w"], -0.005 / np.sqrt(0.46), rtol=1e-6)


def test_the_learning_rate_can_be_an_axis():
    def step(rate):
        optimizer = optim.rmsprop(rate)
        return optimizer.update(jnp.float32(1.0), optimizer.init(jnp.zeros(())))[0]

    steps = jax.vmap(step)(jnp.array([0.01, 0.02]))
    np.testing.assert_allclose(steps[1], 2 * steps[0], rtol=1e-6)


def test_gates_do_what_labels_do():
    rng = np.random.default_rng(0)
    params = {name: {"w": jnp.asarray(rng.normal(size=3))} for name in ("imu", "mag")}
    frozen = optim.frozen(optim.rmsprop(0.005), ("imu",))
    plain = optim.rmsprop(0.005)
    labelled, gated = params, params
    label_state, gate_state = frozen.init(params), plain.init(params)
    for _ in range(3):
        gradient = jax.tree.map(lambda w: w * 0.3 + 1, labelled)
        updates, label_state = frozen.update(gradient, label_state, labelled)
        labelled = optax.apply_updates(labelled, updates)
        updates, gate_state = plain.update(gradient, gate_state, gated)
        gated = optax.apply_updates(gated, optim.gated(updates, {"imu": jnp.bool_(False)}))
    np.testing.assert_array_equal(labelled["imu"]["w"], params["imu"]["w"])
    np.testing.assert_array_equal(gated["imu"]["w"], params["imu"]["w"])
    np.testing.assert_array_equal(gated["mag"]["w"], labelled["mag"]["w"])
    assert not np.allclose(gated["mag"]["w"], params["mag"]["w"])


def test_a_closed_gate_stops_nan():
    updates = {"imu": {"w": jnp.array([np.nan])}, "mag": {"w": jnp.array([1.0])}}
    gated = optim.gated(updates, {"imu": jnp.bool_(False)})
    np.testing.assert_array_equal(gated["imu"]["w"], [0.0])
    np.testing.assert_array_equal(gated["mag"]["w"], [1.0])
