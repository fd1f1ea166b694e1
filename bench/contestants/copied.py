"""The other yardstick: memory read and written as fast as this device does it.

Option "megabytes": how much, each byte once; far more than its caches hold.
"""

import jax
import jax.numpy as jnp

from bench.task import Task


class Copied:
    """Add one to an array in place; a step is one pass over it."""

    def __init__(self, task: Task) -> None:
        """Draw the array on the device."""
        size = task.options["megabytes"] * 10**6 // 4
        self._x = jax.random.uniform(jax.random.key(0), (size,))
        self._pass = jax.jit(lambda x: x + jnp.float32(1), donate_argnums=0)

    def restart(self) -> None:
        """There is nothing to go back to."""

    def advance(self, steps: int) -> None:
        """Pass over it `steps` times."""
        for _ in range(steps):
            self._x = self._pass(self._x)
        jax.block_until_ready(self._x)

    def outcome(self) -> list[float]:
        """There is nothing to agree on."""
        return []


contestant = Copied
