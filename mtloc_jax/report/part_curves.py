"""How networks trained that are parts of arms, or that others start from, by epoch."""

from collections.abc import Iterator
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.locate import EXPERTS, MOTIONS, NETWORK
from mtloc_jax.report import style
from mtloc_jax.report.headline import held
from mtloc_jax.report.provenance import Provenance, seedcounted
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.training_curves import (
    FEW,
    LINES,
    WINDOWS,
    by_seed,
    loss_axis,
    number,
    of_part,
)
from mtloc_jax.report.values import Cell, Count, Label
from mtloc_jax.rows import Table

PRETRAINING = "pretraining"
_LABELS = {PRETRAINING: "pretraining in the source", "first survey": "trained on the first survey"}
_LABELS |= {name: expert.label for name, expert in EXPERTS.items() if expert.origin}
_LABELS |= {
    name.replace(NETWORK, "motion"): motion.label
    for name, motion in MOTIONS.items()
    if motion.origin
}
"""Part of history.csv -> what it is, in the order of panels and lines."""
_LOSSES = {
    "training_loss": {"color": "#0072B2", "linestyle": "-", "label": "training"},
    "validation_loss": {"color": "#D55E00", "linestyle": "--", "label": "validation"},
}
_ACROSS, _CHARS_AN_INCH = 3, 16  # of a caption
_WHAT = (
    "Loss: squared error of scaled targets; of matchers metres, and how far off they are about "
    "themselves and candidates; of motion networks a negative log likelihood, which may be below 0"
)


def parts_in(table: Table) -> list[str]:
    """Return the parts that the rows of history.csv hold but for networks of windows."""
    return [part for part in held(_LABELS, table["part"]) if part != WINDOWS]


def part_figure(table: Table, provenance: Provenance) -> Figure | None:
    """Draw training and validation loss of each part against epochs, a panel each; None of none."""
    parts = parts_in(table)
    if not parts:
        return None
    rows, across = -(-len(parts) // _ACROSS), min(len(parts), _ACROSS)
    width_in = 3.4 * across + 1.6
    shown = np.isin(table["part"], parts)
    lines = (
        f"{provenance.site_pair} | {seedcounted({n: v[shown] for n, v in table.items()})}",
        f"{LINES}.",
        f"{_WHAT}.",
    )
    drawn = style.figure(
        provenance.title("Training of parts: loss by epoch"),
        "\n".join(fill(line, int(_CHARS_AN_INCH * width_in)) for line in lines),
        width_in,
        2.6 * rows + 1.0,
    )
    panels = drawn.subplots(rows, across, squeeze=False).ravel()
    for axes, part in zip(panels, parts, strict=False):
        of = of_part(table, part)
        for name, line in _LOSSES.items():
            _draw(axes, of, name, line)
        axes.set(title=_LABELS.get(part, part), xlabel="epoch", ylabel="loss")
        if len(epochs := np.unique(of["epoch"])) > 1:
            axes.xaxis.get_major_locator().set_params(integer=True)
        else:
            axes.set_xticks(epochs)
        loss_axis(axes, np.concatenate([of[name] for name in _LOSSES]))
    for axes in panels[len(parts) :]:
        axes.set_axis_off()
    style.legend(drawn, panels[: len(parts)])
    return drawn


def part_table(table: Table, provenance: Provenance) -> list[ReportTable]:
    """Return how each part trained, a line each; none where there is none."""
    columns = (
        Column("part", ("part",), Reach.DATA, True),
        Column("network", (), label=True),
        Column("networks", ("networks",)),
        Column("epochs", ("epochs",)),
        Column("loss, first", ("first_loss", "first_loss_spread")),
        Column("loss, last", ("last_loss", "last_loss_spread")),
        Column("validation loss, last", ("validation_loss", "validation_loss_spread")),
        Column("validation (m), last", ("validation_m", "validation_m_spread")),
    )
    notes = (
        "Mean ± standard deviation over networks: one a seed, and of those trained on a survey one "
        f"a seed of each variant. {_WHAT}. {FEW}; matchers and motion networks are measured by "
        "the arms they are in.",
        provenance.footer(),
    )
    lines = tuple(_lines(table))
    title = provenance.title("Training of what is carried over, and of parts")
    scope = provenance.site_pair
    return [ReportTable(title, scope, columns, lines, notes)] if lines else []


def _lines(table: Table) -> Iterator[tuple[Cell, ...]]:
    for part in parts_in(table):
        runs = [run for _, run in by_seed(of_part(table, part))]
        epochs = max(int(run["epoch"].max()) for run in runs)
        figures = zip(*map(_figures, runs), strict=True)
        named = Label(part, (part,)), _LABELS.get(part, part), Count(len(runs)), Count(epochs)
        yield *named, *map(number, figures, (4, 4, 4, 2))


def _figures(run: Table) -> tuple[float, ...]:
    """Return first and last loss, and validation loss and error where last measured."""
    loss = run["training_loss"]
    last = (run[name][np.isfinite(run[name])] for name in ("validation_loss", "validation_error_m"))
    return loss[0], loss[-1], *(of[-1] if len(of) else np.nan for of in last)


def _draw(axes: Axes, rows: Table, name: str, line: style.Line) -> None:
    known = {column: values[np.isfinite(rows[name])] for column, values in rows.items()}
    if not len(known["epoch"]):
        return
    runs = by_seed(known)
    for _, run in runs if len(runs) > 1 else ():
        axes.plot(run["epoch"], run[name], **line | {"linewidth": 0.7, "alpha": 0.35, "label": "_"})
    epochs = np.unique(known["epoch"])
    means = [known[name][known["epoch"] == epoch].mean() for epoch in epochs]
    axes.plot(epochs, means, **line | {"marker": "o" if len(epochs) < 8 else ""})
