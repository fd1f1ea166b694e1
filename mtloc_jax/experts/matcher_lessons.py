"""What the matcher learns from: scans of walks, each asked of surveys that its own walk is not in.

Surveys are drawn as a new building may have them, whole or of few walks; and worn, so that nothing
is learnt of single access points, phones or hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.experts.matcher import CANDIDATES_AT, FEATURES_OF
from mtloc_jax.experts.pair_features import pairs
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.modalities import Held
from mtloc_jax.sites.site import Arrays

HALF_HOUR_MS = 30 * 60 * 1000


class Surveyed(NamedTuple):
    """Hold a floor to learn from; started_ms: i64[W], Unix time its walks began, None if unsaid."""

    table: ScanTable
    started_ms: np.ndarray | None = None


@dataclass(frozen=True)
class Draw:
    """Say how a survey is drawn.

    walks: how many it is of, None for all; apart: without walks begun within half an hour of the
        one asked; worn: whether access points and entries are lost; scans: how many are asked of it
    """

    walks: int | None = None
    apart: bool = False
    worn: bool = True
    scans: int = 120


SCANS = 400
FEW_WALKS = (60, 40, 30, 20, 15, 10)
DRAWS = (
    *(
        Draw(apart=apart, worn=worn, scans=SCANS)
        for apart in (False, True)
        for worn in (False, True)
    ),
    *(Draw(walks, worn=worn) for walks in FEW_WALKS * 2 for worn in (False, True)),
)
"""Many small surveys teach more than few large ones: holes differ. A lesson takes 13 kB, a floor's
4,480 lessons 57 MB."""


@dataclass(frozen=True)
class Wear:
    """Say how the levels of a draw are worn.

    gain_db:  standard deviation of what is added to all levels of a walk
    kept:     the least and the most share of access points that stay, where some are lost
    entries:  the most share of a scan's entries that are lost
    """

    gain_db: float = 2.0
    kept: tuple[float, float] = (0.3, 0.9)
    entries: float = 0.3


def lessons(
    floors: Sequence[Surveyed],
    seed: int = 0,
    draws: Sequence[Draw] = DRAWS,
    wear: Wear = Wear(),
    scans: int = SCANS,
) -> Arrays:
    """Return what the matcher trains on, of several floors or one; the same for the same seed.

    scans: the most that any draw asks
    inputs: "pairs" f16[N, C, F] and "candidates" f32[N, C, 3]; target: f32[N, 2], metres

    Scans without a candidate teach nothing and are left out. Raises InputError where none is left:
    a single walk has no other to be asked of.
    """
    features, candidates, target = [], [], []
    for number, floor in enumerate(floors):
        for at, draw in enumerate(draws):
            rng = np.random.default_rng([seed, number, at])
            survey, asked, heeded = _drawn(floor, draw, min(scans, draw.scans), wear, rng)
            found = pairs(survey, asked, heeded)
            some = found.mask.any(axis=1)
            mask = found.mask[..., None].astype(np.float32)
            features.append(found.features[some].astype(np.float16))
            candidates.append(np.concatenate([found.xy_m, mask], axis=-1)[some])
            target.append(asked.xy_m[some].astype(np.float32))
    if not sum(map(len, target)):
        raise InputError(
            "no scan shares an access point with a scan of another walk",
            remedy="train the matcher on at least two walks of one floor",
        )
    held = {FEATURES_OF: features, CANDIDATES_AT: candidates}
    return Arrays(
        {name: Held(np.concatenate(parts)) for name, parts in held.items()}, np.concatenate(target)
    )


def _drawn(
    floor: Surveyed, draw: Draw, scans: int, wear: Wear, rng: np.random.Generator
) -> tuple[ScanTable, ScanTable, np.ndarray]:
    """Return a survey, the scans asked of it, and which walks each of these may be compared with.

    heeded: bool[W, W]
    """
    table = floor.table
    n_walks = int(table.walk.max(initial=-1)) + 1
    surveyed = np.ones(n_walks, bool)
    if draw.walks is not None and draw.walks < n_walks:
        surveyed[:] = False
        surveyed[rng.choice(n_walks, draw.walks, replace=False)] = True
    heeded = surveyed & ~np.eye(n_walks, dtype=bool)
    if draw.apart and floor.started_ms is not None:
        heeded &= np.abs(np.subtract.outer(floor.started_ms, floor.started_ms)) >= HALF_HOUR_MS
    asked = rng.permutation(len(table.level))[:scans]
    worn = _worn(table, draw, wear, rng)
    return worn.at(surveyed[worn.walk]), worn.at(np.sort(asked)), heeded


def _worn(table: ScanTable, draw: Draw, wear: Wear, rng: np.random.Generator) -> ScanTable:
    gain_db = rng.normal(0, wear.gain_db, int(table.walk.max(initial=0)) + 1)[table.walk]
    lost = np.zeros(len(table.bssids), bool)
    rate = np.zeros(len(table.level))
    if draw.worn:
        lost = rng.random(len(lost)) >= rng.uniform(*wear.kept)
        rate = rng.uniform(0, wear.entries, len(rate))
    heard = (table.level > 0) & ~lost
    heard &= rng.random(heard.shape, dtype=np.float32) >= rate[:, None]
    level = np.where(heard, np.maximum(table.level + gain_db[:, None], 1), 0)
    age_ms = np.where(heard, table.age_ms, np.inf)
    return table._replace(level=level.astype(np.float32), age_ms=age_ms.astype(np.float32))
