"""What each ingredient is worth, as tables, a figure and sentences."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS
from mtloc_jax.locate import EXPERTS, JOINS
from mtloc_jax.report import bands, style
from mtloc_jax.report.claim_tables import (
    BETTER_ON,
    better_on,
    claim_cells,
    claim_columns,
    claim_notes,
)
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rungs import NOTHING, Rung
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import Cell, Count, Label, Number
from mtloc_jax.rows import METRICS
from mtloc_jax.sites.losses import LOSSES

_METRICS = ("mean_m", "median_m", "p90_m")
_WINDOWS = "windows"
_NOTE = (
    "Metres: over windows of 100 ms, then mean ± standard deviation over seeds. Causal: by what "
    "had arrived till then; offline: by the whole walk. Ratio: of means, to 5-NN cosine held."
)
_QUANTILES = (
    "Median and p90 of several test rounds or targets are read off their quantiles, 2 % apart."
)
_PAIRED = (
    "Difference to 5-NN cosine held, paired by walk: the mean over walks of each walk's mean, so "
    "that short walks count as long ones do. Walks are the blocks of the interval; of fewer than "
    "four there is none."
)
_CAPTION = (
    "(a) bar: mean, dot: median; pale: offline. (b) difference to 5-NN held, paired by walk, 95 % "
    "interval over walks (none below four); left of 0: errs less."
)
_ROW_IN, _HEAD_IN, _CAPTION_CHARS = 0.24, 1.7, 150


def ladder_table(found: Sequence[Rung], scope: str, provenance: Provenance) -> list[ReportTable]:
    """Return the ladder: a line an arm, with its difference to the reference; none of no rung."""
    if not found:
        return []
    columns = (
        Column("arm and rate", ("arm", "finetune_rate"), Reach.DATA, True),
        Column("variant", ("variant",), label=True),
        Column("lost", ("lost",), label=True),
        Column("arm", (), label=True),
        *(Column(METRICS[name].label, (name, f"{name}_spread")) for name in _METRICS),
        Column("ratio", ("ratio",)),
        *claim_columns(brief=True),
        BETTER_ON,
        Column("windows", ("n_windows",), Reach.DATA),
    )
    claims = [one.claim for one in found if one.claim]
    return [
        ReportTable(
            provenance.title("Ladder: test error (m), and difference to 5-NN held"),
            scope,
            columns,
            tuple(_line(one, _is_lossy(found)) for one in found),
            (_NOTE, _QUANTILES, _PAIRED, *claim_notes(claims), provenance.footer()),
            lead=tuple(sentences(found)),
        )
    ]


def last_variant(found: Sequence[Rung]) -> str:
    """Return the last variant of rungs: of several targets all together, of one alone that."""
    return found[-1].variant if found else ""


def ratio_table(found: Sequence[Rung], scope: str, provenance: Provenance) -> list[ReportTable]:
    """Return mean errors and ratios as a grid: held, causal, offline."""
    lossy = _is_lossy(found)
    lines = tuple(
        (
            one.variant,
            lost_label(one.lost) if lossy else "",
            _ingredients(one),
            position(one),
            Label(f"{one.mean_m:.2f} ({one.ratio:.2f})"),
        )
        for one in found
    )
    if not lines:
        return []
    columns = (
        Column("variant", ("variant",), label=True),
        Column("lost", ("lost",), label=True),
        Column("ingredients", ("ingredients",), label=True),
        Column("position", ("position",), label=True),
        Column("mean (ratio)", ("mean_and_ratio",)),
    )
    title = provenance.title("Ladder: mean test error (m), and its ratio to 5-NN held")
    notes = (_NOTE, provenance.footer())
    return [ReportTable(title, scope, columns, lines, notes, across="position")]


def sentences(found: Sequence[Rung]) -> list[str]:
    """Say which arm errs least, held, causally and offline, and how much less than 5-NN held.

    Of several variants the last one alone, which is all targets where these are swept.
    """
    last = last_variant(found)
    whole = [one for one in found if one.lost == NOTHING and one.variant == last]
    names = dict.fromkeys(join.label for join in JOINS.values())
    every = [[one for one in whole if position(one) == name] for name in names]
    best = [min(of, key=lambda one: one.mean_m) for of in every if of]
    return [_sentence(one) for one in best if one.claim]


def ladder_figure(found: Sequence[Rung], scope: str, provenance: Provenance) -> Figure | None:
    """Draw the mean error of each arm, and its difference to the reference, nothing lost.

    Of several variants the last one alone, as `sentences`.
    """
    last = last_variant(found)
    whole = [one for one in found if one.lost == NOTHING and one.variant == last]
    if not whole:
        return None
    what = "Ladder: what each ingredient is worth"
    drawn = style.figure(
        provenance.title(f"{what}, {last}" if last else what),
        f"{fill(scope, _CAPTION_CHARS)}\n{_CAPTION}",
        10.4,
        _HEAD_IN + _ROW_IN * len(whole),
    )
    left, right = drawn.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for at, one in enumerate(whole):
        _draw(left, right, at, one)
    left.set_yticks(range(len(whole)), [one.label for one in whole])
    left.invert_yaxis()
    end_m = style.axis_end(drawn, [one.mean_m for one in whole])
    left.set(xlabel="(a) error (m)", xlim=(0, 1.05 * end_m))
    right.set_xlim(*_differences_shown(whole, end_m))
    right.set(xlabel="(b) difference to 5-NN held (m)")
    right.axvline(0, color="#000000", lw=0.9)
    for axes in (left, right):
        axes.grid(visible=False, axis="y")
        axes.set_axisbelow(True)
    return drawn


def _line(one: Rung, lossy: bool) -> tuple[Cell, ...]:
    return (
        Label(one.arm[0], (one.arm[0], str(one.arm[1]))),
        one.variant,
        Label(lost_label(one.lost) if lossy else "", (one.lost,)),
        one.label,
        *(Number(*one.metric(name)) for name in _METRICS),
        Number(one.ratio),
        *claim_cells(one.claim, brief=True),
        better_on(one.claim),
        Count(one.n_windows),
    )


def _sentence(best: Rung) -> str:
    assert best.claim is not None
    found = best.claim.difference
    known = np.isfinite(found.low_m)
    sure = f" [{found.low_m:+.2f}, {found.high_m:+.2f}]" if known else ""
    where = f"{best.variant}: " if best.variant else ""
    return (
        f"{where}least {position(best)}: {best.label}, {best.mean_m:.2f} m, {best.ratio:.2f} of "
        f"5-NN held; paired by walk {found.mean_m:+.2f} m{sure}."
    )


def _draw(left: Axes, right: Axes, at: int, one: Rung) -> None:
    color = style.line(ARMS, one.arm[0])["color"]
    left.barh(at, one.mean_m, 0.7, color=color, alpha=1.0 if is_causal(one) else 0.45)
    left.plot(one.metric("median_m")[0], at, "o", color="#FFFFFF", markeredgecolor="#000000")
    if one.claim is None:
        return
    found = one.claim.difference
    ends = [found.mean_m], [found.low_m], [found.high_m]
    curve = bands.Curve(np.array([float(at)]), *map(np.array, ends))
    bands.draw_dots(right, curve, {"color": color, "marker": "o"})


def _differences_shown(found: Sequence[Rung], end_m: float) -> tuple[float, float]:
    """Return the ends of the axis of differences, metres: those of arms whose bars are whole."""
    shown = [one.claim.difference for one in found if one.claim and one.mean_m <= end_m]
    ends = [end for one in shown for end in (one.mean_m, *one.interval_m)]
    known = [0.0, *(end for end in ends if np.isfinite(end))]
    margin_m = 0.06 * max(max(known) - min(known), 0.1)
    return min(known) - margin_m, max(known) + margin_m


def _is_lossy(found: Sequence[Rung]) -> bool:
    return any(one.lost != NOTHING for one in found)


def lost_label(name: str) -> str:
    """Name a loss as tables do."""
    if name == NOTHING:
        return "nothing"
    return LOSSES[name].label if name in LOSSES else name


def position(one: Rung) -> str:
    """Say when an arm's position is known: held, causal or offline; of arms of windows, that."""
    locate = ARMS[one.arm[0]].locate if one.arm[0] in ARMS else None
    return JOINS[locate.time].label if locate else _WINDOWS


def is_causal(one: Rung) -> bool:
    """Say whether an arm goes by what had arrived till then."""
    locate = ARMS[one.arm[0]].locate if one.arm[0] in ARMS else None
    return locate is None or JOINS[locate.time].causal


def _ingredients(one: Rung) -> str:
    """Return an arm's expert and motion in words; the label of an arm of windows."""
    locate = ARMS[one.arm[0]].locate if one.arm[0] in ARMS else None
    if locate is None:
        return one.label
    return ", ".join(filter(None, (EXPERTS[locate.expert].label, locate.joined)))
