"""Fig 4, 5 and 6 from the rows: error CDFs and drop curves, with bands over seeds."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, FINETUNED, WIPED_SHARE, arm_label, percent
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report import bands, headline, style
from mtloc_jax.report.headline import ArmAtRate, held
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.summary import over_seeds, per_seed
from mtloc_jax.rows import QUANTILES, Table, of_arm, select, wiped_at_random

LEVELS = np.array(QUANTILES) / 100
QUANTILE_NAMES = [f"q{level:03d}" for level in QUANTILES]
# The last few per cent stretch the axis tenfold; p95 is in the tables.
_SHOWN_LEVEL = QUANTILES.index(96)
SHARE_LABEL = "share of windows with a smaller error"
_MARK_EVERY = 12  # levels
_STRAIGHT = (
    "Whole windows are lost: for a network that sees one window at a time every curve is, but for "
    "the draw,\nthe straight line from nothing wiped to all wiped. How a loss grows is in the mode "
    "samples, and for networks\nthat see more than a window in bursts."
)


def fig4(cdf: Table, table: Table, provenance: Provenance) -> Figure | None:
    """Draw the error CDF per fine-tune rate on validation and test ("Fig 4"); None without rows."""
    clean = select(cdf, modality="none")
    splits = [split for split in ("validation", "test") if split in set(clean["split"])]
    if not splits:
        return None
    scope = provenance.scope(select(table, modality="none"))
    drawn = _figure(provenance.title("Fig 4: error CDF by fine-tune rate"), [scope], len(splits))
    panels = drawn.subplots(1, len(splits), sharex=True, sharey=True, squeeze=False)[0]
    for axes, letter, split in zip(panels, "ab", splits, strict=False):
        on_split = select(clean, split=split)
        for at, (arm, line) in enumerate(rate_lines(on_split)):
            _draw_cdf(axes, of_arm(on_split, arm), line, at)
        axes.set_title(f"({letter}) {split}")
    _finish_cdfs(drawn, panels)
    return drawn


def fig5(table: Table, provenance: Provenance) -> Figure | None:
    """Draw mean error against drop rate per modality ("Fig 5"); None below two drop rates.

    The model is the fine-tuned one at the headline rate, else the first of those that were wiped.
    """
    wiped = wiped_test(table)
    models = headline.models(wiped)
    model = next((one for one in models if one[0] == FINETUNED), models[0] if models else None)
    rows = of_arm(wiped, model) if model else wiped
    if model is None or len(np.unique(rows["drop_rate"])) < 2:
        return None
    title = f"Fig 5: mean error against drop rate, {arm_label(*model)}"
    scope = provenance.scope(select(of_arm(table, model), split="test"))
    notes = [scope, headline.rate_note(wiped), *wiping_notes(provenance)]
    drawn = _figure(provenance.title(title), notes, 1)
    axes = drawn.subplots()
    draw_drops(axes, rows)
    axes.set(xlabel=drop_label(provenance))
    axes.set(ylabel="mean error (m)")
    axes.set_ylim(bottom=0)
    style.legend(drawn, [axes], title="wiped")
    return drawn


def drop_label(provenance: Provenance) -> str:
    """Return what an axis of drop rates says, in per cent."""
    return f"drop rate: share of the modality's test {_points(provenance)} wiped (%)"


def wiped_label(provenance: Provenance) -> str:
    """Return the same, shorter, where a title names the modality."""
    return f"share of test {_points(provenance)} wiped (%)"


def _points(provenance: Provenance) -> str:
    return "samples" if provenance.mode == "samples" else "windows"


def draw_drops(axes: Axes, rows: Table) -> None:
    """Draw one arm's mean error against the drop rate, a curve a wiped modality."""
    for name in held(MODALITIES, rows["modality"]):
        curve = bands.along(select(rows, modality=name), "drop_rate", "mean_m")
        bands.draw(axes, curve.times(100), style.line(MODALITIES, name))
    axes.set_xlim(-2, 102)


