"""What the paper claims, as paired differences with intervals and plain sentences."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtloc_jax.report import arms
from mtloc_jax.report.arms import FINETUNED, SCRATCH, TRANSFERRED, Arm
from mtloc_jax.report.provenance import Provenance, counted
from mtloc_jax.report.rows import Table, select
from mtloc_jax.report.stats import INTERVAL, MIN_DRAWN, Difference, holm, paired_difference
from mtloc_jax.report.summary import per_seed
from mtloc_jax.report.text_table import TextTable

SIGNIFICANT = 0.05
_NOTES = (
    "Difference in mean error, metres, ours - theirs, paired by seed; negative: ours errs less.",
    f"Interval: 95 % over seeds ({INTERVAL}), one claim at a time. p (Holm): corrected for all "
    "claims of this table; the sentences go by it.",
    "Effect: mean over standard deviation of the paired differences, Hedges' correction.",
    "Seeds are resampled, not walks: with one test round, intervals say how training varies, not "
    "how another walk through the building would turn out.",
)


@dataclass(frozen=True)
class Claim:
    """Hold one comparison: `ours` errs less than `theirs`, `where` (empty, or what was wiped)."""

    ours: str
    theirs: str
    where: str
    difference: Difference
    p_holm: float

    def sentence(self) -> str:
        """Say what the rows show of this claim, and how sure that is."""
        found = self.difference
        place = f", {self.where}" if self.where else ""
        if not np.isfinite(found.low_m):
            return (
                f"{self.ours} against {self.theirs}{place}: {found.mean_m:+.2f} m, "
                f"no interval (seeds: {found.n_seeds}, it takes {MIN_DRAWN})"
            )
        rounds = f" x {found.n_blocks} test rounds" if found.n_blocks > 1 else ""
        numbers = (
            f"{found.mean_m:+.2f} m [{found.low_m:+.2f}, {found.high_m:+.2f}], "
            f"p {_p(self.p_holm)}, {counted({found.n_seeds}, 'seed')}{rounds}"
        )
        if self.p_holm > SIGNIFICANT:
            return f"no difference shown between {self.ours} and {self.theirs}{place}: {numbers}"
        verb = "beats" if found.mean_m < 0 else "loses to"
        return f"{self.ours} {verb} {self.theirs}{place}: {numbers}"


def transfer_claims(table: Table) -> list[Claim]:
    """Compare each fine-tune rate with training from scratch on all rounds ("Table V")."""
    clean = select(table, split="test", modality="none")
    transferred = [(TRANSFERRED, 0.0), *_at_rates(clean, FINETUNED)]
    return _corrected([(clean, ours, (SCRATCH, 1.0), "") for ours in transferred])


def same_rounds_claims(table: Table) -> list[Claim]:
    """Compare fine-tuning with training from scratch on the same share of the rounds."""
    clean = select(table, split="test", modality="none")
    rates = [rate for _, rate in _at_rates(clean, FINETUNED)]
    return _corrected([(clean, (FINETUNED, rate), (SCRATCH, rate), "") for rate in rates])


def wiped_claims(table: Table) -> list[Claim]:
    """Compare fine-tuned with transferred and with scratch, 40 % of one modality wiped."""
    wiped = select(table, split="test", drop_rate=arms.WIPED_SHARE)
    transferred, finetuned, scratch = arms.headline_arms(table)
    share = arms.percent(arms.WIPED_SHARE)
    return _corrected(
        [
            (select(wiped, modality=name), finetuned, theirs, f"{share} of {label} wiped")
            for name, label in arms.MODALITY_NAMES.items()
            for theirs in (transferred, scratch)
        ]
    )


def families(table: Table) -> dict[str, list[Claim]]:
    """Return every claim the rows can answer, by the title of its table."""
    found = {
        "Claims: transfer against scratch on all rounds": transfer_claims(table),
        "Claims: transfer against scratch on the same rounds": same_rounds_claims(table),
        "Claims: one modality partly wiped": wiped_claims(table),
    }
    return {title: family for title, family in found.items() if family}


def headlines(table: Table, found: Mapping[str, Sequence[Claim]]) -> list[str]:
    """Say what a reader asks first: the claims of the headline rate and the transferred arm."""
    leading = {_name((FINETUNED, arms.headline_rate(table))), _name((TRANSFERRED, 0.0))}
    every = [claim for family in found.values() for claim in family]
    return list(dict.fromkeys(claim.sentence() for claim in every if claim.ours in leading))


def claims_text(
    title: str, claims: Sequence[Claim], scope: str, provenance: Provenance
) -> TextTable:
    """Lay claims out, the sentences first."""
    header = ("ours", "theirs", "wiped", "difference", "95 % interval", "p", "p (Holm)")
    body = [(c.ours, c.theirs, c.where or "nothing", *claim_cells(c)) for c in claims]
    return TextTable(
        provenance.title(title),
        scope,
        (*header, "effect", "better in"),
        tuple(body),
        (*_NOTES, provenance.footer()),
        n_labels=3,
        lead=tuple(dict.fromkeys(claim.sentence() for claim in claims)),
    )


def claims_csv(claims: Sequence[Claim]) -> str:
    """Return claims as CSV, one line each, metres."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("ours", "theirs", "wiped", "difference_m", "low_m", "high_m", "p", "p_holm")
    writer.writerow((*names, "effect", "n_better", "n_seeds"))
    for claim in claims:
        found = claim.difference
        figures = (found.mean_m, found.low_m, found.high_m, found.p_value, claim.p_holm)
        cells = [f"{x:.4f}" if np.isfinite(x) else "" for x in (*figures, found.effect)]
        writer.writerow(
            (claim.ours, claim.theirs, claim.where, *cells, found.n_better, found.n_seeds)
        )
    return text.getvalue()


