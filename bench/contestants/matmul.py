"""The yardstick: large matrix products, as fast as this machine does them.

On a CPU in float32, by JAX or by numpy's BLAS, whichever is faster there (2,048 rows on two cores
of an AMD EPYC: 459 and 263 GFLOP/s); JAX's product on an accelerator, in the precision asked for.
Option "size": rows and columns of the matrices.
"""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from bench.cost import MATMUL_SIZE
from bench.task import Task


class Matmul:
    """Multiply; a step is one product of two matrices."""

    def __init__(self, task: Task) -> None:
        """Draw two matrices; where bf16 products are asked for, of such numbers."""
        size = task.options.get("size", MATMUL_SIZE)
        random = np.random.default_rng(0)
        left, right = random.standard_normal((2, size, size), np.float32)
        of = jnp.bfloat16 if task.precision == "bf16" else jnp.float32
        # Operands that are bf16 already are multiplied as such, summed in float32.
        asked = {"precision": "default"} if task.precision == "bf16" else {}
        product = jax.jit(lambda a, b: jnp.matmul(a, b, **asked))
        placed = jax.device_put((left.astype(of), right.astype(of)))
        self._product: Callable[[], object] = lambda: product(*placed)
        if jax.default_backend() == "cpu":
            self._product = min(self._product, lambda: np.matmul(left, right), key=_least_s)

    def restart(self) -> None:
        """There is nothing to go back to."""

    def advance(self, steps: int) -> None:
        """Multiply `steps` times."""
        for _ in range(steps):
            last = self._product()
        jax.block_until_ready(last)

    def outcome(self) -> list[float]:
        """There is nothing to agree on."""
        return []


def _least_s(product: Callable[[], object]) -> float:
    """Return the seconds of the quickest of five products, after one that compiles."""
    took = []
    for _ in range(6):
        began = time.perf_counter()
        jax.block_until_ready(product())
        took.append(time.perf_counter() - began)
    return min(took[1:])


contestant = Matmul
