"""Which surveyed scans a scan is compared with in full: the few most like it, or amid such."""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.experts.similarity import fresh, unit
from mtloc_jax.modalities import Leaf

CANDIDATES = 64
SMOOTHED_M = (2.0, 5.0)


class Candidates(NamedTuple):
    """Hold the candidates of M scans, C = CANDIDATES each.

    scan:     i64[M, C], rows of the survey; mask: bool[M, C], False where there is none
    alike:    f32[M, C], cosine
    smoothed: f32[M, C, 2], the mean cosine of surveyed scans about a candidate, over SMOOTHED_M
    crowd:    f32[M, C, 2], how many surveyed scans that mean is of
    """

    scan: Leaf
    mask: Leaf
    alike: Leaf
    smoothed: Leaf
    crowd: Leaf


class Searched:
    """Hold a survey that candidates are looked for in, and what of it is worked out once."""

    def __init__(self, survey: ScanTable, heeded: np.ndarray) -> None:
        """Take a survey; heeded: bool[P, Q], which of its walks count for walk p of those asked."""
        self.survey, self.heeded = survey, heeded

    @cached_property
    def unit(self) -> np.ndarray:
        """Return its scans as a cosine compares them, f32[S, A]."""
        return unit(fresh(self.survey))

    @cached_property
    def kernels(self) -> list[np.ndarray]:
        """Return the weights f32[S, S] by which cosines are smoothed, over each of SMOOTHED_M."""
        return [gaussian(self.survey.xy_m, length_m) for length_m in SMOOTHED_M]

    @cached_property
    def crowds(self) -> list[np.ndarray]:
        """Return how many of its scans lie about each, f32[P, S], over each of SMOOTHED_M."""
        by_walk = self.heeded[:, self.survey.walk].astype(np.float32)
        return [by_walk @ kernel for kernel in self.kernels]


def candidates(searched: Searched, asked: ScanTable) -> Candidates:
    """Return the surveyed scans best by cosine, or by cosine smoothed over the survey.

    Both tables are over the same access points. Scans that share none are no candidates.
    """
    may = searched.heeded[np.ix_(asked.walk, searched.survey.walk)]
    alike = (unit(fresh(asked)) @ searched.unit.T) * may
    smoothed = [
        alike @ kernel / np.maximum(crowd, 1e-9)[asked.walk]
        for kernel, crowd in zip(searched.kernels, searched.crowds, strict=True)
    ]
    able = may & (alike > 0)
    rank = np.minimum(_ranks(alike, able), _ranks(smoothed[-1], able))
    # Of two of the same rank the more alike comes first, whatever the order of the survey.
    scan = np.argsort(rank - alike / 2, axis=1, kind="stable")[:, :CANDIDATES]
    if short := CANDIDATES - scan.shape[1]:
        scan = np.pad(scan, ((0, 0), (0, short)))
    mask = np.take_along_axis(able, scan, axis=1) & (np.arange(CANDIDATES) < able.shape[1])
    return Candidates(
        scan,
        mask,
        np.take_along_axis(alike, scan, axis=1),
        np.stack([np.take_along_axis(one, scan, axis=1) for one in smoothed], axis=-1),
        np.stack([one[asked.walk[:, None], scan] for one in searched.crowds], axis=-1),
    )


def gaussian(xy_m: np.ndarray, length_m: float) -> np.ndarray:
    """Return exp(-d^2 / 2 length^2) f32[S, S] between positions f64[S, 2]."""
    centred = xy_m - xy_m.mean(axis=0)
    square = (centred**2).sum(axis=1)
    apart = square[:, None] + square - 2 * centred @ centred.T
    return np.exp(-np.maximum(apart, 0) / (2 * length_m**2)).astype(np.float32)


def _ranks(alike: np.ndarray, able: np.ndarray) -> np.ndarray:
    """Return how many are better than each, i64[M, S]; those not able come last."""
    order = np.argsort(np.where(able, -alike, np.inf), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), axis=1)
    return np.where(able, rank, order.shape[1])
