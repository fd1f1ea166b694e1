"""A radio map: how loud each access point is anywhere, as Gaussian processes in closed form.

All share one kernel (Matern 3/2) over surveyed positions and its noise, so that one Cholesky
decomposition and one product map them all (Ferris, Haehnel and Fox, Gaussian Processes for Signal
Strength-Based Location Estimation, 2006). Levels of access points at one place depend on each
other, which their product does not know: the log likelihood is divided by a temperature.
"""

from typing import NamedTuple

import numpy as np
from scipy import linalg
from scipy.spatial import distance

from mtloc_jax.errors import InputError
from mtloc_jax.experts.floor_prior import log_walked
from mtloc_jax.experts.scan_table import WEAKEST_DBM, ScanTable
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.tracking.cells import Cells, covering

KERNEL_M = 20.0
NOISE = 0.3
"""Variance of a scan about the map, to that of the map about nothing."""
TEMPERATURE = 50.0
SILENT_DBM = -95.0
"""An access point that is not heard counts as one of this level."""
MARGIN_M = 15.0
UNMAPPED_M = 3.0
"""Added in quadrature to the spread of a posterior, which tempering alone leaves too sure."""


class RadioMap(NamedTuple):
    """Hold what is expected in C cells of A access points.

    mean_db: f64[C, A], above SILENT_DBM; var: f64[C], dB^2, of a scan about it; bssids: str[A]
    """

    mean_db: np.ndarray
    var: np.ndarray
    bssids: np.ndarray


