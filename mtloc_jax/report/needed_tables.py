"""How many rounds must be surveyed for an error of X metres, as a table and in sentences."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.arms import ARMS
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rounds_needed import Needed
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import BLANK, Label, Value, field

_NOT_REACHED = "not reached"
_NOTES = (
    "Read off the mean test error over seeds by share of the rounds, made to fall as the survey "
    "grows (isotonic regression), straight lines between the shares that were run.",
    "Targets: what the first arm reaches with 25, 50, 75 and 100 % of the rounds, rounded up.",
    "Interval: 95 %, the shares at which a t test over seeds, which draw rounds and weights, does "
    "not tell the fitted curve from the target: not how another test walk would turn out. "
    "Simulated: it covers 0.93 to 0.99. Not reached: not with all rounds.",
)


def needed_table(
    found: Sequence[Needed], survey: Survey | None, scope: str, provenance: Provenance
) -> list[ReportTable]:
    """Return what each arm needs for each target, in rounds and minutes where a card says them."""
    if not found:
        return []
    columns = (
        Column("error", ("target_m",), label=True),
        Column("arm", ("arm",), label=True),
        Column("rounds" if survey else "share", ("share",)),
        Column("interval", ("low", "high")),
        *((Column("minutes"),) if survey else ()),
    )
    return [
        ReportTable(
            provenance.title("Rounds needed for an error of X metres, test"),
            scope,
            columns,
            tuple(_line(one, survey) for one in found),
            (*_NOTES, provenance.footer()),
            lead=tuple(sentences(found, survey)),
            across="arm",
        )
    ]


def sentences(found: Sequence[Needed], survey: Survey | None) -> list[str]:
    """Say for each target what each arm needs: '2 m: scratch needs 5.2 rounds [4.1, 6.9]'."""
    return [
        f"{target_m:g} m: "
        + ", ".join(_clause(one, survey) for one in found if one.target_m == target_m)
        for target_m in dict.fromkeys(one.target_m for one in found)
    ]


def _line(one: Needed, survey: Survey | None) -> tuple[Value, ...]:
    reached = np.isfinite(one.share)
    unsure = "too few seeds" if np.isnan(one.low) else ""
    cells = (
        Label(f"{one.target_m:g} m", (f"{one.target_m:g}",)),
        Label(_name(one.arm), (one.arm,)),
        Label(_amount(one.share, one, survey), (field(one.share),)),
        Label(_interval(one, survey) or unsure, (field(one.low), field(one.high))),
    )
    if survey is None:
        return cells
    return (*cells, Label(f"{one.share * survey.minutes:.1f}") if reached else BLANK)


def _clause(one: Needed, survey: Survey | None) -> str:
    if not np.isfinite(one.share):
        interval = _interval(one, survey)
        return " ".join(filter(None, [_name(one.arm), "does not reach it", interval]))
    unit = "rounds" if survey else "of the rounds"
    amount = _amount(one.share, one, survey)
    return " ".join(filter(None, [_name(one.arm), "needs", amount, unit, _interval(one, survey)]))


def _interval(one: Needed, survey: Survey | None) -> str:
    if not np.isfinite(one.low):
        return ""  # too few seeds, or no resample of them reached the target
    return f"[{', '.join(_amount(end, one, survey) for end in (one.low, one.high))}]"


def _amount(share: float, one: Needed, survey: Survey | None) -> str:
    if np.isinf(share):
        return _NOT_REACHED
    most = "at most " if share <= one.least else ""
    return f"{most}{share * survey.rounds:.1f}" if survey else f"{most}{100 * share:.0f} %"


def _name(arm: str) -> str:
    return ARMS[arm].label if arm in ARMS else arm
