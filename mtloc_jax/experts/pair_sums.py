"""What two scans heard alike and what one alone, as sums over access points; knows no building."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.experts.scan_table import FRESH_MS
from mtloc_jax.experts.similarity import AGED_MS

LEVEL_EDGES_DB = (14.0, 20.0, 30.0)
"""Between bins of level, dB above -100 dBm."""
APART_EDGES_DB = (3.0, 6.0, 10.0, 16.0)
"""Between bins of the difference of two levels."""
STRONGEST = (5, 10)


class Entries(NamedTuple):
    """Hold entries of scans; any leading shape, then one number an access point.

    level:    f32, dB above -100 dBm, 0 where not heard; age_ms: f32
    fade, strength: f32, weights of the winners' distance (`kaggle_distance.weighed`)

    Of NumPy or JAX alike.
    """

    level: Any
    age_ms: Any
    fade: Any
    strength: Any

    @property
    def fresh(self) -> Any:
        """Return levels, 0 where older than 4 s."""
        return self.level * (self.age_ms <= FRESH_MS)

    @property
    def fresher(self) -> Any:
        """Return levels, 0 where older than 2 s."""
        return self.level * (self.age_ms <= FRESH_MS / 2)

    @property
    def aged(self) -> Any:
        """Return levels that fade with age."""
        return self.level * self.level.__array_namespace__().exp(-self.age_ms / AGED_MS)


SILENT = Entries(np.float32(0), np.float32(np.inf), np.float32(0), np.float32(0))


class Shared(NamedTuple):
    """Hold sums over the access points that both of a pair heard: f32[B, C] if not said.

    d is the surveyed level less the one asked.
    by_level_apart: f32[B, C, 4, 5], how many, by the level asked and |d|
    known_by_level: f32[B, C, 4], how many, by the level surveyed; asked_by_level: by that asked
    strongest: f32[B, C, 2], how many of both scans' 5 and 10 strongest
    """

    count: jax.Array
    apart: jax.Array
    square: jax.Array
    signed: jax.Array
    rare: jax.Array
    rare_apart: jax.Array
    level_apart: jax.Array
    asked: jax.Array
    known: jax.Array
    asked_square: jax.Array
    known_square: jax.Array
    product: jax.Array
    least: jax.Array
    fresh_count: jax.Array
    cosine: jax.Array
    fresher_cosine: jax.Array
    aged_cosine: jax.Array
    square_cosine: jax.Array
    rare_cosine: jax.Array
    rare_asked: jax.Array
    rare_known: jax.Array
    fade: jax.Array
    fade_apart: jax.Array
    asked_strength: jax.Array
    known_strength: jax.Array
    asked_by_level: jax.Array
    known_by_level: jax.Array
    by_level_apart: jax.Array
    strongest: jax.Array


def shared(
    asked: Entries,
    known: Entries,
    rare: jax.Array,
    few: jax.Array,
    asked_top: jax.Array,
    known_top: jax.Array,
) -> Shared:
    """Return sums over shared access points.

    asked: entries [B, 1, H]; known: [B, C, H]; rare, few: f32[B, 1, H], weights of access points
    asked_top: f32[B, 1, 2]; known_top: f32[B, C, 2], levels of the 5th and 10th strongest
    """
    both = ((asked.level > 0) & (known.level > 0)).astype(jnp.float32)
    d = both * (known.level - asked.level)
    apart = jnp.abs(d)
    mine, theirs = both * asked.level, both * known.level
    fade = few * asked.fade * known.fade
    bins = [both * inside for inside in _inside(apart, APART_EDGES_DB)]
    levels = list(_inside(asked.level, LEVEL_EDGES_DB))
    strong = [
        (mine >= jnp.maximum(asked_top[..., k, None], 1e-3))
        & (theirs >= jnp.maximum(known_top[..., k, None], 1e-3))
        for k in range(len(STRONGEST))
    ]
    total = partial(jnp.sum, axis=-1)
    return Shared(
        count=total(both),
        apart=total(apart),
        square=total(d * d),
        signed=total(d),
        rare=total(rare * both),
        rare_apart=total(rare * apart),
        level_apart=total(mine * apart),
        asked=total(mine),
        known=total(theirs),
        asked_square=total(mine * mine),
        known_square=total(theirs * theirs),
        product=total(mine * theirs),
        least=total(jnp.minimum(asked.fresh, known.fresh)),
        fresh_count=total((asked.fresh > 0) & (known.fresh > 0)).astype(jnp.float32),
        cosine=total(asked.fresh * known.fresh),
        fresher_cosine=total(asked.fresher * known.fresher),
        aged_cosine=total(asked.aged * known.aged),
        square_cosine=total(asked.fresh**2 * known.fresh**2),
        rare_cosine=total(rare**2 * asked.fresh * known.fresh),
        rare_asked=total(rare * mine),
        rare_known=total(rare * theirs),
        fade=total(fade),
        fade_apart=total(fade * apart),
        asked_strength=total(both * asked.strength * (few > 0)),
        known_strength=total(both * known.strength),
        asked_by_level=by_level(asked.level, both),
        known_by_level=by_level(known.level, both),
        by_level_apart=jnp.stack(
            [jnp.stack([total(level * one) for one in bins], -1) for level in levels], -2
        ),
        strongest=jnp.stack([total(one).astype(jnp.float32) for one in strong], -1),
    )


def by_level(level: Any, counted: Any) -> Any:
    """Return how many of `counted` f32[..., A] lie in each bin of LEVEL_EDGES_DB, f32[..., 4].

    Of NumPy or JAX alike.
    """
    xp = level.__array_namespace__()
    return xp.stack([(counted * one).sum(-1) for one in _inside(level, LEVEL_EDGES_DB)], -1)


def _inside(value: Any, edges: tuple[float, ...]) -> Iterator[Any]:
    ends = (-float("inf"), *edges, float("inf"))
    for low, high in pairwise(ends):
        yield (value >= low) & (value < high)
