"""Fixes of a log's scans, one scan at a time: the same bits whether the log is whole or grows."""

import numpy as np

from mtloc_jax.evidence import Fixes
from mtloc_jax.experts.scan_table import ScanTable, scan_table
from mtloc_jax.logs.round import Round
from mtloc_jax.prediction.placing import Place


class LiveFixes:
    """Place the scans of a log as they arrive."""

    def __init__(self, place: Place, survey: ScanTable) -> None:
        """Hear nothing yet."""
        self._place, self._survey = place, survey
        self._found: list[tuple[np.ndarray, float, bool]] = []

    def until(self, walk: Round, end_ms: int) -> tuple[Fixes, np.ndarray]:
        """Return the fixes of the scans that arrived by `end_ms`, and which shared something.

        Of a scan that shares no access point with the survey nothing is known, bool[S].
        """
        table = scan_table([walk])
        arrived = int(np.searchsorted(table.arrived_ms, end_ms, side="right"))
        for scan in range(len(self._found), arrived):
            one = _alone(table, scan)
            xy_m, sigma_m = self._place(self._survey, one)
            shared = np.isin(one.bssids, self._survey.bssids).any()
            self._found.append((xy_m[0], float(sigma_m[0]), bool(shared)))
        fixes = Fixes(
            table.arrived_ms[:arrived],
            table.heard_ms[:arrived],
            np.array([xy_m for xy_m, _, _ in self._found], np.float64).reshape(-1, 2),
            np.array([sigma_m for _, sigma_m, _ in self._found], np.float64),
        )
        return fixes, np.array([shared for *_, shared in self._found], bool)


def _alone(table: ScanTable, scan: int) -> ScanTable:
    """Return one scan over what it lists: what other scans heard must not shape its sums."""
    listed = table.level[scan] > 0
    one = table.at(np.array([scan]))
    return one._replace(
        level=one.level[:, listed],
        age_ms=one.age_ms[:, listed],
        walk=np.zeros(1, np.int32),
        bssids=table.bssids[listed],
    )
