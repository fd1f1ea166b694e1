"""What each ingredient is worth: every arm beside 5-NN with the newest scan held."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.locate import EXPERTS, HELD, JOINS, MOTIONS
from mtloc_jax.report import bands, style
from mtloc_jax.report.by_walk import Paired, paired
from mtloc_jax.report.claim_tables import claim_cells, claim_columns, claim_notes
from mtloc_jax.report.claims import Claim, corrected
from mtloc_jax.report.headline import ArmAtRate, held, models
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.summary import Summary, summarise
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import BLANK, Cell, Count, Label, Number, Of
from mtloc_jax.rows import METRICS, Table, of_arm, of_losses, select
from mtloc_jax.sites.losses import LOSSES

REFERENCE = "cosine-held"
NOTHING = "none"
_METRICS = ("mean_m", "median_m", "p90_m")
_WINDOWS = "windows"
_NOTE = (
    "Metres: over windows of 100 ms, then mean ± standard deviation over seeds. Causal: by what "
    "had arrived till then; offline: by the whole walk. Ratio: of means, to 5-NN cosine held."
)
_PAIRED = (
    "Difference to 5-NN cosine held, paired by walk: the mean over walks of each walk's mean, so "
    "that short walks count as long ones do. Walks are the blocks of the interval; of fewer than "
    "four there is none."
)
_APART = "Windows before their walk's first scan stand apart, under distance to the survey."
_CAPTION = (
    "(a) bar: mean, dot: median. (b) difference to 5-NN held, paired by walk, 95 % interval over "
    "walks (none below four); left of 0: errs less."
)
_ROW_IN, _HEAD_IN = 0.24, 1.7


@dataclass(frozen=True)
class Rung:
    """Hold one arm of the ladder, under one loss or none.

    ratio:   of its mean error to the reference's, NaN where that was not run
    paired:  with the reference by walk; None for itself, or where walks were not kept
    """

    arm: ArmAtRate
    lost: str
    summary: Summary
    ratio: float
    paired: Paired | None
    claim: Claim | None

    @property
    def label(self) -> str:
        """Return what tables call the arm."""
        return arm_label(*self.arm)

    @property
    def position(self) -> str:
        """Return whether it is held, causal or offline; of an arm of windows, that."""
        return _position(self.arm[0])

    def metric(self, name: str) -> tuple[float, float]:
        """Return a metric, metres, and its spread over seeds."""
        at = list(METRICS).index(name)
        return float(self.summary.mean[at]), float(self.summary.spread[at])


def rungs(table: Table, walks: Table) -> list[Rung]:
    """Return every arm on test, with nothing lost and under each loss, in the order of ARMS.

    table: rows.csv; walks: walks.csv of the same study. None where the reference was not run.
    """
    test = select(table, split="test")
    if REFERENCE not in set(test["arm"]):
        return []
    names = [NOTHING, *held(LOSSES, of_losses(test)["modality"])]
    found = [_rungs(select(test, modality=name), walks, name) for name in names]
    return [one for of_loss in found for one in of_loss]


def ladder_table(found: Sequence[Rung], scope: str, provenance: Provenance) -> list[ReportTable]:
    """Return the ladder: a line an arm, with its difference to the reference; none of no rung."""
    if not found:
        return []
    columns = (
        Column("arm and rate", ("arm", "finetune_rate"), Reach.DATA, True),
        Column("lost", ("lost",), label=True),
        Column("arm", (), label=True),
        *(Column(METRICS[name].label, (name, f"{name}_spread")) for name in _METRICS),
        Column("ratio", ("ratio",)),
        *claim_columns(brief=True),
        Column("better on", ("n_better", "n_walks"), Reach.PAPER),
        Column("windows", ("n_windows",), Reach.DATA),
    )
    claims = [one.claim for one in found if one.claim]
    return [
        ReportTable(
            provenance.title("Ladder: test error (m), and difference to 5-NN held"),
            scope,
            columns,
            tuple(_line(one, _is_lossy(found)) for one in found),
            (_NOTE, _PAIRED, _APART, *claim_notes(claims), provenance.footer()),
            lead=tuple(sentences(found)),
        )
    ]


def ratio_table(found: Sequence[Rung], scope: str, provenance: Provenance) -> list[ReportTable]:
    """Return mean errors and ratios as a grid: what is known by held, causal, offline."""
    lossy = _is_lossy(found)
    lines = tuple(
        (
            _lost(one.lost) if lossy else "",
            _ingredients(one.arm[0]),
            one.position,
            Label(_mean_and_ratio(one)),
        )
        for one in found
        if one.arm[0] in ARMS and ARMS[one.arm[0]].locate
    )
    if not lines:
        return []
    columns = (
        Column("lost", ("lost",), label=True),
        Column("ingredients", ("ingredients",), label=True),
        Column("position", ("position",), label=True),
        Column("mean (ratio)", ("mean_and_ratio",)),
    )
    title = provenance.title("Ladder: mean test error (m), and its ratio to 5-NN held")
    notes = (_NOTE, _APART, provenance.footer())
    return [ReportTable(title, scope, columns, lines, notes, across="position")]


def sentences(found: Sequence[Rung]) -> list[str]:
    """Say which arm errs least, causally and offline, and by how much less than 5-NN held."""
    whole = [one for one in found if one.lost == NOTHING]
    said = []
    for position in dict.fromkeys(one.position for one in whole):
        best = min(
            (one for one in whole if one.position == position),
            key=lambda one: one.metric("mean_m")[0],
        )
        if best.claim is None or position == _WINDOWS:
            continue
        difference = best.claim.difference
        sure = (
            f" [{difference.low_m:+.2f}, {difference.high_m:+.2f}]"
            if np.isfinite(difference.low_m)
            else ""
        )
        said.append(
            f"Least {position}: {best.label}, {best.metric('mean_m')[0]:.2f} m, "
            f"{best.ratio:.2f} of 5-NN held; paired by walk {difference.mean_m:+.2f} m{sure}."
        )
    return said


def ladder_figure(found: Sequence[Rung], scope: str, provenance: Provenance) -> Figure | None:
    """Draw the mean error of each arm, and its difference to the reference, nothing lost."""
    whole = [one for one in found if one.lost == NOTHING]
    if not whole:
        return None
    drawn = style.figure(
        provenance.title("Ladder: what each ingredient is worth"),
        f"{scope}\n{_CAPTION}",
        10.4,
        _HEAD_IN + _ROW_IN * len(whole),
    )
    left, right = drawn.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for at, one in enumerate(whole):
        _draw(left, right, at, one)
    left.set_yticks(range(len(whole)), [one.label for one in whole])
    left.invert_yaxis()
    end_m = style.axis_end(drawn, [one.metric("mean_m")[0] for one in whole])
    left.set(xlabel="(a) error (m)", xlim=(0, 1.05 * end_m))
    right.set_xlim(*_differences_shown(whole, end_m))
    right.set(xlabel="(b) difference to 5-NN held (m)")
    right.axvline(0, color="#000000", lw=0.9)
    for axes in (left, right):
        axes.grid(visible=False, axis="y")
        axes.set_axisbelow(True)
    return drawn


def _rungs(rows: Table, walks: Table, lost: str) -> list[Rung]:
    """Return the arms under one loss, their p-values corrected together."""
    of_walks = select(walks, split="test", modality=lost)
    arms = models(rows)
    reference = next((arm for arm in arms if arm[0] == REFERENCE), None)
    if reference is None:
        return []
    summaries = {arm: s for arm in arms if (s := summarise(of_arm(rows, arm)))}
    pairs = {
        arm: pair
        for arm in summaries
        if arm != reference and (pair := paired(of_walks, arm, reference))
    }
    where = "" if lost == NOTHING else _lost(lost)
    claims = corrected(
        [pair.claim(arm_label(*arm), arm_label(*reference), where) for arm, pair in pairs.items()]
    )
    by_arm = dict(zip(pairs, claims, strict=True))
    base_m = summaries[reference].mean[0]
    return [
        Rung(arm, lost, found, float(found.mean[0] / base_m), pairs.get(arm), by_arm.get(arm))
        for arm, found in summaries.items()
    ]


def _is_lossy(found: Sequence[Rung]) -> bool:
    return any(one.lost != NOTHING for one in found)


def _line(one: Rung, lossy: bool) -> tuple[Cell, ...]:
    better = Of(one.paired.n_better, one.paired.n_walks, "walks") if one.paired else BLANK
    return (
        Label(one.arm[0], (one.arm[0], str(one.arm[1]))),
        Label(_lost(one.lost) if lossy else "", (one.lost,)),
        one.label,
        *(Number(*one.metric(name)) for name in _METRICS),
        Number(one.ratio),
        *claim_cells(one.claim, brief=True),
        better,
        Count(one.summary.n_windows),
    )


def _draw(left: Axes, right: Axes, at: int, one: Rung) -> None:
    color = style.line(ARMS, one.arm[0])["color"]
    paler = 1.0 if _causal(one.arm[0]) else 0.45
    left.barh(at, one.metric("mean_m")[0], 0.7, color=color, alpha=paler)
    left.plot(one.metric("median_m")[0], at, "o", color="#FFFFFF", markeredgecolor="#000000")
    if one.claim is None:
        return
    found = one.claim.difference
    ends = [found.mean_m], [found.low_m], [found.high_m]
    curve = bands.Curve(np.array([float(at)]), *map(np.array, ends))
    bands.draw_dots(right, curve, {"color": color, "marker": "o"})


def _differences_shown(found: Sequence[Rung], end_m: float) -> tuple[float, float]:
    """Return the ends of the axis of differences, metres: those of arms whose bars are whole."""
    shown = [one for one in found if one.metric("mean_m")[0] <= end_m and one.claim]
    ends = [end for one in shown if one.claim for end in one.claim.difference.interval_m]
    means = [one.claim.difference.mean_m for one in shown if one.claim]
    known = [0.0, *means, *(end for end in ends if np.isfinite(end))]
    margin_m = 0.06 * max(max(known) - min(known), 0.1)
    return min(known) - margin_m, max(known) + margin_m


def _lost(name: str) -> str:
    if name == NOTHING:
        return "nothing"
    return LOSSES[name].label if name in LOSSES else name


def _position(name: str) -> str:
    locate = ARMS[name].locate if name in ARMS else None
    return JOINS[locate.time].label if locate else _WINDOWS


def _causal(name: str) -> bool:
    locate = ARMS[name].locate if name in ARMS else None
    return locate is None or JOINS[locate.time].causal


def _ingredients(name: str) -> str:
    """Return an arm's expert and motion in words."""
    locate = ARMS[name].locate
    assert locate is not None
    moved = "" if locate.time == HELD else f", {MOTIONS[locate.motion].label}"
    return f"{EXPERTS[locate.expert].label}{moved}"


def _mean_and_ratio(one: Rung) -> str:
    return f"{one.metric('mean_m')[0]:.2f} ({one.ratio:.2f})"
