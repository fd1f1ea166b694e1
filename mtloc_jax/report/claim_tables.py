"""The claims that answer a question, as a table."""

from collections.abc import Iterable, Sequence

import numpy as np

from mtloc_jax.report.claims import Claim
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.stats import INTERVAL
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import BLANK, Interval, Label, Of, PValue, Signed, Value, field

SEEDS_NOTE = (
    "Seeds are resampled, not walks: with one test round, intervals say how training varies, not "
    "how another walk through the building would turn out."
)
_NOTES = (
    "Difference in mean error, metres, ours - theirs, paired by seed; negative: ours errs less.",
    f"Interval: 95 % over seeds ({INTERVAL}), one claim at a time. p (Holm): corrected for all "
    "claims of this table; the sentences go by it.",
    "Effect: mean over standard deviation of the paired differences, Hedges' correction.",
    SEEDS_NOTE,
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
        *claim_columns(),
    )
    return ReportTable(
        provenance.title(f"Claims: {question}"),
        scope,
        columns,
        tuple((question, c.ours, c.theirs, c.where, *claim_cells(c)) for c in claims),
        (*_NOTES, *wiping(provenance, (c.where for c in claims)), provenance.footer()),
        lead=tuple(claim.sentence() for claim in claims if claim.ours in leading),
    )


def wiping(provenance: Provenance, places: Iterable[str]) -> tuple[str, ...]:
    """Return the note on how modalities were wiped, where some place says that one was."""
    return (provenance.wiping,) if provenance.wiping and any(places) else ()


def claim_columns(name: str = "difference") -> tuple[Column, ...]:
    """Return the columns of a claim: difference, interval, both p-values, effect, better in."""
    return (
        Column(name, ("difference_m",)),
        Column("95 % interval", ("low_m", "high_m")),
        Column("p", ("p",), Reach.PAPER),
        Column("p (Holm)", ("p_holm",)),
        Column("effect", ("effect",), Reach.PAPER),
        Column("better in", ("n_better", "n_seeds"), Reach.PAPER),
    )


def claim_cells(claim: Claim | None) -> tuple[Value, ...]:
    """Return the cells of `claim_columns`; blank ones where nothing is claimed."""
    if claim is None:
        return (BLANK,) * len(claim_columns())
    found = claim.difference
    better = Of(found.n_better, found.n_seeds, "seeds")
    if found.of_the_same:
        return (Label("same networks", (field(0.0),)), *(BLANK,) * 4, better)
    sure: tuple[Value, ...] = (Label("too few seeds", ("", "")), BLANK, BLANK)
    if np.isfinite(found.low_m):
        interval = Interval(found.low_m, found.high_m)
        sure = (interval, PValue(found.p_value), PValue(claim.p_holm))
    return (Signed(found.mean_m, "m"), *sure, Signed(found.effect), better)
