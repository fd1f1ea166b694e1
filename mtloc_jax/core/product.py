"""Matrix products whose gradients XLA's CPU backend computes at full speed.

It multiplies fast where the left matrix lies row by row as the product reads it. The gradient of a
weight needs its transpose, so that is written out first: cheap beside the product. Elsewhere a
product reads its operands either way, and writing one out costs a pass over memory.
"""

import jax
from jax import lax


@jax.custom_vjp
def product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """Return x @ weight: f32[B, M], f32[M, N] -> f32[B, N]."""
    return x @ weight


def transposed_product(left: jax.Array, right: jax.Array) -> jax.Array:
    """Return left.T @ right: f32[B, M], f32[B, N] -> f32[M, N]."""
    # By the platform that is compiled for, which need not be the one that compiles.
    return lax.platform_dependent(left, right, cpu=_written_out, default=_as_it_lies)


def _written_out(left: jax.Array, right: jax.Array) -> jax.Array:
    # Without the barrier XLA folds the transpose into the product again.
    return lax.optimization_barrier(left.T) @ right


def _as_it_lies(left: jax.Array, right: jax.Array) -> jax.Array:
    return left.T @ right


def _forward(x: jax.Array, weight: jax.Array):
    return product(x, weight), (x, weight)


def _backward(residual, gradient: jax.Array):
    x, weight = residual
    return gradient @ weight.T, transposed_product(x, gradient)


product.defvjp(_forward, _backward)
