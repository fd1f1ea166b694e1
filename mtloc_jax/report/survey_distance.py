"""Errors by distance to what was surveyed: an error says little without it."""

from collections.abc import Container, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.locate import FILTER, HELD, STEPS
from mtloc_jax.report import bands, style
from mtloc_jax.report.headline import ArmAtRate, models
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.summary import of_whole_seeds, over_seeds
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import Cell, Count, Label, Number
from mtloc_jax.rows import Selection, Table, of_arm, select
from mtloc_jax.sites.survey import BANDS, BEFORE_SCAN

AFTER_SCAN = "all after the first scan"
_SPLITS = ("validation", "test")
_NOTE = (
    "Metres: mean over windows, then mean ± standard deviation over seeds. Bands are of the "
    "distance to the nearest window, or scan, of those that the run was trained on; windows before "
    "their walk's first scan are in none of them."
)
_CAPTION = "Nearest surveyed position; windows before their walk's first scan apart; "
_MOST_ARMS = 13  # that a reader tells apart
_LETTER = 0.075  # inches, of a legend
_FEWER = (
    "Of arms that locate walks, those with the newest scan held and, causal, with steps; the table "
    "has all."
)


def distance_table(table: Table, scope: str, provenance: Provenance) -> list[ReportTable]:
    """Return the errors of each arm by band, of coverage.csv; none where it holds none.

    Runs on several test rounds are pooled window by window, of the seeds that have all of them.
    """
    columns = (
        Column("split", ("split",), label=True),
        Column("nearest", ("nearest",), label=True),
        Column("distance", ("band",), label=True),
        Column("arm and rate", ("arm", "finetune_rate"), Reach.DATA, True),
        Column("arm", (), label=True),
        Column("mean", ("mean_m", "mean_m_spread")),
        Column("windows", ("n_windows",), Reach.DATA),
    )
    lines = tuple(_lines(table))
    title = provenance.title("Error (m) by distance to the survey")
    notes = (_NOTE, provenance.footer())
    return [ReportTable(title, scope, columns, lines, notes, across="arm")] if lines else []


def distance_figure(table: Table, scope: str, provenance: Provenance) -> Figure | None:
    """Draw the errors of the leading arms by distance to the nearest surveyed position."""
    near = select(table, nearest="position")
    splits = [split for split in _SPLITS if split in set(near["split"])]
    if not splits:
        return None
    every = models(near)
    arms = every if len(every) <= _MOST_ARMS else list(filter(_is_told_apart, every))
    notes = [f"{_CAPTION}{bands.NOTE}.", *([_FEWER] if len(arms) < len(every) else [])]
    drawn = style.figure(
        provenance.title("Error by distance to the survey"),
        "\n".join([scope, *notes]),
        4.4 * len(splits) + 0.8 + _LETTER * max(len(arm_label(*arm)) for arm in arms),
        4.0,
    )
    panels = drawn.subplots(1, len(splits), sharey=True, squeeze=False)[0]
    held = _bands_held({band for arm in arms for band in of_arm(near, arm)["band"]})
    for axes, letter, split in zip(panels, "ab", splits, strict=False):
        for arm in arms:
            _draw(axes, of_whole_seeds(of_arm(select(near, split=split), arm)), arm, held)
        axes.set(title=f"({letter}) {split}", xlabel="distance to the nearest surveyed position")
        axes.set_xticks(range(len(held) + 1), [*held, "before the\nfirst scan"], fontsize=7.5)
        axes.axvline(len(held) - 0.5, color="#999999", lw=0.8)
        axes.set_xlim(-0.4, len(held) + 0.4)
    panels[0].set(ylabel="mean error (m)")
    panels[0].set_ylim(bottom=0)
    style.legend(drawn, panels)
    return drawn


def pooled(table: Table) -> tuple[np.ndarray, int]:
    """Return the mean error over the windows of rows, f64[S] of each seed, and their number.

    The number is the fewest of a seed.
    """
    seeds, of_row = np.unique(table["seed"], return_inverse=True)
    n = np.bincount(of_row, table["n_windows"], minlength=len(seeds))
    total_m = np.bincount(of_row, table["n_windows"] * table["mean_m"], minlength=len(seeds))
    return total_m / n, int(n.min())


def _lines(table: Table) -> Iterator[tuple[Cell, ...]]:
    for split in _SPLITS:
        for nearest in ("position", "scan"):
            rows = select(table, split=split, nearest=nearest)
            for band in (*BANDS, AFTER_SCAN, BEFORE_SCAN):
                for arm in models(_within(rows, band)):
                    held = _within(of_whole_seeds(of_arm(rows, arm)), band)
                    if not len(held["seed"]):
                        continue
                    of_seed, n_windows = pooled(held)
                    mean, spread = over_seeds(of_seed)
                    named = Label(arm_label(*arm), (arm[0], str(arm[1])))
                    figure = Number(float(mean), float(spread))
                    yield split, nearest, band, named, arm_label(*arm), figure, Count(n_windows)


def _within(rows: Table, band: str) -> Table:
    if band == AFTER_SCAN:
        return Selection(rows, rows["band"] != BEFORE_SCAN)
    return select(rows, band=band)


def _is_told_apart(arm: ArmAtRate) -> bool:
    """Say whether an arm is drawn where there are many."""
    locate = ARMS[arm[0]].locate
    return locate is None or locate.time == HELD or (locate.motion, locate.time) == (STEPS, FILTER)


def _bands_held(drawn: Container[str]) -> list[str]:
    """Return the bands up to the farthest that is drawn."""
    there = [at for at, band in enumerate(BANDS) if band in drawn]
    return list(BANDS[: max(there, default=0) + 1])


def _draw(axes: Axes, rows: Table, arm: ArmAtRate, held: Sequence[str]) -> None:
    line = style.line(ARMS, arm[0]) | {"label": arm_label(*arm)}
    bands.draw(axes, _curve(rows, list(enumerate(held))), line)
    apart = {"linestyle": "none", "label": "_apart"}
    bands.draw(axes, _curve(rows, [(len(held), BEFORE_SCAN)]), line | apart)


def _curve(rows: Table, places: Sequence[tuple[int, str]]) -> bands.Curve:
    held = [(at, select(rows, band=name)) for at, name in places]
    cells = [(at, *over_seeds(pooled(of)[0])) for at, of in held if len(of["seed"])]
    return bands.deviating(*np.array(cells, np.float64).reshape(-1, 3).T)