def locate(
    survey: ScanTable, asked: ScanTable, plan: FloorPlan | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return where scans were, f64[M, 2], and the sd of either coordinate f64[M].

    What is likely beforehand is near the survey and, with a plan, in its corridors. Raises
    InputError where the survey is empty, or heard nothing, or the plan is no use.
    """
    cells = around(survey)
    log_p = log_likelihood(mapped(survey, _places(cells)), asked)
    log_prior = log_walked(survey.xy_m, cells, plan)
    return summed_up(log_p + log_prior.ravel(), cells)


def locate_each_walk(
    table: ScanTable, plan: FloorPlan | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Locate the scans of each walk by the survey of all others: f64[S, 2], f64[S].

    As `locate`, but that the cells are those of the whole table.
    """
    cells = around(table)
    every = np.unique(table.walk)
    heeded = ~np.eye(int(every[-1]) + 1, dtype=bool)
    log_p = log_likelihood_heeding(table, table, _places(cells), heeded)
    for walk in every:
        own = table.walk == walk
        log_p[own] += log_walked(table.xy_m[~own], cells, plan).ravel()
    return summed_up(log_p, cells)


def around(survey: ScanTable) -> Cells:
    """Return cells that cover a survey and MARGIN_M around it.

    Raises InputError where the survey is empty, or heard nothing.
    """
    if not _above_silence(survey).any():
        raise _silent()
    return covering(survey.xy_m, MARGIN_M)


def mapped(survey: ScanTable, at_m: np.ndarray) -> RadioMap:
    """Return the map that a survey, in which something was heard, makes of places f64[C, 2]."""
    heard = _above_silence(survey)
    surveyed = heard.any(axis=0)
    heard = heard[:, surveyed]
    factor = linalg.cho_factor(_kernel(survey.xy_m, survey.xy_m) + NOISE * np.eye(len(heard)))
    reach = linalg.cho_solve(factor, _kernel(survey.xy_m, at_m)).T
    spread = (heard * linalg.cho_solve(factor, heard)).sum() / heard.size
    known = (reach * _kernel(at_m, survey.xy_m)).sum(axis=1)
    return RadioMap(reach @ heard, spread * (1 + NOISE - known), survey.bssids[surveyed])


def log_likelihood(map_: RadioMap, asked: ScanTable) -> np.ndarray:
    """Return log p(scan | place) of scans at the places of a map, f64[M, C], tempered.

    What is listed of access points that the map does not know is evidence, too: for places of
    which it knows little.
    """
    heard = _above_silence(asked.over(map_.bssids))
    unknown = _above_silence(asked) * ~np.isin(asked.bssids, map_.bssids)
    off = (heard**2).sum(axis=1) + (unknown**2).sum(axis=1)
    square = off[:, None] - 2 * heard @ map_.mean_db.T + (map_.mean_db**2).sum(axis=1)
    count = len(map_.bssids) + (unknown > 0).sum(axis=1)
    return -(square / map_.var + count[:, None] * np.log(map_.var)) / (2 * TEMPERATURE)


def log_likelihood_heeding(
    survey: ScanTable, asked: ScanTable, at_m: np.ndarray, heeded: np.ndarray
) -> np.ndarray:
    """Return log p(scan | place) f64[M, C] of scans by the map of the walks that each heeds.

    survey, asked: of one table, so that columns and numbers of walks are the same
    heeded: bool[W, W], of the walks asked, which surveyed ones count

    It equals a map anew for each walk, at little more than the price of one: walks are taken out
    of an inverse by their own block alone. Raises InputError where those heeded heard nothing.
    """
    heard, told = _above_silence(survey), _above_silence(asked)
    inverse = linalg.inv(_kernel(survey.xy_m, survey.xy_m) + NOISE * np.eye(len(heard)))
    kernel = _kernel(at_m, survey.xy_m)
    reach, weight = kernel @ inverse, inverse @ heard
    mean_db, known = reach @ heard, (reach * kernel).sum(axis=1)
    spread = (heard * weight).sum()
    found = np.zeros((len(told), len(at_m)))
    alike, which = np.unique(heeded, axis=0, return_inverse=True)
    for number in np.unique(which[asked.walk]):
        out = np.flatnonzero(~alike[number][survey.walk])
        surveyed = np.delete(heard, out, axis=0).any(axis=0)
        if not surveyed.any():
            raise _silent()
        block = np.linalg.inv(inverse[np.ix_(out, out)])
        lost, pull = reach[:, out] @ block, weight[out]
        others = mean_db - lost @ pull
        rest = spread - (pull * (block @ pull)).sum()
        var = (1 + NOISE - known + (lost * reach[:, out]).sum(axis=1)) * rest
        var /= (len(heard) - len(out)) * surveyed.sum()
        own = np.flatnonzero(which[asked.walk] == number)
        listed = told[own]
        off = (listed**2).sum(axis=1)[:, None] - 2 * listed @ others.T + (others**2).sum(axis=1)
        count = surveyed.sum() + (listed[:, ~surveyed] > 0).sum(axis=1)
        found[own] = -(off / var + count[:, None] * np.log(var)) / (2 * TEMPERATURE)
    return found


def summed_up(log_p: np.ndarray, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean f64[M, 2] of posteriors over cells f64[M, C], and the sd an axis f64[M].

    log_p: up to a constant; a log prior f64[C] may be in it. A cell's own width is in the sd, and
    UNMAPPED_M.
    """
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    at_m = _places(cells)
    xy_m = p @ at_m
    var = (p @ (at_m**2) - xy_m**2).mean(axis=1)
    return xy_m, np.sqrt(np.maximum(var, 0) + cells.cell_m**2 / 12 + UNMAPPED_M**2)


def _places(cells: Cells) -> np.ndarray:
    return cells.centres_m.reshape(-1, 2)


def _above_silence(table: ScanTable) -> np.ndarray:
    return np.maximum(table.level - (SILENT_DBM - WEAKEST_DBM), 0).astype(np.float64)


def _kernel(one_m: np.ndarray, other_m: np.ndarray) -> np.ndarray:
    scaled = np.sqrt(3) * distance.cdist(one_m, other_m) / KERNEL_M
    return (1 + scaled) * np.exp(-scaled)


def _silent() -> InputError:
    return InputError("the survey heard nothing", remedy="survey at least one walk with WiFi")
