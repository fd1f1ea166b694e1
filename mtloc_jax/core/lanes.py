"""Let vectorised runs agree on a number, so that their loops keep step.

A loop whose end differs between vectorised runs goes on until the last of them, the others
waiting. What these functions return is the same for all, and a loop over it waits for nobody. A
run alone agrees with itself: nothing is compiled for it.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap


def _agreed(reduce: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    @custom_vmap
    def agreed(of_one: jax.Array) -> jax.Array:
        return of_one

    @agreed.def_vmap
    def _(size: int, batched: list[bool], of_all: jax.Array) -> tuple[jax.Array, bool]:
        return (reduce(of_all) if batched[0] else of_all), False

    return agreed


least = _agreed(jnp.min)
"""The least of all runs' numbers."""
any_of = _agreed(jnp.any)
"""Whether it is true of any run."""
