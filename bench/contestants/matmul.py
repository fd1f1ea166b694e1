"""The yardstick: large single-precision matrix products, as fast as this machine does them.

numpy's BLAS on a CPU, a batched product in JAX's default precision on an accelerator.
"""

import jax
import jax.numpy as jnp
import numpy as np

from bench.cost import MATMUL_SIZE
from bench.task import Task


class Matmul:
    """Multiply; a step is one product of two matrices."""

    def __init__(self, task: Task) -> None:
        """Draw two matrices."""
        del task
        random = np.random.default_rng(0)
        left, right = random.normal(size=(2, MATMUL_SIZE, MATMUL_SIZE)).astype(np.float32)
        if jax.default_backend() == "cpu":
            self._product = lambda: np.matmul(left, right)
        else:
            product, placed = jax.jit(jnp.matmul), jax.device_put((left, right))
            self._product = lambda: product(*placed)

    def restart(self) -> None:
        """There is nothing to go back to."""

    def advance(self, steps: int) -> None:
        """Multiply `steps` times."""
        jax.block_until_ready([self._product() for _ in range(steps)])

    def outcome(self) -> list[float]:
        """There is nothing to agree on."""
        return []


contestant = Matmul
