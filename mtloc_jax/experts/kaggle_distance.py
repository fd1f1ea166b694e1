"""The distance between scans of the first place of Kaggle's Indoor Location & Navigation, 2021.

`distances_v3` and the constants of github.com/ttvand/Indoor-Location-Navigation-Public,
src/non_parametric_wifi_utils.py and src/non_parametric_wifi_model.py.
"""

from typing import NamedTuple

import numpy as np

from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.experts.similarity import by_scan
from mtloc_jax.modalities import Leaf

SHARED_FADE, STRENGTH_FADE = 0.92, 0.8
"""What a second more of age, beyond the first, leaves of an entry's weight."""
RARE_EXPONENT = 0.2
PENALTY_DB, PENALTY_EXPONENT = 50.0, 2


class Parts(NamedTuple):
    """Hold the distance f32[M, S] between scans, in dB, and what it is made of.

    apart_db: f32[M, S], weighted mean difference over shared access points, 0 where none is shared
    fraction: f32[M, S], how much of what was heard is shared, 0..1
    """

    apart_db: np.ndarray
    fraction: np.ndarray

    @property
    def distance(self) -> np.ndarray:
        """Return the distance f32[M, S], dB."""
        return self.apart_db + PENALTY_DB * (1 - self.fraction) ** PENALTY_EXPONENT


def kaggle_distance(asked: ScanTable, survey: ScanTable) -> Parts:
    """Return how far each scan asked is from each surveyed; both over the same access points.

    Access points that the survey never heard count for nothing. Ages count from a scan's newest
    entry. Of the strengths asked, those not shared count as shared too, as they do in the source.
    """
    walks = walks_hearing(survey)
    rare = np.maximum(walks, 1).astype(np.float32) ** -RARE_EXPONENT
    known, fade, strength = (np.ascontiguousarray(part.T) for part in weighed(survey))
    strengths = strength.sum(axis=0)
    found = Parts(*(np.zeros((len(asked.level), len(survey.level)), np.float32) for _ in range(2)))
    level, my_fade, my_strength = (np.where(walks > 0, part, 0) for part in weighed(asked))
    for scan, heard in by_scan(level):
        theirs, mine = known[heard], my_strength[scan, heard]
        weight = fade[heard] * (rare[heard] * my_fade[scan, heard])[:, None]
        apart = np.einsum("as,as->s", weight, np.abs(theirs - level[scan, heard, None]))
        found.apart_db[scan] = apart / np.maximum(weight.sum(axis=0), 1e-9)
        both = strength[heard].sum(axis=0)
        alone = mine @ (theirs == 0)
        part = both + mine.sum()
        found.fraction[scan] = part / np.maximum(part + alone + strengths - both, 1e-9)
    return found


def faded(since_ms: Leaf, base: float) -> Leaf:
    """Return what is left of an entry's weight so long after the newest of its scan.

    The first second is free. Of NumPy or JAX alike.
    """
    xp = since_ms.__array_namespace__()
    return xp.exp(np.float32(np.log(base)) * (since_ms / 1000 - 1).clip(0))


def weighed(table: ScanTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return levels, the weight and the strength of entries, each f32[S, A]; 0 where not heard.

    Weight and strength fade with age, counted from a scan's newest entry.
    """
    fade, strength = np.zeros_like(table.level), np.zeros_like(table.level)
    heard = np.nonzero(table.level)
    since_ms = table.age_ms[heard] - newest_ms(table)[heard[0], 0]
    fade[heard] = faded(since_ms, SHARED_FADE)
    strength[heard] = table.level[heard] * faded(since_ms, STRENGTH_FADE)
    return table.level, fade, strength


def newest_ms(table: ScanTable) -> np.ndarray:
    """Return the least age in each scan, f32[S, 1]; 0 of a scan that heard nothing."""
    least = table.age_ms.min(axis=1, initial=np.inf, keepdims=True)
    return np.where(np.isfinite(least), least, 0).astype(np.float32)


def walks_hearing(survey: ScanTable) -> np.ndarray:
    """Return how many walks heard each access point, i64[A]."""
    if not len(survey.level):
        return np.zeros(len(survey.bssids), np.int64)
    starts = np.flatnonzero(np.diff(survey.walk, prepend=-1))
    return (np.maximum.reduceat(survey.level, starts) > 0).sum(axis=0)
