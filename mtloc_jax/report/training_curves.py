"""How networks trained: loss and validation error by epoch, as history.csv has them."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.report import style
from mtloc_jax.report.headline import ArmAtRate, arms_in, models
from mtloc_jax.report.provenance import Provenance, seedcounted
from mtloc_jax.report.summary import over_seeds
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import Cell, Count, Label, Number
from mtloc_jax.rows import Table, of_arm, select

WINDOWS = "network"
"""What history.csv calls networks of windows."""
PANELS = {
    "training_loss": "training loss (of scaled positions)",
    "validation_error_m": "validation error (m)",
}
_THIN = {"linewidth": 0.7, "alpha": 0.35, "marker": "", "label": "_seed"}
LINES = "Thick line: mean over seeds; thin lines: seeds"
FEW = "Validation error: mean over at most 100 windows, by which nothing was chosen"
_SPANS = 4.0  # losses that fall further than this are read on a logarithmic axis


def training_figure(table: Table, provenance: Provenance) -> Figure | None:
    """Draw the leading arms' training loss and validation error against epochs, of history.csv.

    None where there is nothing; a run that diverged ends where it did.
    """
    panels = [name for name in PANELS if np.isfinite(table[name]).any()]
    if not panels:
        return None
    drawn = style.figure(
        provenance.title("Training: loss and validation error by epoch"),
        f"{provenance.site_pair} | {seedcounted(table)}\n{LINES}. {FEW}.",
        4.4 * len(panels) + 1.6,
        4.0,
    )
    every = drawn.subplots(1, len(panels), squeeze=False)[0]
    for axes, letter, name in zip(every, "ab", panels, strict=False):
        for arm in models(table):
            _draw(axes, of_arm(table, arm), arm, name)
        axes.set(title=f"({letter})", xlabel="epoch", ylabel=PANELS[name])
        axes.xaxis.get_major_locator().set_params(integer=True)
        if name == "training_loss":
            loss_axis(axes, table[name])
        else:
            axes.set_ylim(bottom=0)
    style.legend(drawn, every)
    return drawn


def loss_axis(axes: Axes, values: np.ndarray) -> None:
    """Scale an axis for losses: by powers of ten where they fall far, from 0 else.

    A likelihood may be below.
    """
    if falls_far(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif _ends(values)[0] >= 0:
        axes.set_ylim(bottom=0)


def falls_far(values: np.ndarray) -> bool:
    """Say whether losses are read by powers of ten."""
    low, high = _ends(values)
    return high > _SPANS * low > 0


def of_part(table: Table, part: str = WINDOWS) -> Table:
    """Keep the rows of one part: networks of windows, which are no part of anything."""
    return select(table, part=part)


def training_table(table: Table, provenance: Provenance) -> list[ReportTable]:
    """Return how each arm trained, a line an arm and rate, of history.csv; none of no rows."""
    columns = (
        Column("arm and rate", ("arm", "finetune_rate"), Reach.DATA, True),
        Column("arm", (), label=True),
        Column("epochs", ("epochs",)),
        Column("loss, first", ("first_loss", "first_loss_spread")),
        Column("loss, last", ("last_loss", "last_loss_spread")),
        Column("validation (m), last", ("last_m", "last_m_spread")),
        Column("validation (m), least", ("least_m", "least_m_spread")),
        Column("least at epoch", ("least_epoch", "least_epoch_spread")),
    )
    lines = tuple(_lines(table))
    notes = (
        "Training loss of the first and the last epoch, validation error after the last and at its "
        f"least, mean ± standard deviation over seeds. {FEW}.",
        provenance.footer(),
    )
    scope = f"{provenance.site_pair} | {seedcounted(table)}"
    title = provenance.title("Training")
    return [ReportTable(title, scope, columns, lines, notes)] if lines else []


def _lines(table: Table) -> Iterator[tuple[Cell, ...]]:
    for arm in arms_in(table):
        runs = [run for _, run in by_seed(of_arm(table, arm))]
        named = Label(arm[0], (arm[0], str(arm[1])))
        epochs = max(int(run["epoch"].max()) for run in runs)
        figures = zip(*map(_figures, runs), strict=True)
        cells = map(number, figures, (4, 4, 2, 2, 1))
        yield named, arm_label(*arm), Count(epochs), *cells


def number(of_seeds: tuple[float, ...], digits: int) -> Number:
    """Return the mean and spread of a figure over seeds, as a cell with so many digits."""
    mean, spread = over_seeds(np.array(of_seeds))
    return Number(float(mean), float(spread), digits)


def _figures(run: Table) -> tuple[float, ...]:
    """Return first and last loss, last and least validation error, and the epoch of that."""
    loss, known = run["training_loss"], np.flatnonzero(np.isfinite(run["validation_error_m"]))
    if not len(known):
        return loss[0], loss[-1], *[np.nan] * 3
    error_m, epoch = run["validation_error_m"][known], run["epoch"][known]
    return loss[0], loss[-1], error_m[-1], error_m.min(), epoch[error_m.argmin()]


def by_seed(rows: Table) -> list[tuple[int, Table]]:
    """Return each seed with its rows."""
    return [(int(seed), select(rows, seed=seed)) for seed in np.unique(rows["seed"])]


def _draw(axes: Axes, rows: Table, arm: ArmAtRate, name: str) -> None:
    line = style.line(ARMS, arm[0]) | {"label": arm_label(*arm)}
    known = {column: values[np.isfinite(rows[name])] for column, values in rows.items()}
    runs = by_seed(known)
    for _, run in runs if len(runs) > 1 else ():
        axes.plot(run["epoch"], run[name], **line | _THIN)
    epochs = np.unique(known["epoch"])
    means = [select(known, epoch=epoch)[name].mean() for epoch in epochs]
    axes.plot(epochs, means, **line | {"markevery": max(1, len(epochs) // 8)})


def _ends(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    return float(known.min()), float(known.max())
