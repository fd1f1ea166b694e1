"""Vectorised runs that keep step: nobody waits for another's epoch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.core import lanes
from mtloc_jax.core.train import make_train
from mtloc_jax.study import replicas
from tests.networks import HIDDEN, N_APS, params, run, static, windows

DATA = windows(400)


def test_alone_a_run_agrees_with_itself():
    assert int(jax.jit(lanes.least)(jnp.int32(7))) == 7
    assert "reduce" not in str(jax.make_jaxpr(lanes.least)(jnp.int32(7)))


def test_vectorised_runs_are_told_one_number():
    told = jax.vmap(lambda x: (lanes.least(x), lanes.any_of(x > 3)), out_axes=None)
    assert told(jnp.array([5, 2, 4])) == (2, True)
    assert told(jnp.array([1, 2, 3])) == (1, False)


def test_a_number_that_all_share_is_left_as_it_is():
    told = jax.vmap(lambda x, shared: x + lanes.least(shared), in_axes=(0, None))
    np.testing.assert_array_equal(told(jnp.arange(3), jnp.int32(4)), [4, 5, 6])


@pytest.mark.parametrize("n_steps", [(24, 24, 24), (24, 5, 0)])
def test_vectorised_runs_of_several_rates_take_as_many_steps_as_the_longest(n_steps):
    executed = []
    made = static(batch_size=50)
    loss = made.problem.loss

    def counted(outputs, target, weight):
        jax.debug.callback(lambda: executed.append(1))  # of no run: once for all of them
        return loss(outputs, target, weight)

    problem = made.problem.__class__(**vars(made.problem) | {"loss": counted})
    training = make_train(made.__class__(**vars(made) | {"problem": problem}))
    # Epochs of 8, 3 and 2 batches.
    runs = [
        run(params(HIDDEN, N_APS), DATA, seed=k, n_windows=n, n_steps=steps)
        for k, (n, steps) in enumerate(zip((400, 150, 70), n_steps, strict=True))
    ]
    state = jax.jit(jax.vmap(training.train, in_axes=(0, None)))(replicas.stack(runs), DATA)
    jax.effects_barrier()
    np.testing.assert_array_equal(state.step, n_steps)
    assert len(executed) == max(n_steps)
