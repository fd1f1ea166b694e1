"""What is heard about each surveyed scan: one scan is noisy, the mean of those near it less so."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from mtloc_jax.experts.candidates import gaussian
from mtloc_jax.experts.scan_table import ScanTable

REACH_M = 4.0
_CUT = 0.01  # of the weight of a scan itself: beyond, a scan counts for nothing
_RARELY, _DOUBT = 0.02, 0.5  # what a scan in a place unknown hears; how many scans that counts as


class LocalMap(NamedTuple):
    """Hold means over surveyed scans about some of them, weighted by exp(-d^2 / 2 REACH_M^2).

    level:  f32[R, A], of scans that heard an access point, 0 where none did
    chance: f32[R, A], of hearing it
    """

    level: np.ndarray
    chance: np.ndarray


class LocalSums:
    """Sum a survey's scans about each once, and leave out some walks at little cost."""

    def __init__(self, table: ScanTable) -> None:
        """Sum what all scans of `table` heard."""
        weight = gaussian(table.xy_m, REACH_M)
        self._kernel = csr_array(np.where(weight > _CUT, weight, 0))
        self._parts = (table.level, (table.level > 0).astype(np.float32))
        self._walk = table.walk
        self._count = self._kernel.sum(axis=1)
        self._sums = tuple(self._kernel @ part for part in self._parts)

    def about(self, scans: np.ndarray, without: np.ndarray) -> LocalMap:
        """Return the map about scans i64[R] of the survey, without some walks i64[K]."""
        level, heard = (part[scans] for part in self._sums)
        count = self._count[scans]
        if len(less := np.flatnonzero(np.isin(self._walk, without))):
            kernel = self._kernel[scans][:, less]
            level, heard = (
                whole - kernel @ part[less]
                for whole, part in zip((level, heard), self._parts, strict=True)
            )
            count = count - kernel.sum(axis=1)
        # What rounding leaves of scans that were left out was not heard.
        some = heard > _CUT / 2
        mean = np.divide(level, heard, out=np.zeros_like(level), where=some)
        chance = (heard * some + np.float32(_DOUBT * _RARELY)) / (count[:, None] + _DOUBT)
        return LocalMap(mean, np.minimum(chance, 1 - _RARELY).astype(np.float32))
