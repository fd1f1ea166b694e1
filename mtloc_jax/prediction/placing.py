"""What places single scans by a survey, by its name; what a survey costs is paid once."""

from collections.abc import Callable, Sequence

import jax
import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.experts import matcher_fixes, radio_map
from mtloc_jax.experts.floor_prior import log_walked
from mtloc_jax.experts.joined import joined
from mtloc_jax.experts.nearest import Located, surveyed
from mtloc_jax.experts.pair_features import Known
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.locate import EXPERTS, UNTRAINED
from mtloc_jax.registry import found_at
from mtloc_jax.tracking.cells import Cells

SPARE = 128
"""So many access points that a survey never heard a scan may list before it costs time."""
Place = Callable[[ScanTable, ScanTable], Located]


def placer(expert: str, matcher: Params | None) -> Place:
    """Return what places scans by a survey: an entry of EXPERTS, with a matcher's parameters.

    Raises InputError where it needs a matcher and has none, or is trained on the survey.
    """
    known = EXPERTS.named(expert)
    if known.joins:
        return MixedPlace([placer(name, matcher) for name in known.joins])
    if known.likely:
        return MapPlace()
    if known.place:
        return found_at(known.place)
    if expert not in UNTRAINED:
        raise InputError(
            f"the expert {expert!r} is trained on the survey",
            remedy=f"name one that is not: {', '.join(UNTRAINED)}",
        )
    if matcher is None:
        raise InputError(
            f"the expert {expert!r} is a network",
            remedy="leave --pretrained out, or give WORKDIR of a study that pretrained it",
        )
    return MatcherPlace(matcher)


class MapPlace:
    """Place scans by a radio map, which is made once for all of them."""

    def __init__(self) -> None:
        """Map nothing yet."""
        self._made: tuple[ScanTable, radio_map.RadioMap, Cells, np.ndarray] | None = None

    def __call__(self, survey: ScanTable, one: ScanTable) -> Located:
        """Place scans as `radio_map.locate`; raises as that does."""
        if self._made is None or self._made[0] is not survey:
            cells = radio_map.around(survey)
            made = radio_map.mapped(survey, cells.centres_m.reshape(-1, 2))
            self._made = survey, made, cells, log_walked(survey.xy_m, cells, None).ravel()
        _, made, cells, log_prior = self._made
        return radio_map.summed_up(radio_map.log_likelihood(made, one) + log_prior, cells)


class MixedPlace:
    """Place scans by several experts as one."""

    def __init__(self, places: Sequence[Place]) -> None:
        """Take what places them, each for itself."""
        self._places = places

    def __call__(self, survey: ScanTable, one: ScanTable) -> Located:
        """Place scans f64[M, 2], f64[M]; raises as each of them does."""
        return joined([place(survey, one) for place in self._places])


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
