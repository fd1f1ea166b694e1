"""The hand-written gradient against plain autodiff, and against flax's cell."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.core.lstm import LstmParams, last_hidden, last_hidden_plain, looped, unrolled


def problem(batch=5, steps=10, channels=2, hidden=6, dtype=np.float64):
    rng = np.random.default_rng(0)
    params = LstmParams(
        *(
            jnp.asarray(rng.normal(size=shape) * 0.5, dtype)
            for shape in [(channels, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,)]
        )
    )
    return params, jnp.asarray(rng.normal(size=(batch, steps, channels)), dtype)


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


def gradients(function, params, x):
    def loss(params, x):
        h = function(params, x)
        return jnp.sum(h**2) + jnp.sum(h * jnp.arange(h.shape[-1]))

    return jax.grad(loss, (0, 1))(params, x)


@pytest.mark.parametrize("encode", [looped, unrolled])
@pytest.mark.parametrize(("steps", "channels"), [(2, 2), (10, 1), (10, 9), (17, 2)])
def test_the_written_gradient_is_the_gradient(float64, encode, steps, channels):
    params, x = problem(steps=steps, channels=channels)
    np.testing.assert_allclose(encode(params, x), last_hidden_plain(params, x), atol=1e-14)
    ours, plain = gradients(encode, params, x), gradients(last_hidden_plain, params, x)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)


@pytest.mark.parametrize("encode", [looped, unrolled])
def test_one_step_has_no_recurrence(float64, encode):
    params, x = problem(steps=1)
    z = x[:, 0] @ params.kernel + params.bias
    i, _, g, o = jnp.split(z, 4, axis=-1)
    sigmoid = jax.nn.sigmoid
    hand = sigmoid(o) * jnp.tanh(sigmoid(i) * jnp.tanh(g))
    np.testing.assert_allclose(encode(params, x), hand, atol=1e-14)
    ours = gradients(encode, params, x)[0]
    assert not np.any(ours.recurrent_kernel)
    np.testing.assert_allclose(
        ours.kernel, gradients(last_hidden_plain, params, x)[0].kernel, atol=1e-13
    )


def test_the_gate_order_is_that_of_flax(float64):
    params, x = problem()
    hidden = params.recurrent_kernel.shape[0]
    cell = nn.OptimizedLSTMCell(hidden, param_dtype=jnp.float64)
    split = {
        "i": np.split(params.kernel, 4, 1),
        "h": np.split(params.recurrent_kernel, 4, 1),
        "b": np.split(params.bias, 4),
    }
    tree = {f"i{g}": {"kernel": split["i"][k]} for k, g in enumerate("ifgo")}
    tree |= {
        f"h{g}": {"kernel": split["h"][k], "bias": split["b"][k]} for k, g in enumerate("ifgo")
    }
    carry = (jnp.zeros((len(x), hidden)),) * 2
    for t in range(x.shape[1]):
        carry, out = cell.apply({"params": tree}, carry, x[:, t])
    np.testing.assert_allclose(last_hidden(params, x), out, atol=1e-14)


@pytest.mark.parametrize("encode", [last_hidden, looped, unrolled])
def test_it_maps_over_runs(encode):
    params, x = problem(dtype=np.float32)
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf * 0.5]), params)
    many = jax.vmap(lambda p: gradients(encode, p, x)[0])(stacked)
    one = gradients(encode, jax.tree.map(lambda leaf: leaf[1], stacked), x)[0]
    np.testing.assert_allclose(many.kernel[1], one.kernel, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("platform", "steps", "loops"),
    [("cpu", 10, True), ("cuda", 10, False), ("tpu", 10, False), ("cuda", 100, True)],
)
def test_accelerators_get_short_windows_without_a_loop(platform, steps, loops):
    params, x = problem(steps=steps, dtype=np.float32)
    train = jax.jit(lambda params, x: gradients(last_hidden, params, x)[0])
    text = train.trace(params, x).lower(lowering_platforms=(platform,)).as_text()
    assert ("stablehlo.while" in text) == loops
    assert ("optimization_barrier" in text) == (platform == "cpu")
