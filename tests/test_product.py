"""Products with written gradients against plain ones."""

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.core.product import product, transposed_product

RANDOM = np.random.default_rng(0)
X, WEIGHT = (RANDOM.normal(size=shape).astype(np.float32) for shape in [(7, 5), (5, 3)])


def gradients(multiply, x, weight):
    return jax.grad(lambda x, w: jnp.sum(jnp.sin(multiply(x, w))), (0, 1))(x, weight)


def test_the_written_gradient_is_the_gradient():
    np.testing.assert_array_equal(product(X, WEIGHT), jnp.matmul(X, WEIGHT))
    ours, plain = gradients(product, X, WEIGHT), gradients(jnp.matmul, X, WEIGHT)
    for a, b in zip(ours, plain, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_transposed_product_sums_over_rows():
    by_hand = transposed_product(jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([[5.0], [6.0]]))
    np.testing.assert_array_equal(by_hand, [[1 * 5 + 3 * 6], [2 * 5 + 4 * 6]])


def test_it_maps_over_runs():
    weights = np.stack([WEIGHT, 2 * WEIGHT])
    many = jax.vmap(lambda w: gradients(product, X, w)[1])(weights)
    np.testing.assert_allclose(many[1], gradients(product, X, weights[1])[1], rtol=1e-5)
