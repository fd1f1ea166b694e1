"""What each scan heard in all, and how rare its access points are among the scans surveyed."""

from typing import NamedTuple

import numpy as np

from mtloc_jax.experts.kaggle_distance import RARE_EXPONENT, newest_ms
from mtloc_jax.experts.pair_sums import STRONGEST, Entries, by_level
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.experts.similarity import rarity
from mtloc_jax.modalities import Leaf


class Rarity(NamedTuple):
    """Hold weights of access points, f32[P, A], a row for each walk that is asked.

    rare: inverse document frequency; few: the winners' weight, 0 where no surveyed walk heard it
    """

    rare: np.ndarray
    few: np.ndarray


def rarity_for(survey: ScanTable, heeded: np.ndarray) -> Rarity:
    """Return how rare access points are in what each asked walk may be compared with.

    heeded: bool[P, Q], which walks of the survey those are
    """
    n_walks = heeded.shape[1]
    by_walk = (np.arange(n_walks)[:, None] == survey.walk).astype(np.float32)
    hearing = by_walk @ (survey.level > 0).astype(np.float32)
    use = heeded.astype(np.float32)
    scans = use @ np.bincount(survey.walk, minlength=n_walks).astype(np.float32)
    walks = use @ (hearing > 0)
    few = np.where(walks > 0, np.maximum(walks, 1) ** -RARE_EXPONENT, 0)
    return Rarity(rarity(use @ hearing, scans[:, None]), few.astype(np.float32))


class Totals(NamedTuple):
    """Hold what scans heard, each f32 with one number a scan (or a pair) if not said.

    Squares and the fourth power are of fresh levels, for cosines.
    histogram: f32[..., 4], entries by level; top: f32[..., 2], levels of the 5th and 10th strongest
    age_ms: mean age of entries
    """

    heard: Leaf
    level: Leaf
    rare_level: Leaf
    fresh_count: Leaf
    fresh: Leaf
    fresh_square: Leaf
    fresher_square: Leaf
    aged_square: Leaf
    fourth_power: Leaf
    rare_square: Leaf
    strength: Leaf
    histogram: Leaf
    top: Leaf
    age_ms: Leaf

    def at(self, *index: np.ndarray) -> "Totals":
        """Return the totals at an index of their leading axes."""
        return Totals._make(part[index] for part in self)


def entries_of(table: ScanTable) -> Entries:
    """Return a table's entries."""
    return Entries(table.level, table.age_ms, newest_ms(table))


def totals(entries: Entries, rare: np.ndarray, few: np.ndarray) -> Totals:
    """Return the totals of entries f32[S, A] under weights f32[S, A] or f32[A]."""
    fresh = entries.fresh
    return _totals(
        entries,
        (rare * entries.level).sum(axis=1),
        ((rare * fresh) ** 2).sum(axis=1),
        (entries.strength * (few > 0)).sum(axis=1),
    )


def totals_by_walk(entries: Entries, weights: Rarity) -> Totals:
    """Return the totals of entries f32[S, A] for each asked walk: leading axes [P, S]."""
    found = _totals(
        entries,
        weights.rare @ entries.level.T,
        weights.rare**2 @ (entries.fresh**2).T,
        (weights.few > 0).astype(np.float32) @ entries.strength.T,
    )
    shape = len(weights.rare), len(entries.level)
    by_walk = {"rare_level", "rare_square", "strength"}
    return Totals(
        **{
            name: part if name in by_walk else np.broadcast_to(part, (shape[0], *part.shape))
            for name, part in found._asdict().items()
        }
    )


def _totals(
    entries: Entries, rare_level: np.ndarray, rare_square: np.ndarray, strength: np.ndarray
) -> Totals:
    level, fresh = entries.level, entries.fresh
    heard = (level > 0).astype(np.float32)
    count = heard.sum(axis=1)
    loudest = -np.sort(-level, axis=1)[:, : STRONGEST[-1]]
    loudest = np.pad(loudest, ((0, 0), (0, STRONGEST[-1] - loudest.shape[1])))
    ages = np.where(level > 0, entries.age_ms, 0).sum(axis=1)
    return Totals(
        heard=count,
        level=level.sum(axis=1),
        rare_level=rare_level,
        fresh_count=(fresh > 0).sum(axis=1).astype(np.float32),
        fresh=fresh.sum(axis=1),
        fresh_square=(fresh**2).sum(axis=1),
        fresher_square=(entries.fresher**2).sum(axis=1),
        aged_square=(entries.aged**2).sum(axis=1),
        fourth_power=(fresh**4).sum(axis=1),
        rare_square=rare_square,
        strength=strength,
        histogram=by_level(level, heard),
        top=loudest[:, [k - 1 for k in STRONGEST]],
        age_ms=ages / np.maximum(count, 1),
    )
