"""Which expert errs least on a survey: its walks, each located by all the others."""

from collections.abc import Callable, Mapping
from functools import partial

import jax
import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.experts import matcher_fixes, nearest, radio_map
from mtloc_jax.experts.nearest import Located
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.locate import EXPERTS
from mtloc_jax.prediction.survey import Survey
from mtloc_jax.registry import found_at

WALKS = 60
"""So many walks of a survey choose, spread evenly over all."""
Each = Callable[[ScanTable], Located]
"""Places the scans of each walk of a table by the survey of all others."""


def each_placer(expert: str, matcher: Params | None) -> Each:
    """Return what places each walk by the others: an entry of EXPERTS that `placer` takes."""
    known = EXPERTS.named(expert)
    if known.likely:
        return radio_map.locate_each_walk
    if known.place:
        return partial(nearest.each_walk, found_at(known.place))
    stacked = jax.tree.map(lambda leaf: leaf[None], matcher)

    def matched(table: ScanTable) -> Located:
        xy_m, sigma_m = matcher_fixes.locate_each_walk(stacked, table)
        return xy_m[0], sigma_m[0]

    return matched


def spread(count: int, most: int) -> np.ndarray:
    """Return `most` of so many numbers i64[N], spread evenly over all; all where they are fewer."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


def least(survey: Survey, experts: Mapping[str, Each], *, most: int = WALKS) -> str:
    """Return the expert whose places of scans err least, in the mean; of two alike the first.

    Raises InputError where fewer than two walks of the survey have a scan.
    """
    walks = spread(len(survey.walks), most)
    table = survey.table.at(np.flatnonzero(np.isin(survey.table.walk, walks)))
    if len(np.unique(table.walk)) < 2:
        raise InputError(
            f"no two walks of {survey.name} have a scan to choose an expert by",
            remedy=f"name one: {', '.join(experts)}",
        )
    off_m = {
        name: float(np.linalg.norm(each(table)[0] - table.xy_m, axis=1).mean())
        for name, each in experts.items()
    }
    return min(off_m, key=lambda name: off_m[name])
