"""Fig 4, 5 and 6 from the rows: error CDFs and drop curves, with bands over seeds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.report import arms, look
from mtloc_jax.report.arms import Arm
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import QUANTILES, Table, select
from mtloc_jax.report.summary import over_seeds, per_seed

_LEVELS = np.array(QUANTILES) / 100
_QUANTILE_NAMES = [f"q{level:03d}" for level in QUANTILES]
# The last few per cent stretch the axis tenfold; p95 is in the tables.
_SHOWN_LEVEL = QUANTILES.index(96)
_OTHER_NAMES = {arms.SCRATCH: "scratch", arms.TRANSFERRED: "0 % (transferred)"}
_SPLIT_TITLES = {"validation": "(a) validation", "test": "(b) test"}


def fig4(cdf: Table, table: Table, provenance: Provenance) -> Figure | None:
    """Draw the error CDF per fine-tune rate on validation and test ("Fig 4"); None without rows."""
    clean = select(cdf, modality="none")
    if not len(clean["seed"]):
        return None
    drawn = look.figure(
        provenance.title("Fig 4: error CDF by fine-tune rate"),
        f"{provenance.scope(select(table, modality='none'))}\n{look.BAND_NOTE}",
        9.2,
        4.4,
    )
    panels = drawn.subplots(1, 2, sharex=True, sharey=True)
    for axes, (split, title) in zip(panels, _SPLIT_TITLES.items(), strict=True):
        on_split = select(clean, split=split)
        for at, arm in enumerate(_rate_arms(on_split)):
            _draw_cdf(axes, arms.of_arm(on_split, arm), _fig4_line(arm), _fig4_name(arm), at)
        _label_cdf(axes, title)
    panels[0].set_ylabel("share of windows with a smaller error")
    _limit_cdf(drawn, panels)
    drawn.legend(*_longest_legend(panels), loc="outside right center", title="fine-tune rate")
    return drawn


def fig5(table: Table, provenance: Provenance) -> Figure | None:
    """Draw mean error against drop rate per modality ("Fig 5"); None below two drop rates."""
    arm = (arms.FINETUNED, arms.headline_rate(table))
    model = select(arms.of_arm(table, arm), split="test")
    wiped = {name: select(model, modality=name) for name in arms.MODALITIES}
    if not any(len(np.unique(rows["drop_rate"])) > 1 for rows in wiped.values()):
        return None
    drawn = look.figure(
        provenance.title(f"Fig 5: mean error against drop rate, {arms.arm_name(arm)}"),
        "\n".join(filter(None, [provenance.scope(model), look.BAND_NOTE, arms.rate_note(table)])),
        6.4,
        4.4,
    )
    axes = drawn.subplots()
    for name, rows in wiped.items():
        _draw_drop_curve(axes, rows, name)
    axes.set(xlabel="drop rate: share of the modality's test samples wiped (%)")
    axes.set(ylabel="mean error (m)", xlim=(-2, 102))
    axes.set_ylim(bottom=0)
    axes.legend(title="wiped", loc="upper left")
    return drawn


def fig6(cdf: Table, table: Table, provenance: Provenance) -> Figure | None:
    """Draw three panels, one wiped modality each, of three models' CDFs ("Fig 6")."""
    share = arms.percent(arms.WIPED_SHARE)
    wiped = select(cdf, split="test", drop_rate=arms.WIPED_SHARE)
    if not len(wiped["seed"]):
        return None
    scope = provenance.scope(select(table, split="test", drop_rate=arms.WIPED_SHARE))
    drawn = look.figure(
        provenance.title(f"Fig 6: error CDF with {share} of one modality wiped"),
        "\n".join(filter(None, [scope, look.BAND_NOTE, arms.rate_note(table)])),
        9.2,
        4.0,
    )
    panels = drawn.subplots(1, 3, sharex=True, sharey=True)
    for axes, letter, name in zip(panels, "abc", ("imu", "mag", "wifi"), strict=True):
        of_modality = select(wiped, modality=name)
        for at, arm in enumerate(arms.headline_arms(table)):
            label = "raw (scratch)" if arm[0] == arms.SCRATCH else arms.arm_name(arm)
            rows = arms.of_arm(of_modality, arm)
            _draw_cdf(axes, rows, look.ARM_LINES[arm[0]], label, 3 * at)
        _label_cdf(axes, f"({letter}) {arms.MODALITY_NAMES[name]} wiped")
    panels[0].set_ylabel("share of windows with a smaller error")
    _limit_cdf(drawn, panels)
    panels[0].legend(*_longest_legend(panels), loc="lower right")
    return drawn


def _rate_arms(clean: Table) -> list[Arm]:
    rates = np.unique(select(clean, arm=arms.FINETUNED)["finetune_rate"])[::-1]
    return [
        (arms.SCRATCH, 1.0),
        *((arms.FINETUNED, float(r)) for r in rates),
        (arms.TRANSFERRED, 0.0),
    ]


def _fig4_line(arm: Arm) -> look.Line:
    return look.rate_line(arm[1]) if arm[0] == arms.FINETUNED else look.ARM_LINES[arm[0]]


def _fig4_name(arm: Arm) -> str:
    return arms.percent(arm[1]) if arm[0] == arms.FINETUNED else _OTHER_NAMES[arm[0]]


def _draw_cdf(axes: Axes, rows: Table, line: look.Line, label: str, at: int) -> None:
    """Draw one arm's CDF; `at` staggers the markers so that neighbours do not hide each other."""
    if not len(rows["seed"]):
        return
    errors_m, spread_m = over_seeds(per_seed(rows, _QUANTILE_NAMES)[1])
    axes.fill_betweenx(
        _LEVELS, errors_m - spread_m, errors_m + spread_m, color=line["color"], alpha=0.13, lw=0
    )
    axes.plot(errors_m, _LEVELS, **line, markevery=(4 + at, 12), label=label)


def _draw_drop_curve(axes: Axes, rows: Table, name: str) -> None:
    rates = np.unique(rows["drop_rate"])
    if not len(rates):
        return
    line = look.MODALITY_LINES[name]
    cells = [
        over_seeds(per_seed(select(rows, drop_rate=float(rate)), ["mean_m"])[1][:, 0])
        for rate in rates
    ]
    mean_m, spread_m = np.array(cells).T
    axes.fill_between(
        100 * rates, mean_m - spread_m, mean_m + spread_m, color=line["color"], alpha=0.15, lw=0
    )
    axes.plot(100 * rates, mean_m, **line, label=arms.MODALITY_NAMES[name])


def _label_cdf(axes: Axes, title: str) -> None:
    axes.set(title=title, xlabel="error (m)", ylim=(0, 1))


def _limit_cdf(drawn: Figure, panels: Sequence[Axes]) -> None:
    curves = [np.asarray(line.get_xdata()) for axes in panels for line in axes.get_lines()]
    if curves:
        panels[0].set_xlim(0, look.axis_end(drawn, [curve[_SHOWN_LEVEL] for curve in curves]))


def _longest_legend(panels: Sequence[Axes]) -> tuple[list, list[str]]:
    return max(
        (axes.get_legend_handles_labels() for axes in panels), key=lambda found: len(found[1])
    )
