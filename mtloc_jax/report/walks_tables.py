"""How many walks a new building needs, with transfer and without: tables and sentences."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.locate import EXPERTS, FRESH, HELD, PRETRAINED, TUNED
from mtloc_jax.report.by_walk import paired
from mtloc_jax.report.claim_tables import claim_cells, claim_columns, claim_notes
from mtloc_jax.report.claims import Claim, corrected
from mtloc_jax.report.headline import ArmAtRate
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rungs import NOTHING, REFERENCE, Rung
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Cell, Label, Value, field
from mtloc_jax.report.walks_needed import Needed
from mtloc_jax.rows import Selection, Table, select

_NOT_REACHED = "not reached"
_TOLD = (REFERENCE, f"matcher-{HELD}", f"matcher-scratch-{HELD}")
_NOTES = (
    "Read off the mean over tested walks of each walk's mean error, made to fall as the survey "
    "grows (isotonic regression), straight lines between the sizes that were run.",
    "Interval: 95 %, the sizes at which a t test over tested walks does not tell the curve from "
    "the target. Seeds, which draw surveys and weights, are averaged. Not reached: not by all.",
)
_TRANSFER = (
    "Difference in mean error, metres, ours - theirs, paired by tested walk; negative: ours errs "
    "less. Both have the same survey."
)


def needed_table(found: Sequence[Needed], scope: str, provenance: Provenance) -> list[ReportTable]:
    """Return how many walks each arm needs for each target; none where there is none."""
    if not found:
        return []
    columns = (
        Column("error", ("target_m",), label=True),
        Column("arm", ("arm", "finetune_rate"), label=True),
        Column("walks", ("n_walks",)),
        Column("interval", ("low", "high")),
    )
    title = provenance.title("Walks needed for an error of X metres, test")
    lead = tuple(needed_sentences(found))
    lines = tuple(map(_line, found))
    return [ReportTable(title, scope, columns, lines, (*_NOTES, provenance.footer()), lead=lead)]


def needed_sentences(found: Sequence[Needed]) -> list[str]:
    """Say for each target what it takes with transfer and without: '8 m: .. needs 48 walks, ..'.

    Of 5-NN and the matchers transferred and from scratch, their newest scan held: tables have all.
    """
    told = [one for one in found if one.arm[0] in _TOLD]
    return [
        f"{target_m:g} m: " + ", ".join(_clause(one) for one in told if one.target_m == target_m)
        for target_m in dict.fromkeys(one.target_m for one in told)
    ]


def transfer_claims(found: Sequence[Rung], walks: Table, margin_m: float = 0.0) -> list[Claim]:
    """Compare matchers that were pretrained with those trained on the same survey from scratch.

    found: rungs of all variants; walks: walks.csv of all of them; margin_m: difference that
    counts as none; 0 where none is named. Claims are corrected together.
    """
    clean = select(walks, split="test", modality=NOTHING)
    made = []
    for rung in found:
        rival = _from_scratch(rung.arm, [one.arm for one in found if one.variant == rung.variant])
        if rung.lost != NOTHING or rival is None:
            continue
        keep = np.isin(clean["study"], sorted(rung.studies))
        pair = paired(Selection(clean, keep), rung.arm, rival)
        if pair:
            made.append(pair.claim(rung.label, arm_label(*rival), rung.variant))
    return corrected(made, margin_m)


def transfer_table(
    claims: Sequence[Claim], scope: str, provenance: Provenance
) -> list[ReportTable]:
    """Lay out what `transfer_claims` found; none where nothing was compared."""
    if not claims:
        return []
    columns = (
        Column("survey", ("survey",), label=True),
        Column("ours", ("ours",), label=True),
        Column("theirs", ("theirs",), label=True),
        *claim_columns(brief=True),
    )
    lines = tuple(map(_compared, claims))
    notes = (_TRANSFER, *claim_notes(claims), provenance.footer())
    lead = tuple(transfer_sentences(claims))
    title = provenance.title("What transfer is worth: against training on the survey alone")
    return [ReportTable(title, scope, columns, lines, notes, lead=lead)]


def transfer_sentences(claims: Sequence[Claim]) -> list[str]:
    """Say of the smallest survey with an answer, and of the largest, what transfer is worth.

    Of matchers used as they were pretrained: tables have the fine-tuned too.
    """
    said = []
    for one in leading_transfer(claims):
        found = one.difference
        said.append(
            f"{one.where or 'all walks'}: {one.ours} errs {found.mean_m:+.2f} m "
            f"[{found.low_m:+.2f}, {found.high_m:+.2f}] against {one.theirs}, by walk."
        )
    return said


def leading_transfer(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims of the smallest and the largest survey with an answer, arm by arm.

    Of matchers used as they were pretrained.
    """
    frozen = EXPERTS["matcher"].label
    found: list[Claim] = []
    for ours in dict.fromkeys(one.ours for one in claims if one.ours.startswith(frozen)):
        sure = [one for one in claims if one.ours == ours and np.isfinite(one.difference.low_m)]
        found += dict.fromkeys([*sure[:1], *sure[-1:]])
    return found


def _from_scratch(arm: ArmAtRate, others: Sequence[ArmAtRate]) -> ArmAtRate | None:
    """Return the arm that differs from one in that its matcher was trained on the survey alone."""
    ours = _parts(arm)
    if ours is None or ours[0] not in (PRETRAINED, TUNED):
        return None
    return next((other for other in others if _parts(other) == (FRESH, *ours[1:])), None)


def _parts(arm: ArmAtRate) -> tuple[str, ...] | None:
    """Return where an arm's matcher comes from, its motion and how it joins; None of others."""
    locate = ARMS[arm[0]].locate if arm[0] in ARMS else None
    if locate is None or not EXPERTS[locate.expert].origin:
        return None
    return EXPERTS[locate.expert].origin, locate.motion, locate.time


def _compared(one: Claim) -> tuple[Cell, ...]:
    return (one.where, one.ours, one.theirs, *claim_cells(one, brief=True))


def _line(one: Needed) -> tuple[Value, ...]:
    return (
        Label(f"{one.target_m:g} m", (f"{one.target_m:g}",)),
        Label(arm_label(*one.arm), (one.arm[0], str(one.arm[1]))),
        Label(_amount(one.n_walks, one), (field(one.n_walks),)),
        Label(_interval(one) or "too few walks", (field(one.low), field(one.high))),
    )


def _clause(one: Needed) -> str:
    if not np.isfinite(one.n_walks):
        return " ".join(filter(None, [arm_label(*one.arm), "does not reach it", _interval(one)]))
    amount = f"needs {_amount(one.n_walks, one)} walks"
    return " ".join(filter(None, [arm_label(*one.arm), amount, _interval(one)]))


def _interval(one: Needed) -> str:
    if np.isnan(one.low):
        return ""
    return f"[{', '.join(_amount(end, one) for end in (one.low, one.high))}]"


def _amount(n_walks: float, one: Needed) -> str:
    if np.isinf(n_walks):
        return _NOT_REACHED
    return f"at most {n_walks:.0f}" if n_walks <= one.least else f"{n_walks:.0f}"
