"""Fixes of a log's scans, one scan at a time: the same bits whether the log is whole or grows."""

from collections.abc import Callable

import jax
import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Fixes
from mtloc_jax.experts import matcher_fixes
from mtloc_jax.experts.nearest import Located, surveyed
from mtloc_jax.experts.pair_features import Known
from mtloc_jax.experts.scan_table import ScanTable, scan_table
from mtloc_jax.locate import EXPERTS
from mtloc_jax.logs.round import Round
from mtloc_jax.registry import found_at

MATCHER = "matcher"
SPARE = 128
"""So many access points that a survey never heard a scan may list before it costs time."""
Place = Callable[[ScanTable, ScanTable], Located]


def placer(expert: str, matcher: Params | None) -> Place:
    """Return what places scans by a survey: an entry of EXPERTS, with a matcher's parameters.

    Raises InputError where it needs a matcher and has none, or does not place single scans here.
    """
    known = EXPERTS.named(expert)
    if known.place:
        return found_at(known.place)
    if expert != MATCHER:
        alone = [name for name, one in EXPERTS.items() if one.place or name == MATCHER]
        raise InputError(
            f"the expert {expert!r} hangs on more than a survey and one pretrained network",
            remedy=f"name one that does not: {', '.join(alone)}",
        )
    if matcher is None:
        raise InputError(
            f"the expert {expert!r} is a network",
            remedy="leave --pretrained out, or give WORKDIR of a study that pretrained it",
        )
    return MatcherPlace(matcher)


class MatcherPlace:
    """Place scans by a matcher; what it needs of a survey is worked out once for all of them."""

    def __init__(self, params: Params) -> None:
        """Take its parameters."""
        self._params = jax.tree.map(lambda leaf: leaf[None], params)
        self._known: tuple[ScanTable, Known] | None = None

    def __call__(self, survey: ScanTable, one: ScanTable) -> Located:
        """Place scans f64[M, 2], f64[M]; raises InputError where the survey is empty."""
        strange = int((~np.isin(one.bssids, survey.bssids)).sum())
        if strange > SPARE:
            xy_m, sigma_m = matcher_fixes.locate(self._params, survey, one)
            return xy_m[0], sigma_m[0]
        if self._known is None or self._known[0] is not survey:
            self._known = survey, Known(with_spares(surveyed(survey)))
        known = self._known[1]
        xy_m, sigma_m = matcher_fixes.locate_by(self._params, known, _onto(survey, one))
        return xy_m[0], sigma_m[0]


def with_spares(survey: ScanTable) -> ScanTable:
    """Return a survey with SPARE access points more, for those it never heard; nothing heard them.

    They count as those that a scan alone listed do: no sum of the survey changes.
    """
    room = (len(survey.level), SPARE)
    return survey._replace(
        level=np.concatenate([survey.level, np.zeros(room, np.float32)], axis=1),
        age_ms=np.concatenate([survey.age_ms, np.full(room, np.inf, np.float32)], axis=1),
        bssids=np.concatenate([survey.bssids, [f"spare {k}" for k in range(SPARE)]]),
    )


def _onto(survey: ScanTable, one: ScanTable) -> ScanTable:
    """Return scans over a survey's access points and its spares, strange ones in their order."""
    n_known = len(survey.bssids)
    strange = ~np.isin(one.bssids, survey.bssids)
    column = np.where(strange, n_known + np.cumsum(strange) - 1, 0)
    column[~strange] = np.searchsorted(survey.bssids, one.bssids[~strange])
    shape = len(one.level), n_known + SPARE
    level, age_ms = np.zeros(shape, np.float32), np.full(shape, np.inf, np.float32)
    level[:, column], age_ms[:, column] = one.level, one.age_ms
    return one._replace(level=level, age_ms=age_ms, bssids=np.zeros(shape[1], np.str_))


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
