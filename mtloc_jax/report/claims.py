"""Paired differences that answer one question, corrected together."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Literal

import numpy as np

from mtloc_jax.report.stats import Difference, holm, paired_difference
from mtloc_jax.report.summary import per_seed
from mtloc_jax.rows import Table

SIGNIFICANT = 0.05

Outcome = Literal["unknown", "same networks", "errs less", "errs more", "alike", "open"]
"""What a claim shows: too few values to tell; networks compared with themselves; a difference;
that there is none beyond the margin; or nothing."""

Blocks = Literal["test round", "walk"]


@dataclass(frozen=True)
class Claim:
    """Hold one comparison of `ours` with `theirs`.

    where:    empty, or what was wiped, or under which settings
    p_holm:   of no difference; p_within: of a difference beyond the margin, by two one-sided t
              tests (1 where no margin is named). Both corrected for all claims of the question
    margin_m: difference that counts as none; 0: none named
    n_rates:  over how many nested rates the difference is averaged within each seed
    blocks:   what the blocks of the difference are
    """

    ours: str
    theirs: str
    where: str
    difference: Difference
    p_holm: float
    p_within: float = 1.0
    margin_m: float = 0.0
    n_rates: int = 1
    split: str = "test"
    blocks: Blocks = "test round"

    @property
    def outcome(self) -> Outcome:
        """Say what it shows."""
        found = self.difference
        if found.of_the_same:
            return "same networks"
        if not np.isfinite(found.low_m):
            return "unknown"
        if self.p_holm <= SIGNIFICANT:
            return "errs less" if found.mean_m < 0 else "errs more"
        return "alike" if self.is_within else "open"

    @property
    def is_within(self) -> bool:
        """Say whether a difference beyond the margin is ruled out."""
        return self.p_within <= SIGNIFICANT

    @property
    def by_walk(self) -> bool:
        """Say whether it is paired by walk; else by seed, and by test round where several are."""
        return self.blocks == "walk"

    @property
    def lacking(self) -> str:
        """Say what there are too few of where no interval is known: walks, test rounds or seeds."""
        if self.by_walk or self.difference.n_blocks > 1:
            return f"{self.blocks}s"
        return "seeds"

    @property
    def place(self) -> str:
        """Return where it was compared: '40 % of IMU wiped', '8 rates pooled, validation'."""
        pooled = f"{self.n_rates} rates pooled" if self.n_rates > 1 else ""
        split = self.split if pooled or self.split != "test" else ""
        return ", ".join(filter(None, (self.where, pooled, split)))


def claim(
    ours: str,
    theirs: str,
    where: str,
    our_m: np.ndarray,
    their_m: np.ndarray,
    *,
    n_rates: int = 1,
    split: str = "test",
    blocks: Blocks = "test round",
) -> Claim:
    """Compare mean errors f64[S] or f64[S, B], metres, paired; its p is not corrected yet."""
    found = paired_difference(our_m, their_m, one_block_is_drawn=blocks == "walk")
    return Claim(
        ours, theirs, where, found, found.p_value, n_rates=n_rates, split=split, blocks=blocks
    )


def corrected(question: Sequence[Claim], margin_m: float = 0.0) -> list[Claim]:
    """Correct the p-values of all claims that answer one question together (Holm).

    Both of no difference and, where a margin (metres) is named, of one beyond it. A difference that
    stands in several claims counts once, one of networks to themselves not at all: neither adds a
    chance to be wrong.
    """
    tested = {_figures(c.difference): c.difference for c in question}
    tested = {key: found for key, found in tested.items() if not found.of_the_same}
    p_holm = _holm({key: found.p_value for key, found in tested.items()})
    within = {key: found.estimate.p_within(margin_m) for key, found in tested.items()}
    p_within = _holm(within) if margin_m else {}
    return [
        replace(
            one,
            p_holm=p_holm.get(_figures(one.difference), 1.0),
            p_within=p_within.get(_figures(one.difference), 1.0),
            margin_m=margin_m,
        )
        for one in question
    ]


def paired(ours: Table, theirs: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean errors f64[S], metres, of the seeds that both arms were run with."""
    (our_seeds, our_m), (their_seeds, their_m) = (
        per_seed(rows, ["mean_m"]) for rows in (ours, theirs)
    )
    _, at_ours, at_theirs = np.intersect1d(our_seeds, their_seeds, return_indices=True)
    return our_m[at_ours, 0], their_m[at_theirs, 0]


def _figures(found: Difference) -> tuple[float, ...]:
    """Return what two claims share where they compare the same networks."""
    return astuple(found.estimate)


def _holm(p_values: Mapping[tuple[float, ...], float]) -> dict[tuple[float, ...], float]:
    return dict(zip(p_values, map(float, holm(np.array(list(p_values.values())))), strict=True))