def claim_cells(claim: Claim) -> tuple[str, ...]:
    """Return the cells difference, 95 % interval, p, p (Holm), effect and better in."""
    found = claim.difference
    if found.of_the_same:
        return ("same networks", *"-" * 5)
    sure: tuple[str, ...] = ("too few seeds", "-", "-")
    if np.isfinite(found.low_m):
        ps = [_p(p).removeprefix("= ") for p in (found.p_value, claim.p_holm)]
        sure = (f"[{found.low_m:+.2f}, {found.high_m:+.2f}]", *ps)
    effect = "-" if np.isnan(found.effect) else f"{found.effect:+.2f}"
    better = f"{found.n_better} of {found.n_seeds} seeds"
    return (f"{found.mean_m:+.2f} m", *sure, effect, better)


def _at_rates(table: Table, name: str) -> list[Arm]:
    rates = np.unique(select(table, arm=name)["finetune_rate"])[::-1]
    return [(name, float(rate)) for rate in rates]


def _corrected(comparisons: Sequence[tuple[Table, Arm, Arm, str]]) -> list[Claim]:
    found = []
    for table, ours, theirs, where in comparisons:
        errors_m = paired(arms.of_arm(table, ours), arms.of_arm(table, theirs))
        if len(errors_m[0]):
            found.append((_name(ours), _name(theirs), where, paired_difference(*errors_m)))
    p_holm = holm(np.array([difference.p_value for *_, difference in found]))
    return [Claim(*cells, float(p)) for cells, p in zip(found, p_holm, strict=True)]


def paired(ours: Table, theirs: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean errors f64[S], metres, of the seeds that both arms were run with."""
    (our_seeds, our_m), (their_seeds, their_m) = (
        per_seed(rows, ["mean_m"]) for rows in (ours, theirs)
    )
    _, at_ours, at_theirs = np.intersect1d(our_seeds, their_seeds, return_indices=True)
    return our_m[at_ours, 0], their_m[at_theirs, 0]


def _name(arm: Arm) -> str:
    if arm[0] == TRANSFERRED:
        return "transferred"
    return f"{'fine-tuned' if arm[0] == FINETUNED else 'scratch'} at {arms.percent(arm[1])}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
