"""RMSprop by hand, its rate an axis of a sweep."""

import jax
import jax.numpy as jnp
import numpy as np

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
