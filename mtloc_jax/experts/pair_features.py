"""What a network is told of a scan and the surveyed scans most like it; it knows no building.

No feature names an access point, a floor or a coordinate, so that a network trained on some floors
reads any other.
"""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.experts.candidates import CANDIDATES, SMOOTHED_M, Candidates, candidates
from mtloc_jax.experts.kaggle_distance import PENALTY_DB, PENALTY_EXPONENT
from mtloc_jax.experts.local_features import LOCAL, LOCAL_RIVALS, Locals, local_features, locals_of
from mtloc_jax.experts.local_map import LocalSums
from mtloc_jax.experts.pair_sums import (
    APART_EDGES_DB,
    LEVEL_EDGES_DB,
    STRONGEST,
    Entries,
    Shared,
    shared,
)
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.experts.scan_totals import Totals, entries_of, rarity_for, totals, totals_by_walk
from mtloc_jax.experts.similarity import aligned

_CHUNK, _FEW = 128, 16  # scans asked at a time: two shapes, so that programs serve all surveys
_HEARD = (32, 64, 128)  # access points of a scan are padded to one, or to a multiple of the last
_WORST = 1e9

_ALIKE = (
    "cosine fresh 2 s",
    "cosine fresh 4 s",
    "cosine age weighted",
    "cosine squared",
    "cosine idf weighted",
    "sorensen",
    "ruzicka",
    "jaccard",
)
_APART = (
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
_ALONE = (
    "level asked alone",
    "level surveyed alone",
    "idf level asked alone",
    "idf level surveyed alone",
    "5 strongest shared",
    "10 strongest shared",
)
_RIVALS = ("cosine fresh 4 s", "sorensen", "rms d", "winners' distance", "cosine idf weighted")
_BINS = range(len(LEVEL_EDGES_DB) + 1)
FEATURES = (
    *_ALIKE,
    *_APART,
    *_ALONE,
    *(f"share at level {b}, |d| {a}" for b in _BINS for a in range(len(APART_EDGES_DB) + 1)),
    *(f"share asked alone at level {b}" for b in _BINS),
    *(f"share surveyed alone at level {b}" for b in _BINS),
    *(f"{name}, behind the best" for name in _RIVALS),
    *(f"{name}, rank" for name in _RIVALS),
    *LOCAL,
    *(f"{name}, behind the best" for name in LOCAL_RIVALS),
    *(f"{name}, rank" for name in LOCAL_RIVALS),
    *(f"cosine over {length_m:g} m" for length_m in SMOOTHED_M),
    *(f"cosine over {length_m:g} m, behind the best" for length_m in SMOOTHED_M),
    *(f"winners' distance over {length_m:g} m" for length_m in SMOOTHED_M),
    *(f"surveyed scans over {length_m:g} m" for length_m in SMOOTHED_M),
    "shared access points",
    "access points asked",
    "access points surveyed",
    "share of access points in the survey",
    "mean age asked",
    "mean age surveyed",
    "best cosine",
    "least winners' distance",
    "metres to the best by cosine",
    "metres to the best by the winners' distance",
)
"""The names of the features of a pair, in their order."""


class Pairs(NamedTuple):
    """Hold M scans and their candidates, C = CANDIDATES each, F = len(FEATURES).

    features: f32[M, C, F], 0 where there is no candidate
    xy_m:     f32[M, C, 2], where candidates were surveyed
    mask:     bool[M, C], False where there is no candidate
    """

    features: np.ndarray
    xy_m: np.ndarray
    mask: np.ndarray


def pairs(survey: ScanTable, asked: ScanTable, heeded: np.ndarray | None = None) -> Pairs:
    """Return the features of scans asked and their candidates in a survey.

    heeded: bool[P, Q], whether walk p of those asked may be compared with walk q of the survey;
            all may if None. What may not adds nothing to any feature, as if it were not surveyed.
    """
    survey, asked = aligned(survey, asked)
    if heeded is None:
        heeded = np.ones((asked.walk.max(initial=0) + 1, survey.walk.max(initial=0) + 1), bool)
    near = candidates(survey, asked, heeded)
    weights = rarity_for(survey, heeded)
    mine, theirs = entries_of(asked), entries_of(survey)
    rare, few = weights.rare[asked.walk], weights.few[asked.walk]
    of_mine, of_theirs = totals(mine, rare, few), totals_by_walk(theirs, weights)
    xy_m = survey.xy_m[near.scan].astype(np.float32)
    found = np.zeros((*near.scan.shape, len(FEATURES)), np.float32)
    sums = LocalSums(survey)
    for rows, real in _chunks(np.argsort(asked.walk, kind="stable")):
        heard, real_ap = _heard(asked.level[rows])
        scan = near.scan[rows]
        cells = scan[:, :, None] * len(survey.bssids) + heard[:, None]
        found[rows[:real]] = _features(
            Entries(
                np.where(real_ap, mine.level[rows[:, None], heard], 0),
                mine.age_ms[rows[:, None], heard],
                mine.newest_ms[rows],
            ),
            Entries(theirs.level.take(cells), theirs.age_ms.take(cells), theirs.newest_ms[scan]),
            locals_of(sums, heeded, weights.few, asked.walk[rows], scan, heard),
            rare[rows[:, None], heard],
            few[rows[:, None], heard],
            of_mine.at(rows[:, None]),
            of_theirs.at(asked.walk[rows][:, None], scan),
            Candidates._make(part[rows] for part in near),
            xy_m[rows] - xy_m[rows, :1],
        )[:real]
    return Pairs(found, xy_m, near.mask)


def _chunks(order: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Yield rows i64[B] in an order, B of one of two sizes, and how many of them are real."""
    for first in range(0, len(order), _CHUNK):
        real = min(len(order) - first, _CHUNK)
        size = _CHUNK if real > _FEW else _FEW
        yield order[np.minimum(first + np.arange(size), len(order) - 1)], real


def _heard(level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the access points i64[B, H] that scans heard, and which are no padding, bool[B, H]."""
    most = int((level > 0).sum(axis=1).max(initial=1))
    width = next((size for size in _HEARD if most <= size), -(-most // _HEARD[-1]) * _HEARD[-1])
    first = np.argsort(level == 0, axis=1, kind="stable")[:, :width]
    heard = np.pad(first, ((0, 0), (0, width - first.shape[1])))
    return heard, np.arange(heard.shape[1]) < (level > 0).sum(axis=1, keepdims=True)


@jax.jit
def _features(
    asked: Entries,
    known: Entries,
    about: Locals,
    rare: jax.Array,
    few: jax.Array,
    of_asked: Totals,
    of_known: Totals,
    near: Candidates,
    xy_m: jax.Array,
) -> jax.Array:
    """Return features f32[B, C, F]: of entries [B, H] asked and [B, C, H] surveyed, and totals."""
    both = shared(asked, known, rare, few, of_asked.top, of_known.top)
    alike = _alike(both, of_asked, of_known)
    apart = _apart(both, of_asked, of_known)
    by_name = dict(zip((*_ALIKE, *_APART), (*alike, *apart), strict=True))
    # Of a rival, more is better.
    rivals = [by_name[name] if name in _ALIKE else -by_name[name] for name in _RIVALS]
    local, local_rivals = local_features(asked, about, few)
    away_m = jnp.sqrt(((xy_m[:, :, None] - xy_m[:, None]) ** 2).sum(-1))
    count = jnp.maximum(both.heard, 1)[..., None]
    one, other = (jnp.maximum(of.heard, 1)[..., None] for of in (of_asked, of_known))
    shares = both.by_level_apart / count[..., None]
    columns = [
        *alike,
        *apart,
        *_alone(both, of_asked, of_known),
        *_split(shares.reshape(*shares.shape[:2], -1)),
        *_split((of_asked.histogram - both.asked_by_level) / one),
        *_split((of_known.histogram - both.known_by_level) / other),
        *(_behind(rival, near.mask) for rival in rivals),
        *(_rank(rival, near.mask) for rival in rivals),
        *local,
        *(_behind(rival, near.mask) for rival in local_rivals),
        *(_rank(rival, near.mask) for rival in local_rivals),
        *_split(near.smoothed),
        *(_behind(one, near.mask) for one in _split(near.smoothed)),
        *(_smoothed(-rivals[3], away_m, near.mask, length_m) for length_m in SMOOTHED_M),
        *_split(jnp.log1p(near.crowd)),
        jnp.log1p(both.heard),
        jnp.log1p(of_asked.heard),
        jnp.log1p(of_known.heard),
        jnp.sum((few > 0) & (asked.level > 0), -1)[:, None] / one[..., 0],
        of_asked.age_ms / 1000,
        of_known.age_ms / 1000,
        _best(rivals[0], near.mask),
        -_best(rivals[3], near.mask),
        jnp.log1p(_metres_to_best(rivals[0], away_m, near.mask)),
        jnp.log1p(_metres_to_best(rivals[3], away_m, near.mask)),
    ]
    shape = both.heard.shape
    stacked = jnp.stack([jnp.broadcast_to(column, shape) for column in columns], axis=-1)
    return jnp.where(near.mask[..., None], stacked, 0)


def _alike(both: Shared, one: Totals, other: Totals) -> list[jax.Array]:
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


def _apart(both: Shared, one: Totals, other: Totals) -> list[jax.Array]:
    count = jnp.maximum(both.heard, 1)
    offset = both.signed / count
    winners_db = both.fade_apart / jnp.maximum(both.fade, 1e-9)
    # As the winners have it: all that is asked counts as shared too.
    part = both.known_strength + one.strength
    alone = one.strength - both.asked_strength + other.strength - both.known_strength
    fraction = part / jnp.maximum(part + alone, 1e-9)
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


def _alone(both: Shared, one: Totals, other: Totals) -> list[jax.Array]:
    def share(part: jax.Array, total: jax.Array) -> jax.Array:
        return 1 - part / jnp.maximum(total, 1e-9)

    return [
        share(both.asked, one.level),
        share(both.known, other.level),
        share(both.rare_asked, one.rare_level),
        share(both.rare_known, other.rare_level),
        *(both.strongest[..., at] / k for at, k in enumerate(STRONGEST)),
    ]


def _split(columns: jax.Array) -> list[jax.Array]:
    return [columns[..., at] for at in range(columns.shape[-1])]


def _best(rival: jax.Array, mask: jax.Array) -> jax.Array:
    """Return the best of candidates that are some, f32[B, 1]."""
    return jnp.where(mask, rival, -_WORST).max(axis=1, keepdims=True)


def _behind(rival: jax.Array, mask: jax.Array) -> jax.Array:
    return _best(rival, mask) - rival


def _rank(rival: jax.Array, mask: jax.Array) -> jax.Array:
    """Return the share of candidates that are better, f32[B, C]."""
    better = (rival[:, None, :] > rival[:, :, None]) & mask[:, None, :]
    return better.sum(-1) / CANDIDATES


def _smoothed(values: jax.Array, away_m: jax.Array, mask: jax.Array, length_m: float) -> jax.Array:
    """Return the mean of values f32[B, C] over the candidates about each."""
    weight = jnp.exp(-(away_m**2) / (2 * length_m**2)) * mask[:, None]
    return (weight * values[:, None]).sum(-1) / jnp.maximum(weight.sum(-1), 1e-9)


def _metres_to_best(rival: jax.Array, away_m: jax.Array, mask: jax.Array) -> jax.Array:
    best = jnp.where(mask, rival, -_WORST).argmax(axis=1)
    return jnp.take_along_axis(away_m, best[:, None, None], axis=2)[..., 0]
