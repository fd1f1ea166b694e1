"""What a network is told of a scan and the surveyed scans most like it; it knows no building.

No feature names an access point, a floor or a coordinate, so that a network trained on some floors
reads any other.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.experts.among_candidates import behind, best, metres_to_best, rank, smoothed
from mtloc_jax.experts.candidates import SMOOTHED_M, Candidates, Searched, candidates
from mtloc_jax.experts.local_features import LOCAL, LOCAL_RIVALS, Locals, local_features, locals_of
from mtloc_jax.experts.local_map import LocalSums
from mtloc_jax.experts.pair_formulas import ALIKE, ALONE, APART, alike, alone, apart
from mtloc_jax.experts.pair_sums import APART_EDGES_DB, LEVEL_EDGES_DB, Entries, shared
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.experts.scan_totals import (
    Rarity,
    Totals,
    entries_of,
    rarity_for,
    totals,
    totals_by_walk,
)
from mtloc_jax.experts.similarity import aligned

_SIZES = (1, 16, 128)  # scans asked at a time: few shapes, so that programs serve all surveys
_HEARD = (32, 64, 128)  # access points of a scan are padded to one, or to a multiple of the last

_RIVALS = ("cosine fresh 4 s", "sorensen", "rms d", "winners' distance", "cosine idf weighted")
_BINS = range(len(LEVEL_EDGES_DB) + 1)
FEATURES = (
    *ALIKE,
    *APART,
    *ALONE,
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


class Known:
    """Hold a survey that many scans are compared with, and what of it is worked out once."""

    def __init__(self, survey: ScanTable, heeded: np.ndarray | None = None) -> None:
        """Take a survey over all access points that will be asked; heeded: as `pairs`, of one walk.

        All of its walks are heeded where that is None.
        """
        everyone = np.ones((1, survey.walk.max(initial=0) + 1), bool)
        self.survey, self.heeded = survey, everyone if heeded is None else heeded

    @cached_property
    def searched(self) -> Searched:
        """Return it as candidates are looked for in it."""
        return Searched(self.survey, self.heeded)

    @cached_property
    def weights(self) -> Rarity:
        """Return how rare its access points are, for each walk that is asked."""
        return rarity_for(self.survey, self.heeded)

    @cached_property
    def entries(self) -> Entries:
        """Return its entries."""
        return entries_of(self.survey)

    @cached_property
    def totals(self) -> Totals:
        """Return the totals of its scans, for each walk that is asked."""
        return totals_by_walk(self.entries, self.weights)

    @cached_property
    def sums(self) -> LocalSums:
        """Return what is heard about its scans."""
        return LocalSums(self.survey)


def pairs(survey: ScanTable, asked: ScanTable, heeded: np.ndarray | None = None) -> Pairs:
    """Return the features of scans asked and their candidates in a survey.

    heeded: bool[P, Q], whether walk p of those asked may be compared with walk q of the survey;
            all may if None. What may not adds nothing to any feature, as if it were not surveyed.
    """
    survey, asked = aligned(survey, asked)
    if heeded is None:
        heeded = np.ones((asked.walk.max(initial=0) + 1, survey.walk.max(initial=0) + 1), bool)
    return pairs_with(Known(survey, heeded), asked)


def pairs_with(known: Known, asked: ScanTable) -> Pairs:
    """Return the same as `pairs`, of scans over the access points of a known survey."""
    survey, heeded = known.survey, known.heeded
    near = candidates(known.searched, asked)
    xy_m = survey.xy_m[near.scan].astype(np.float32)
    found = np.zeros((*near.scan.shape, len(FEATURES)), np.float32)
    if not near.mask.any():
        return Pairs(found, xy_m, near.mask)
    weights, theirs, mine = known.weights, known.entries, entries_of(asked)
    rare, few = weights.rare[asked.walk], weights.few[asked.walk]
    of_mine, of_theirs = totals(mine, rare, few), known.totals
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
            locals_of(known.sums, heeded, weights.few, asked.walk[rows], scan, heard),
            rare[rows[:, None], heard],
            few[rows[:, None], heard],
            of_mine.at(rows[:, None]),
            of_theirs.at(asked.walk[rows][:, None], scan),
            Candidates._make(part[rows] for part in near),
            xy_m[rows] - xy_m[rows, :1],
        )[:real]
    return Pairs(found, xy_m, near.mask)


def _chunks(order: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Yield rows i64[B] in an order, B one of _SIZES, and how many of them are real."""
    for first in range(0, len(order), _SIZES[-1]):
        real = min(len(order) - first, _SIZES[-1])
        size = next(size for size in _SIZES if real <= size)
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
    similarities = alike(both, of_asked, of_known)
    differences = apart(both, of_asked, of_known)
    by_name = dict(zip((*ALIKE, *APART), (*similarities, *differences), strict=True))
    # Of a rival, more is better.
    rivals = [by_name[name] if name in ALIKE else -by_name[name] for name in _RIVALS]
    local, local_rivals = local_features(asked, about, few)
    away_m = jnp.sqrt(((xy_m[:, :, None] - xy_m[:, None]) ** 2).sum(-1))
    count = jnp.maximum(both.heard, 1)[..., None]
    one, other = (jnp.maximum(of.heard, 1)[..., None] for of in (of_asked, of_known))
    shares = both.by_level_apart / count[..., None]
    columns = [
        *similarities,
        *differences,
        *alone(both, of_asked, of_known),
        *_split(shares.reshape(*shares.shape[:2], -1)),
        *_split((of_asked.histogram - both.asked_by_level) / one),
        *_split((of_known.histogram - both.known_by_level) / other),
        *(behind(rival, near.mask) for rival in rivals),
        *(rank(rival, near.mask) for rival in rivals),
        *local,
        *(behind(rival, near.mask) for rival in local_rivals),
        *(rank(rival, near.mask) for rival in local_rivals),
        *_split(near.smoothed),
        *(behind(one, near.mask) for one in _split(near.smoothed)),
        *(smoothed(-rivals[3], away_m, near.mask, length_m) for length_m in SMOOTHED_M),
        *_split(jnp.log1p(near.crowd)),
        jnp.log1p(both.heard),
        jnp.log1p(of_asked.heard),
        jnp.log1p(of_known.heard),
        jnp.sum((few > 0) & (asked.level > 0), -1)[:, None] / one[..., 0],
        of_asked.age_ms / 1000,
        of_known.age_ms / 1000,
        best(rivals[0], near.mask),
        -best(rivals[3], near.mask),
        jnp.log1p(metres_to_best(rivals[0], away_m, near.mask)),
        jnp.log1p(metres_to_best(rivals[3], away_m, near.mask)),
    ]
    shape = both.heard.shape
    stacked = jnp.stack([jnp.broadcast_to(column, shape) for column in columns], axis=-1)
    return jnp.where(near.mask[..., None], stacked, 0)


def _split(columns: jax.Array) -> list[jax.Array]:
    return [columns[..., at] for at in range(columns.shape[-1])]
