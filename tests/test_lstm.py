"""The hand-written gradient against plain autodiff, and against flax's cell."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.core import lstm_mosaic
from mtloc_jax.core.lstm import LstmParams, last_hidden, last_hidden_plain, looped, unrolled
from mtloc_jax.errors import InputError


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


# Kernels of our own, interpreted: numbers are those of the formulas, not of a chip.


@pytest.mark.parametrize(("batch", "steps", "channels"), [(5, 3, 2), (11, 2, 1)])
def test_a_fused_recurrence_has_the_plain_ones_outputs_and_gradients(
    batch, steps, channels, monkeypatch
):
    # So few windows a block that batches of 5 and 11 have several, the last one not full.
    monkeypatch.setattr(lstm_mosaic, "WINDOWS", 4)
    params, x = problem(batch, steps, channels, hidden=16, dtype=np.float32)
    fused = lstm_mosaic.differentiable(unrolled, interpret=True)
    np.testing.assert_allclose(fused(params, x), last_hidden_plain(params, x), atol=1e-6)
    ours, plain = jax.jit(lambda *given: (gradients(fused, *given), gradients(unrolled, *given)))(
        params, x
    )
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(plain), strict=True):
        scale = max(1.0, float(jnp.abs(b).max()))
        np.testing.assert_allclose(a / scale, b / scale, atol=1e-6)


@pytest.mark.parametrize("platform", ["cuda", "tpu", "cpu", "rocm"])
def test_a_fused_recurrence_is_of_the_platform_that_is_compiled_for(platform):
    params, x = problem(hidden=64, dtype=np.float32)
    encode = jax.jit(lambda params, x: last_hidden(params, x, "fused"))
    text = encode.trace(params, x).lower(lowering_platforms=(platform,)).as_text()
    assert ("tpu_custom_call" in text) == (platform == "tpu")
    assert "triton" not in text


@pytest.mark.parametrize(("hidden", "steps"), [(96, 10), (64, 17), (64, 1)])
def test_sizes_that_no_fused_kernel_takes_are_refused(hidden, steps):
    params, x = problem(hidden=hidden, steps=steps, dtype=np.float32)
    with pytest.raises(InputError, match=f"{hidden} hidden units.*recurrence=plain"):
        last_hidden(params, x, "fused")
