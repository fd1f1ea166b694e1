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

_PANELS = {
    "training_loss": "training loss (of scaled positions)",
    "validation_error_m": "validation error (m)",
}
_THIN = {"linewidth": 0.7, "alpha": 0.35, "marker": "", "label": "_seed"}
_LINES = "Thick line: mean over seeds; thin lines: seeds"
_FEW = "Validation error: mean over at most 100 windows, by which nothing was chosen"
_SPANS = 4.0  # losses that fall further than this are read on a logarithmic axis


def training_figure(table: Table, provenance: Provenance) -> Figure | None:
    """Draw the leading arms' training loss and validation error against epochs, of history.csv.

    None where there is nothing; a run that diverged ends where it did.
    """
    panels = [name for name in _PANELS if np.isfinite(table[name]).any()]
    if not panels:
        return None
    drawn = style.figure(
        provenance.title("Training: loss and validation error by epoch"),
        f"{provenance.site_pair} | {seedcounted(table)}\n{_LINES}. {_FEW}.",
        4.4 * len(panels) + 1.6,
        4.0,
    )
    every = drawn.subplots(1, len(panels), squeeze=False)[0]
    for axes, letter, name in zip(every, "ab", panels, strict=False):
        for arm in models(table):
            _draw(axes, of_arm(table, arm), arm, name)
        axes.set(title=f"({letter})", xlabel="epoch", ylabel=_PANELS[name])
        axes.xaxis.get_major_locator().set_params(integer=True)
        low, high = _ends(table[name])
        if name == "training_loss" and high > _SPANS * low > 0:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_ylim(bottom=0)
    style.legend(drawn, every)
    return drawn


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
        f"least, mean ± standard deviation over seeds. {_FEW}.",
        provenance.footer(),
    )
    scope = f"{provenance.site_pair} | {seedcounted(table)}"
    title = provenance.title("Training")
    return [ReportTable(title, scope, columns, lines, notes)] if lines else []


def _lines(table: Table) -> Iterator[tuple[Cell, ...]]:
    for arm in arms_in(table):
        runs = [run for _, run in _by_seed(of_arm(table, arm))]
        named = Label(arm[0], (arm[0], str(arm[1])))
        epochs = max(int(run["epoch"].max()) for run in runs)
        figures = zip(*map(_figures, runs), strict=True)
        cells = map(_number, figures, (4, 4, 2, 2, 1))
        yield named, arm_label(*arm), Count(epochs), *cells


def _number(of_seeds: tuple[float, ...], digits: int) -> Number:
    mean, spread = over_seeds(np.array(of_seeds))
    return Number(float(mean), float(spread), digits)


def _figures(run: Table) -> tuple[float, ...]:
    """Return first and last loss, last and least validation error, and the epoch of that."""
    loss, known = run["training_loss"], np.flatnonzero(np.isfinite(run["validation_error_m"]))
    if not len(known):
        return loss[0], loss[-1], *[np.nan] * 3
    error_m, epoch = run["validation_error_m"][known], run["epoch"][known]
    return loss[0], loss[-1], error_m[-1], error_m.min(), epoch[error_m.argmin()]


def _by_seed(rows: Table) -> list[tuple[int, Table]]:
    return [(int(seed), select(rows, seed=seed)) for seed in np.unique(rows["seed"])]


def _draw(axes: Axes, rows: Table, arm: ArmAtRate, name: str) -> None:
    line = style.line(ARMS, arm[0]) | {"label": arm_label(*arm)}
    known = {column: values[np.isfinite(rows[name])] for column, values in rows.items()}
    runs = _by_seed(known)
    for _, run in runs if len(runs) > 1 else ():
        axes.plot(run["epoch"], run[name], **line | _THIN)
    epochs = np.unique(known["epoch"])
    means = [select(known, epoch=epoch)[name].mean() for epoch in epochs]
    axes.plot(epochs, means, **line | {"markevery": max(1, len(epochs) // 8)})


def _ends(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    return float(known.min()), float(known.max())
