"""The claims that answer a question, as a table."""

from collections.abc import Iterable, Sequence

import numpy as np

from mtloc_jax.report.claim_sentences import sentence
from mtloc_jax.report.claims import Claim
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.sign_flip import MOST_ENUMERATED
from mtloc_jax.report.stats import MIN_DRAWN
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import BLANK, Interval, Label, Of, PValue, Signed, Value, field

SEEDS_NOTE = (
    "Seeds vary, not walks: with one test round, intervals say how training varies, not how "
    "another walk through the building would turn out."
)
BETTER_ON = Column("better on", ("n_better", "n_walks"), Reach.PAPER)
"""The column of `better_on`, beside brief columns of claims that are paired by walk."""
_PAIRED = (
    "Difference in mean error, metres, ours - theirs, paired by seed; negative: ours errs less."
)
_EFFECT = "Effect: mean over standard deviation of the paired differences, Hedges' correction."
_INTERVAL = (
    "Interval: 95 %, Student's t, one claim at a time. Simulated with 4 to 20 values, it covers "
    "0.95 of normal differences, 0.92 to 0.93 of skewed ones."
)
_FEW = (
    "Fewer than eight values: the interval leans on normal differences. Where they fall into two "
    "groups it covers less (5 values, simulated: 0.70 to 0.94), and so few often show one alone."
)
_ENOUGH = 8
_FLIPS = (
    "p: of t. p (flips): of sign flips, which asks nothing of the shape: all ways to swap the arms "
    f"within pairs (from {MOST_ENUMERATED + 1} pairs on 9,999 drawn ones); of n pairs never less "
    "than 2 in 2^n."
)
_HOLM = (
    "p (Holm): of t, corrected for all claims of this table, each counted once; the sentences go "
    "by it. What is not shown to differ is not shown to be the same."
)
_COULD = (
    "Could have found: the least true difference that such a comparison shows four times in five, "
    "taken alone (two-sided 5 %, noncentral t, at the spread found)."
)
_GROUPS = (
    "Two groups: the differences fall into two (test for clusters of Engelman and Hartigan, 1969, "
    "1 false alarm in 20), for which Student's interval may say too much."
)
_POOLED = (
    "Rates are nested rounds of the same seeds: differences are averaged over the rates within "
    "each seed, then over seeds. Nothing was chosen on validation, so that it is evidence too (but "
    "the k of k-NN was: it is compared on test alone)."
)


def claims_table(
    question: str,
    claims: Sequence[Claim],
    leading: set[str],
    scope: str,
    provenance: Provenance,
) -> ReportTable:
    """Lay a question's claims out; those of the `leading` arms are said above it too."""
    columns = (
        Column("question", ("question",), Reach.DATA, label=True),
        Column("ours", ("ours",), label=True),
        Column("theirs", ("theirs",), label=True),
        Column("wiped", ("wiped",), label=True),
        Column("rates", ("n_rates",), Reach.DATA, label=True),
        Column("split", ("split",), label=True),
        *claim_columns(),
    )
    both = len({claim.split for claim in claims}) > 1
    pooled = any(claim.n_rates > 1 for claim in claims)
    return ReportTable(
        provenance.title(f"Claims: {question}"),
        scope,
        columns,
        tuple((question, *_names(claim, both), *claim_cells(claim)) for claim in claims),
        (
            _PAIRED,
            *((_POOLED,) if pooled else ()),
            *claim_notes(claims),
            _EFFECT,
            SEEDS_NOTE,
            *wiping(provenance, (c.where for c in claims)),
            provenance.footer(),
        ),
        lead=tuple(sentence(c) for c in claims if c.ours in leading or c.n_rates > 1),
    )


def _names(claim: Claim, both_splits: bool) -> tuple[Value | str, ...]:
    split = Label(claim.split if both_splits else "", (claim.split,))
    return (claim.ours, claim.theirs, claim.where, str(claim.n_rates), split)


def claim_notes(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return what the columns of claims mean."""
    claims = list(claims)
    margin_m = max((claim.margin_m for claim in claims), default=0.0)
    within = (
        f"The same within {margin_m:g} m, the margin that config.json names: two one-sided t tests "
        "at 5 % rule a larger difference out; p (margin): theirs, corrected likewise."
        if margin_m
        else ""
    )
    found = [claim.difference for claim in claims]
    few = any(MIN_DRAWN <= one.n_values < _ENOUGH for one in found)
    grouped = any(one.two_groups for one in found)
    notes = (_INTERVAL, _FEW * few, _FLIPS, _HOLM, within, _COULD, _GROUPS * grouped)
    return tuple(filter(None, notes))


def wiping(provenance: Provenance, places: Iterable[str]) -> tuple[str, ...]:
    """Return the note on how modalities were wiped, where some place says that one was."""
    return (provenance.wiping,) if provenance.wiping and any(places) else ()


def claim_columns(name: str = "difference", brief: bool = False) -> tuple[Column, ...]:
    """Return the columns of a claim; a brief one leaves out the effect and how often it is so."""
    columns = (
        Column(name, ("difference_m",)),
        Column("95 % interval", ("low_m", "high_m")),
        Column("p", ("p",), Reach.PAPER),
        Column("p (flips)", ("p_flips",), Reach.PAPER),
        Column("p (Holm)", ("p_holm",)),
        Column("p (margin)", ("p_margin",), Reach.PAPER),
        Column("could have found", ("could_find_m",), Reach.PAPER),
        Column("warning", ("warning",), Reach.PAGE),
        Column("effect", ("effect",), Reach.PAPER),
        Column("better in", ("n_better", "n_seeds"), Reach.PAPER),
    )
    return columns[: -2 if brief else None]


def claim_cells(claim: Claim | None, brief: bool = False) -> tuple[Value, ...]:
    """Return the cells of `claim_columns`; blank ones where nothing is claimed."""
    cells = (BLANK,) * len(claim_columns()) if claim is None else (*_sure(claim), *_often(claim))
    return cells[: -2 if brief else None]


def better_on(claim: Claim | None) -> Value:
    """Return on how many walks ours errs less; blank unless a claim is paired by walk."""
    if claim is None or not claim.by_walk:
        return BLANK
    return Of(claim.difference.n_blocks_better, claim.difference.n_blocks, "walks")


def _sure(claim: Claim) -> tuple[Value, ...]:
    """Return a difference and how sure it is."""
    found = claim.difference
    if claim.outcome == "same networks":
        return (Label("same networks", (field(0.0),)), *(BLANK,) * 7)
    if claim.outcome == "unknown":
        few = Label(f"too few {claim.lacking}", ("", ""))
        return (Signed(found.mean_m, "m"), few, *(BLANK,) * 6)
    return (
        Signed(found.mean_m, "m"),
        Interval(found.low_m, found.high_m),
        PValue(found.p_value),
        PValue(found.p_flip) if np.isfinite(found.p_flip) else BLANK,
        PValue(claim.p_holm),
        PValue(claim.p_within) if claim.margin_m else BLANK,
        Label(f"{found.could_find_m:.2f} m", (field(found.could_find_m),)),
        Label("two groups" if found.two_groups else ""),
    )


def _often(claim: Claim) -> tuple[Value, ...]:
    """Return the effect, and in how many seeds ours errs less."""
    found = claim.difference
    effect = BLANK if claim.outcome == "same networks" else Signed(found.effect)
    return effect, Of(found.n_better, found.n_seeds, "seeds")
