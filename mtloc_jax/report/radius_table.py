"""Whether a stated radius holds: how often positions lie within it, and within a calibrated one."""

from collections.abc import Iterator, Sequence

import numpy as np

from mtloc_jax.arms import arm_label
from mtloc_jax.report.headline import ArmAtRate, models
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.summary import of_whole_seeds, over_seeds
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import BLANK, Cell, Count, Label, Number
from mtloc_jax.rows import Table, of_arm, select
from mtloc_jax.sites.survey import BANDS, BEFORE_SCAN

ALL = "all"
_NOTE = (
    "Share of windows within a radius meant to hold 90 %. Stated: 2.15 standard deviations of a "
    "coordinate. Calibrated: as many as held 90 % of other walks of the floor (split conformal, "
    "each walk alike). Radius: its mean, metres. Walks below: with less than 80 % within."
)
_FOLDS = (
    "Where every walk is tested, a fifth of the walks in turn is calibrated by the others; where "
    "some validate, by these. Too few: fewer than nine walks calibrate no 90 %."
)


def radius_table(table: Table, scope: str, provenance: Provenance) -> list[ReportTable]:
    """Return how radii cover the test windows, a line an arm, radius and band; none of no rows.

    table: radius.csv; rows of several test rounds or targets are pooled window by window, of the
    seeds that have all of them.
    """
    columns = (
        Column("arm and rate", ("arm", "finetune_rate"), Reach.DATA, True),
        Column("arm", (), label=True),
        Column("radius", ("radius",), label=True),
        Column("distance to the survey", ("band",), label=True),
        Column("within", ("covered", "covered_spread")),
        Column("radius (m)", ("radius_m", "radius_m_spread")),
        Column("walks below", ("walks_below", "walks_below_spread")),
        Column("walks", ("n_walks",)),
        Column("windows", ("n_windows",), Reach.DATA),
    )
    lines = tuple(_lines(select(table, split="test")))
    title = provenance.title("Does a radius hold? Share of test windows within it")
    notes = (_NOTE, _FOLDS, provenance.footer())
    return [ReportTable(title, scope, columns, lines, notes)] if lines else []


def _lines(table: Table) -> Iterator[tuple[Cell, ...]]:
    for arm in models(table):
        of = of_whole_seeds(of_arm(table, arm))
        for radius in dict.fromkeys(of["radius"].tolist()):
            for band in (ALL, *BANDS, BEFORE_SCAN):
                rows = select(of, radius=radius, band=band)
                if len(rows["seed"]):
                    yield _line(arm, radius, band, rows)


def _line(arm: ArmAtRate, radius: str, band: str, rows: Table) -> tuple[Cell, ...]:
    by_seed = [select(rows, seed=seed) for seed in np.unique(rows["seed"])]
    covered, radius_m = (
        np.array([np.average(of[name], weights=of["n_windows"]) for of in by_seed])
        for name in ("covered", "radius_m")
    )
    below = np.array([of["walks_below"].sum() for of in by_seed])
    n_walks, n_windows = (min(int(of[n].sum()) for of in by_seed) for n in ("n_walks", "n_windows"))
    known = bool(np.isfinite(covered).all())
    return (
        Label(arm[0], (arm[0], str(arm[1]))),
        arm_label(*arm),
        radius,
        band,
        *(
            _figures((covered, radius_m, below))
            if known
            else (Label("too few", ("",)), BLANK, BLANK)
        ),
        Count(n_walks),
        Count(n_windows),
    )


def _figures(values: Sequence[np.ndarray]) -> tuple[Cell, ...]:
    digits = (3, 1, 1)
    summed = [over_seeds(of) for of in values]
    return tuple(
        Number(float(mean), float(spread), n)
        for (mean, spread), n in zip(summed, digits, strict=True)
    )