def wiping_notes(provenance: Provenance) -> list[str]:
    """Say how modalities were wiped, and where that leaves nothing but straight lines."""
    straight = provenance.mode in ("windows", "bursts")
    return [provenance.wiping, _STRAIGHT if straight else ""]


def fig6(cdf: Table, table: Table, provenance: Provenance) -> Figure | None:
    """Draw one panel a wiped modality, of each model's CDF ("Fig 6"); None without rows.

    The share wiped is the one nearest to 40 % of those whose CDFs are kept.
    """
    if not len(wiped_test(cdf)["seed"]):
        return None
    share, shown = partly_wiped(cdf)
    scope = provenance.scope(select(table, split="test", drop_rate=share))
    names = held(MODALITIES, shown["modality"])
    title = f"Fig 6: error CDF with {percent(share)} of one modality wiped"
    notes = [scope, headline.rate_note(shown), provenance.wiping]
    drawn = _figure(provenance.title(title), notes, len(names))
    panels = drawn.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
    for at_panel, (axes, name) in enumerate(zip(panels, names, strict=True)):
        of_modality = select(shown, modality=name)
        for at, model in enumerate(headline.models(shown)):
            line = style.line(ARMS, model[0]) | {"label": arm_label(*model)}
            _draw_cdf(axes, of_arm(of_modality, model), line, 3 * at)
        label = style.line(MODALITIES, name)["label"]
        axes.set_title(f"({chr(ord('a') + at_panel)}) {label} wiped")
    _finish_cdfs(drawn, panels)
    return drawn


def wiped_test(rows: Table) -> Table:
    """Return the test rows that something was wiped of at random."""
    return wiped_at_random(select(rows, split="test"))


def partly_wiped(cdf: Table) -> tuple[float, Table]:
    """Return the share wiped nearest to 40 % of those whose CDFs are kept, and its rows."""
    wiped = wiped_test(cdf)
    share = float(min(np.unique(wiped["drop_rate"]), key=lambda rate: abs(rate - WIPED_SHARE)))
    return share, select(wiped, drop_rate=share)


def rate_lines(clean: Table) -> Iterable[tuple[ArmAtRate, style.Line]]:
    """Yield each rate of grafted arms, shaded by rate, and the largest survey of all others."""
    for arm in held(ARMS, clean["arm"]):
        rates, line = headline.rates_of(clean, arm), style.line(ARMS, arm)
        for rate in rates if headline.grafted(arm) else rates[:1]:
            shade = style.rate_shade(rate) if len(rates) > 1 and headline.grafted(arm) else {}
            yield (arm, rate), line | shade | {"label": arm_label(arm, rate)}


def _figure(title: str, notes: Sequence[str], n_panels: int) -> Figure:
    caption = "\n".join(filter(None, [notes[0], bands.NOTE, *notes[1:]]))
    return style.figure(title, caption, max(2.7 * n_panels, 5.2) + 1.7, 4.2)


def _draw_cdf(axes: Axes, rows: Table, line: style.Line, at: int) -> None:
    """Draw one model's CDF; `at` staggers the markers so that neighbours do not hide each other."""
    if len(rows["seed"]):
        curve = bands.deviating(LEVELS, *over_seeds(per_seed(rows, QUANTILE_NAMES)[1]))
        markers = {"markevery": ((4 + at) % _MARK_EVERY, _MARK_EVERY)}
        bands.draw(axes, curve, line | markers, sideways=True)


def _finish_cdfs(drawn: Figure, panels: Sequence[Axes]) -> None:
    curves = [np.asarray(line.get_xdata()) for axes in panels for line in axes.get_lines()]
    end_m = style.axis_end(drawn, [curve[_SHOWN_LEVEL] for curve in curves])
    for axes in panels:
        axes.set(xlabel="error (m)", xlim=(0, end_m), ylim=(0, 1))
    panels[0].set_ylabel(SHARE_LABEL)
    style.legend(drawn, panels)
