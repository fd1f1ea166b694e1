"""How much survey a predictor without a network needs: error against minutes walked."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.report import arms, look
from mtloc_jax.report.baseline_tables import LABELS, named
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.demand import curve
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import Table, select

SPLITS = ("validation", "test")
_LINES: dict[str, look.Line] = {
    "constant": {"color": "#999999", "linestyle": (0, (1, 2)), "marker": "x"},
    "elapsed-time": {"color": "#E69F00", "linestyle": (0, (4, 1, 1, 1)), "marker": "P"},
    "wifi-knn": {"color": "#009E73", "linestyle": "-", "marker": "D"},
    "wifi-weighted-knn": {"color": "#56B4E9", "linestyle": (0, (5, 1.5)), "marker": "v"},
    "wifi-forest": {"color": "#CC79A7", "linestyle": "-", "marker": "*"},
    "wifi-gaussian-process": {"color": "#D55E00", "linestyle": (0, (3, 1, 1, 1)), "marker": "X"},
    arms.SCRATCH: look.ARM_LINES[arms.SCRATCH] | {"linewidth": 2.2},
    arms.FINETUNED: look.ARM_LINES[arms.FINETUNED] | {"linewidth": 2.2},
}


def baseline_demand(table: Table, survey: Survey | None, provenance: Provenance) -> Figure:
    """Draw each baseline's mean error by survey size on both splits, networks where there are.

    survey: all training rounds, for an axis in minutes; in per cent of the rounds without
    """
    rows = select(table, modality="none")
    title = "Data demand of predictors without a network"
    note = "; networks beside them see the same windows" if arms.SCRATCH in named(rows) else ""
    # Bands of eight arms would hide each other and the lines: spreads are left to the table.
    caption = f"{provenance.scope(rows)}\nmean over seeds{note}"
    drawn = look.figure(provenance.title(title), caption, 9.8, 4.4)
    panels = drawn.subplots(1, 2, sharex=True, sharey=True)
    for axes, split in zip(panels, SPLITS, strict=True):
        for arm in named(rows):
            _draw(axes, select(rows, split=split), arm, survey)
        axes.set(title=split, xlabel=_axis(survey))
    panels[0].set(ylabel="mean error (m)")
    panels[0].set_xlim(left=0)
    panels[0].set_ylim(bottom=0)
    drawn.legend(*panels[1].get_legend_handles_labels(), loc="outside right center")
    return drawn


def _draw(axes: Axes, rows: Table, arm: str, survey: Survey | None) -> None:
    found, line = curve(rows, arm, "mean_m"), _LINES[arm]
    size = found.shares * (survey.minutes if survey else 100)
    axes.plot(size, found.mean_m, **line, label=LABELS[arm])


def _axis(survey: Survey | None) -> str:
    if survey is None:
        return "training rounds of the building used (%)"
    return f"minutes surveyed (all {survey.rounds} training rounds: {survey.minutes:.1f} min)"
