"""What two scans heard alike and what one alone, as sums over access points; knows no building."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from mtloc_jax.experts.kaggle_distance import SHARED_FADE, STRENGTH_FADE, faded
from mtloc_jax.experts.scan_table import FRESH_MS
from mtloc_jax.experts.similarity import AGED_MS

LEVEL_EDGES_DB = (14.0, 20.0, 30.0)
"""Between bins of level, dB above -100 dBm."""
APART_EDGES_DB = (3.0, 6.0, 10.0, 16.0)
"""Between bins of the difference of two levels."""
STRONGEST = (5, 10)


class Entries(NamedTuple):
    """Hold entries of scans; any leading shape, then one number an access point.

    level:     f32, dB above -100 dBm, 0 where not heard
    age_ms:    f32; newest_ms: f32[..., 1], the least age in a scan

    Of NumPy or JAX alike.
    """

    level: Any
    age_ms: Any
    newest_ms: Any

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

    @property
    def fade(self) -> Any:
        """Return the weight of entries in the winners' distance, 0 where not heard."""
        return (self.level > 0) * faded(self.age_ms - self.newest_ms, SHARED_FADE)

    @property
    def strength(self) -> Any:
        """Return the strength of entries in the winners' distance."""
        return self.level * faded(self.age_ms - self.newest_ms, STRENGTH_FADE)


class Shared(NamedTuple):
    """Hold sums over the access points that both of a pair heard: f32[B, C] if not said.

    d is the surveyed level less the one asked.
    by_level_apart: f32[B, C, 4, 5], how many, by the level asked and |d|
    known_by_level: f32[B, C, 4], how many, by the level surveyed; asked_by_level: by that asked
    strongest: f32[B, C, 2], how many of both scans' 5 and 10 strongest
    """

    heard: jax.Array
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

    asked: entries [B, H], padded by level 0; known: [B, C, H]; rare, few: f32[B, H], weights of
        access points
    asked_top: f32[B, 1, 2]; known_top: f32[B, C, 2], levels of the 5th and 10th strongest

    Most are products of matrices: what was surveyed, times what was asked under several weights.
    """
    mine, theirs = _heard(asked), _heard(known)
    levels = list(_inside(asked.level, LEVEL_EDGES_DB))
    bins = [mine * one for one in levels]
    winners = few * asked.fade
    apart = theirs * jnp.abs(known.level - asked.level[:, None])
    count, asked_sum, asked_square, rare_sum, rare_asked, strength, *asked_by_level = _dots(
        theirs,
        mine,
        asked.level,
        asked.level**2,
        rare * mine,
        rare * asked.level,
        asked.strength * (few > 0),
        *bins,
    )
    known_sum, product, rare_known = _dots(known.level, mine, asked.level, rare * mine)
    (known_square,) = _dots(known.level**2, mine)
    apart_sum, rare_apart, level_apart = _dots(apart, mine, rare * mine, asked.level)
    cosine, rare_cosine = _dots(known.fresh, asked.fresh, rare**2 * asked.fresh)
    # Cumulative over |d|; what is beyond the last edge is the rest of a level's count.
    nearer = [jnp.stack(_dots(theirs * (apart < edge), *bins), -1) for edge in APART_EDGES_DB]
    steps = [nearer[0], *(b - a for a, b in pairwise(nearer))]
    rest = jnp.stack(asked_by_level, -1) - nearer[-1]
    strongest = [
        _dots(_top(known.level, known_top[..., at]), _top(asked.level, asked_top[:, 0, at]))[0]
        for at in range(len(STRONGEST))
    ]
    return Shared(
        heard=count,
        apart=apart_sum,
        square=asked_square - 2 * product + known_square,
        signed=known_sum - asked_sum,
        rare=rare_sum,
        rare_apart=rare_apart,
        level_apart=level_apart,
        asked=asked_sum,
        known=known_sum,
        asked_square=asked_square,
        known_square=known_square,
        product=product,
        least=jnp.minimum(asked.fresh[:, None], known.fresh).sum(-1),
        fresh_count=_dots(_some(known.fresh), _some(asked.fresh))[0],
        cosine=cosine,
        fresher_cosine=_dots(known.fresher, asked.fresher)[0],
        aged_cosine=_dots(known.aged, asked.aged)[0],
        square_cosine=_dots(known.fresh**2, asked.fresh**2)[0],
        rare_cosine=rare_cosine,
        rare_asked=rare_asked,
        rare_known=rare_known,
        fade=_dots(known.fade, winners)[0],
        fade_apart=_dots(known.fade * apart, winners)[0],
        asked_strength=strength,
        known_strength=_dots(known.strength, mine)[0],
        asked_by_level=jnp.stack(asked_by_level, -1),
        known_by_level=jnp.stack(
            [_dots(theirs * one, mine)[0] for one in _inside(known.level, LEVEL_EDGES_DB)], -1
        ),
        by_level_apart=jnp.stack([*steps, rest], -1),
        strongest=jnp.stack(strongest, -1),
    )


def _dots(known: jax.Array, *asked: jax.Array) -> list[jax.Array]:
    """Return the sums f32[B, C] over H of known f32[B, C, H] times each of asked f32[B, H]."""
    weights = jnp.stack(asked, axis=1)
    found = jnp.einsum("bch,bkh->kbc", known, weights, precision=jax.lax.Precision.HIGHEST)
    return list(found)


def _some(level: jax.Array) -> jax.Array:
    return (level > 0).astype(jnp.float32)


def _heard(entries: Entries) -> jax.Array:
    return _some(entries.level)


def _top(level: jax.Array, weakest: jax.Array) -> jax.Array:
    return _some(level) * (level >= weakest[..., None])


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
