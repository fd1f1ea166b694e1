"""Errors walk by walk: what a difference between two arms is paired by, where walks are many."""

from typing import NamedTuple

import numpy as np

from mtloc_jax.report.claims import Claim, claim
from mtloc_jax.report.headline import ArmAtRate
from mtloc_jax.rows import Table, of_arm

Place = tuple[str, str, str]
"""Study, site pair and walk: what names a walk among all that the rows hold."""


class Paired(NamedTuple):
    """Hold two arms' mean errors f64[S, B], metres, of the S seeds and B walks that both have."""

    ours_m: np.ndarray
    theirs_m: np.ndarray

    @property
    def n_walks(self) -> int:
        """Return how many walks both have."""
        return self.ours_m.shape[1]

    @property
    def n_better(self) -> int:
        """Return on how many walks ours errs less, over seeds on average."""
        return int(np.sum(self.ours_m.mean(axis=0) < self.theirs_m.mean(axis=0)))

    def claim(self, ours: str, theirs: str, where: str = "") -> Claim:
        """Return the claim that ours errs less or more, walks as blocks; its p not corrected."""
        return claim(ours, theirs, where, self.ours_m, self.theirs_m)


def paired(walks: Table, ours: ArmAtRate, theirs: ArmAtRate) -> Paired | None:
    """Pair two arms of walks.csv, rows of one split and loss; None where they share no walk."""
    found = [_by_seed(of_arm(walks, arm)) for arm in (ours, theirs)]
    seeds = sorted(set(found[0]) & set(found[1]))
    held = [set(of[seed]) for of in found for seed in seeds]
    places = sorted(set.intersection(*held)) if held else []
    if not places:
        return None
    return Paired(*(np.array([[of[s][p] for p in places] for s in seeds]) for of in found))


def walk_means(rows: Table) -> dict[tuple[str, str], float]:
    """Return site pair and walk -> mean error over seeds, metres, of one arm's rows."""
    found: dict[tuple[str, str], list[float]] = {}
    columns = (rows[name].tolist() for name in ("site_pair", "walk", "mean_m"))
    for pair, walk, mean_m in zip(*columns, strict=True):
        found.setdefault((pair, walk), []).append(mean_m)
    return {place: float(np.mean(of)) for place, of in found.items()}


def _by_seed(rows: Table) -> dict[int, dict[Place, float]]:
    """Return seed -> walk -> mean error, metres."""
    found: dict[int, dict[Place, float]] = {}
    columns = (rows[name].tolist() for name in ("seed", "study", "site_pair", "walk", "mean_m"))
    for seed, *place, mean_m in zip(*columns, strict=True):
        found.setdefault(seed, {})[tuple(place)] = mean_m
    return found
