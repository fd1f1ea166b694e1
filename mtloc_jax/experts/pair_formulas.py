"""Classical similarities and differences of pairs of scans, from their sums over access points."""

import jax
import jax.numpy as jnp

from mtloc_jax.experts.kaggle_distance import PENALTY_DB, PENALTY_EXPONENT
from mtloc_jax.experts.pair_sums import STRONGEST, Shared
from mtloc_jax.experts.scan_totals import Totals

ALIKE = (
    "cosine fresh 2 s",
    "cosine fresh 4 s",
    "cosine age weighted",
    "cosine squared",
    "cosine idf weighted",
    "sorensen",
    "ruzicka",
    "jaccard",
)
APART = (
    "mean |d|",
    "rms d",
    "idf weighted |d|",
    "level weighted |d|",
    "mean d",
    "spread of d",
    "correlation",
    "winners' |d|",
    "winners' fraction",
    "winners' distance",
)
ALONE = (
    "level asked alone",
    "level surveyed alone",
    "idf level asked alone",
    "idf level surveyed alone",
    "5 strongest shared",
    "10 strongest shared",
)


def alike(both: Shared, one: Totals, other: Totals) -> list[jax.Array]:
    """Return the similarities of ALIKE, each f32[B, C]."""

    def cosine(product: jax.Array, square: jax.Array, other_square: jax.Array) -> jax.Array:
        return product / jnp.sqrt(jnp.maximum(square * other_square, 1e-9))

    sum_fresh = jnp.maximum(one.fresh + other.fresh, 1e-9)
    either = jnp.maximum(one.fresh_count + other.fresh_count - both.fresh_count, 1)
    return [
        cosine(both.fresher_cosine, one.fresher_square, other.fresher_square),
        cosine(both.cosine, one.fresh_square, other.fresh_square),
        cosine(both.aged_cosine, one.aged_square, other.aged_square),
        cosine(both.square_cosine, one.fourth_power, other.fourth_power),
        cosine(both.rare_cosine, one.rare_square, other.rare_square),
        2 * both.least / sum_fresh,
        both.least / jnp.maximum(sum_fresh - both.least, 1e-9),
        both.fresh_count / either,
    ]


def apart(both: Shared, one: Totals, other: Totals) -> list[jax.Array]:
    """Return the differences of APART, each f32[B, C]: d is the level surveyed less that asked."""
    count = jnp.maximum(both.heard, 1)
    offset = both.signed / count
    winners_db = both.fade_apart / jnp.maximum(both.fade, 1e-9)
    # As the winners have it: all that is asked counts as shared too.
    part = both.known_strength + one.strength
    rest = one.strength - both.asked_strength + other.strength - both.known_strength
    fraction = part / jnp.maximum(part + rest, 1e-9)
    return [
        both.apart / count,
        jnp.sqrt(jnp.maximum(both.square, 0) / count),
        both.rare_apart / jnp.maximum(both.rare, 1e-9),
        both.level_apart / jnp.maximum(both.asked, 1e-9),
        offset,
        jnp.sqrt(jnp.maximum(both.square / count - offset**2, 0)),
        _correlation(both, count),
        winners_db,
        fraction,
        winners_db + PENALTY_DB * (1 - fraction) ** PENALTY_EXPONENT,
    ]


def _correlation(both: Shared, count: jax.Array) -> jax.Array:
    """Return the correlation of shared levels, held back by 20 dB^2 where they hardly vary."""
    mean, other_mean = both.asked / count, both.known / count
    variance = both.asked_square / count - mean**2
    other = both.known_square / count - other_mean**2
    spread = jnp.sqrt(jnp.maximum(variance, 0) * jnp.maximum(other, 0)) + 20
    return (both.product / count - mean * other_mean) / spread


def alone(both: Shared, one: Totals, other: Totals) -> list[jax.Array]:
    """Return the shares of ALONE, each f32[B, C]."""

    def share(part: jax.Array, total: jax.Array) -> jax.Array:
        return 1 - part / jnp.maximum(total, 1e-9)

    return [
        share(both.asked, one.level),
        share(both.known, other.level),
        share(both.rare_asked, one.rare_level),
        share(both.rare_known, other.rare_level),
        *(both.strongest[..., at] / k for at, k in enumerate(STRONGEST)),
    ]
