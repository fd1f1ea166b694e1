"""How alike two scans are, by formulas: dense matrices between the scans asked and those surveyed.

All take levels of the same access points, 0 where not heard, and know no building. Published
similarities of fingerprints; the distance that won the Kaggle competition is in `kaggle_distance`.
"""

from collections.abc import Callable, Iterator

import numpy as np

from mtloc_jax.experts.scan_table import FRESH_MS, ScanTable

AGED_MS = 4_000


def aligned(survey: ScanTable, asked: ScanTable) -> tuple[ScanTable, ScanTable]:
    """Return both tables over all access points that either lists."""
    if np.array_equal(survey.bssids, asked.bssids):
        return survey, asked
    both = np.union1d(survey.bssids, asked.bssids)
    return survey.over(both), asked.over(both)


def fresh(table: ScanTable, within_ms: int = FRESH_MS) -> np.ndarray:
    """Return the levels f32[S, A] of entries heard at most `within_ms` before their scan."""
    return np.where(table.age_ms <= within_ms, table.level, np.float32(0))


def aged(table: ScanTable, fade_ms: int = AGED_MS) -> np.ndarray:
    """Return levels f32[S, A] that fade by 1/e every `fade_ms` that an entry is old."""
    return table.level * np.exp(-table.age_ms / np.float32(fade_ms))


def rarity(hearing: np.ndarray, scans: np.ndarray | int) -> np.ndarray:
    """Return the inverse document frequency of access points heard by `hearing` of `scans` scans.

    log(1 + scans / (1 + hearing)), f32 of the shape of `hearing`: finite where none heard it.
    """
    return np.log1p(scans / (1 + hearing)).astype(np.float32)


def unit(level: np.ndarray) -> np.ndarray:
    """Return scans f32[S, A] of length 1, f32[S, A]; 0 where silent."""
    return _ratio(level, np.sqrt((level**2).sum(axis=1, keepdims=True)))


def cosine(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the cosine of levels f32[M, A] and f32[S, A]: f32[M, S], 0 where either is silent."""
    return unit(asked) @ unit(known).T


def sorensen(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return 2 sum min / (sum + sum) of levels f32[M, A], f32[S, A]: f32[M, S], 0 where silent."""
    total = asked.sum(axis=1)[:, None] + known.sum(axis=1)
    return _ratio(2 * _shared(asked, known), total)


def ruzicka(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return sum min / sum max of levels f32[M, A] and f32[S, A]: f32[M, S], 0 where silent."""
    shared = _shared(asked, known)
    return _ratio(shared, asked.sum(axis=1)[:, None] + known.sum(axis=1) - shared)


def jaccard(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the share of access points heard by both, of levels f32[M, A], f32[S, A]: f32[M, S].

    The share is of those that either heard; 0 where both are silent.
    """
    one, other = (asked > 0).astype(np.float32), (known > 0).astype(np.float32)
    both = one @ other.T
    return _ratio(both, one.sum(axis=1)[:, None] + other.sum(axis=1) - both)


SIMILARITIES: dict[str, Callable[[ScanTable, ScanTable], np.ndarray]] = {
    "cosine fresh 2 s": lambda asked, known: cosine(fresh(asked, 2_000), fresh(known, 2_000)),
    "cosine": lambda asked, known: cosine(fresh(asked), fresh(known)),
    "cosine age weighted": lambda asked, known: cosine(aged(asked), aged(known)),
    "cosine squared": lambda asked, known: cosine(fresh(asked) ** 2, fresh(known) ** 2),
    "cosine idf weighted": lambda asked, known: cosine(
        fresh(asked) * _rarity_in(known), fresh(known) * _rarity_in(known)
    ),
    "sorensen": lambda asked, known: sorensen(fresh(asked), fresh(known)),
    "ruzicka": lambda asked, known: ruzicka(fresh(asked), fresh(known)),
    "jaccard": lambda asked, known: jaccard(fresh(asked), fresh(known)),
}
"""(scans asked, scans surveyed), both over the same access points -> similarity f32[M, S]."""


def _rarity_in(survey: ScanTable) -> np.ndarray:
    return rarity((survey.level > 0).sum(axis=0), len(survey.level))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def by_scan(asked: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each scan of levels f32[M, A] with the access points that it heard, i64[h]."""
    for scan, level in enumerate(asked):
        yield scan, np.flatnonzero(level)


def _shared(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    # A scan hears a tenth of the access points: a loop over scans beats a dense minimum.
    columns = np.ascontiguousarray(known.T)
    shared = np.zeros((len(asked), len(known)), np.float32)
    for scan, heard in by_scan(asked):
        shared[scan] = np.minimum(columns[heard], asked[scan, heard, None]).sum(axis=0)
    return shared
