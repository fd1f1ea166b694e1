"""Errors walk by walk: what a difference between two arms is paired by, where walks are many."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mtloc_jax.report.claims import Claim, claim
from mtloc_jax.report.headline import ArmAtRate
from mtloc_jax.report.summary import of_whole_seeds
from mtloc_jax.rows import Table, of_arm

Place = tuple[str, ...]
"""What names a walk: study, site pair and walk within a variant, target and walk across them."""


class Paired(NamedTuple):
    """Hold two arms' mean errors f64[S, B], metres, of the S seeds and B walks that both have."""

    ours_m: np.ndarray
    theirs_m: np.ndarray

    @property
    def n_walks(self) -> int:
        """Return how many walks both have."""
        return self.ours_m.shape[1]

    def claim(self, ours: str, theirs: str, where: str = "") -> Claim:
        """Return the claim that ours errs less or more, walks as blocks; its p not corrected."""
        return claim(ours, theirs, where, self.ours_m, self.theirs_m, blocks="walk")


def paired(walks: Table, ours: ArmAtRate, theirs: ArmAtRate) -> Paired | None:
    """Pair two arms of walks.csv, rows of one split and loss; None where they share no walk.

    A seed that lacks a test round or a target of its arm is left out, not that round or target.
    """
    found = (of_whole_seeds(of_arm(walks, arm)) for arm in (ours, theirs))
    return _aligned(*(_by_seed(rows, _within(rows)) for rows in found))


def paired_across(ours: Table, theirs: Table) -> Paired | None:
    """Pair an arm of one variant with one of another, by target and walk; None as `paired`.

    ours, theirs: rows of walks.csv of one arm, split and loss each. Variants may differ in what
    they learned from, and so in study and site pair: what they are tested on is alike.
    """
    found = map(of_whole_seeds, (ours, theirs))
    return _aligned(*(_by_seed(rows, _across(rows)) for rows in found))


def walk_means(rows: Table) -> dict[tuple[str, str], float]:
    """Return site pair and walk -> mean error over seeds, metres, of one arm's rows."""
    found: dict[tuple[str, str], list[float]] = {}
    columns = (rows[name].tolist() for name in ("site_pair", "walk", "mean_m"))
    for pair, walk, mean_m in zip(*columns, strict=True):
        found.setdefault((pair, walk), []).append(mean_m)
    return {place: float(np.mean(of)) for place, of in found.items()}


def _within(rows: Table) -> Iterator[Place]:
    """Yield study, site pair and walk of each row."""
    columns = ("study", "site_pair", "walk")
    return zip(*(rows[name].tolist() for name in columns), strict=True)


def _across(rows: Table) -> Iterator[Place]:
    """Yield target and walk of each row; a site pair is 'sources->target'."""
    for pair, walk in zip(rows["site_pair"].tolist(), rows["walk"].tolist(), strict=True):
        yield pair.rpartition("->")[2].strip(), walk


def _by_seed(rows: Table, places: Iterator[Place]) -> dict[int, dict[Place, float]]:
    """Return seed -> walk -> mean error, metres, over the rows of it; places: of each row."""
    found: dict[int, dict[Place, list[float]]] = {}
    columns = rows["seed"].tolist(), places, rows["mean_m"].tolist()
    for seed, place, mean_m in zip(*columns, strict=True):
        found.setdefault(seed, {}).setdefault(place, []).append(mean_m)
    return {seed: {p: float(np.mean(of)) for p, of in held.items()} for seed, held in found.items()}


def _aligned(*found: dict[int, dict[Place, float]]) -> Paired | None:
    """Keep the seeds that both arms have, and the walks that both have in each of them."""
    seeds = sorted(set(found[0]) & set(found[1]))
    held = [set(of[seed]) for of in found for seed in seeds]
    places = sorted(set.intersection(*held)) if held else []
    if not places:
        return None
    return Paired(*(np.array([[of[s][p] for p in places] for s in seeds]) for of in found))
