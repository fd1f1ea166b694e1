"""Paired differences that answer one question: corrected together, said in plain sentences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtloc_jax.report.provenance import counted
from mtloc_jax.report.stats import MIN_DRAWN, Difference, holm, paired_difference
from mtloc_jax.report.summary import per_seed
from mtloc_jax.report.values import PValue
from mtloc_jax.rows import Table

SIGNIFICANT = 0.05


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
        if found.of_the_same:
            return f"{self.ours} and {self.theirs}{place}: the same networks"
        if not np.isfinite(found.low_m):
            return (
                f"{self.ours} against {self.theirs}{place}: {found.mean_m:+.2f} m, "
                f"no interval (seeds: {found.n_seeds}, it takes {MIN_DRAWN})"
            )
        rounds = f" x {found.n_blocks} test rounds" if found.n_blocks > 1 else ""
        p = PValue(self.p_holm).text()
        numbers = (
            f"{found.mean_m:+.2f} m [{found.low_m:+.2f}, {found.high_m:+.2f}], "
            f"p {p if p.startswith('<') else f'= {p}'}, {counted({found.n_seeds}, 'seed')}{rounds}"
        )
        if self.p_holm > SIGNIFICANT:
            return f"no difference shown between {self.ours} and {self.theirs}{place}: {numbers}"
        verb = "beats" if found.mean_m < 0 else "loses to"
        return f"{self.ours} {verb} {self.theirs}{place}: {numbers}"


def claim(ours: str, theirs: str, where: str, our_m: np.ndarray, their_m: np.ndarray) -> Claim:
    """Compare mean errors f64[S] or f64[S, B], metres, paired; its p is not corrected yet."""
    found = paired_difference(our_m, their_m)
    return Claim(ours, theirs, where, found, found.p_value)


def corrected(question: Sequence[Claim]) -> list[Claim]:
    """Correct the p-values of all claims that answer one question together (Holm).

    A difference that stands in several of them counts once, one of networks to themselves not at
    all: neither adds a chance to be wrong.
    """
    tested = {
        _figures(one.difference): one.difference.p_value
        for one in question
        if not one.difference.of_the_same
    }
    p_holm = dict(zip(tested, holm(np.array(list(tested.values()))), strict=True))
    return [replace(one, p_holm=float(p_holm.get(_figures(one.difference), 1))) for one in question]


def paired(ours: Table, theirs: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean errors f64[S], metres, of the seeds that both arms were run with."""
    (our_seeds, our_m), (their_seeds, their_m) = (
        per_seed(rows, ["mean_m"]) for rows in (ours, theirs)
    )
    _, at_ours, at_theirs = np.intersect1d(our_seeds, their_seeds, return_indices=True)
    return our_m[at_ours, 0], their_m[at_theirs, 0]


def _figures(found: Difference) -> tuple[float, ...]:
    """Return what two claims share where they compare the same networks."""
    return (found.mean_m, found.low_m, found.high_m, found.p_value)
