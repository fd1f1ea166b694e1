"""How sure a paired difference is: Student's t with an exact sign-flip p beside it, and Holm."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from mtloc_jax.report.sign_flip import sign_flip_p
from mtloc_jax.report.student import UNKNOWN_ERROR, Estimate, of_crossed, of_one_sample
from mtloc_jax.report.two_groups import in_two_groups

MIN_DRAWN = 4  # of fewer values, an interval says nothing
_TINY = 1e-9  # of the largest difference: less is rounding

Over = Literal["seeds", "blocks", "both", "none"]


@dataclass(frozen=True)
class Difference:
    """Hold the paired difference ours - theirs; negative where ours errs less.

    estimate:   its mean, standard error and degrees of freedom
    over:       what the interval is over: seeds, blocks (test rounds, walks) of the same seeds,
                or both; none where there are too few of either
    p_flip:     two-sided, of exact sign flips over the same values; NaN over both, or over none
    effect:     mean over standard deviation of the values, corrected for few (Hedges); NaN below
                three or where they all agree exactly
    two_groups: the values fall into two groups, which Student's t does not know of
    n_better:   in how many seeds ours errs less
    n_blocks:   test rounds held out in turn, or walks
    n_blocks_better: in how many blocks ours errs less, over seeds on average
    """

    estimate: Estimate
    over: Over
    p_flip: float
    effect: float
    two_groups: bool
    n_better: int
    n_seeds: int
    n_blocks: int
    n_blocks_better: int

    @property
    def mean_m(self) -> float:
        """Return the mean difference, metres."""
        return self.estimate.mean_m

    @property
    def n_values(self) -> int:
        """Return how many values the interval is over; the fewer of seeds and blocks over both."""
        sizes = {"seeds": self.n_seeds, "blocks": self.n_blocks}
        return sizes.get(self.over, min(self.n_seeds, self.n_blocks))

    @cached_property
    def interval_m(self) -> tuple[float, float]:
        """Return the ends of the 95 % interval, metres; infinite where too few are known."""
        return self.estimate.interval()

    @property
    def low_m(self) -> float:
        """Return the lower end, metres."""
        return self.interval_m[0]

    @property
    def high_m(self) -> float:
        """Return the upper end, metres."""
        return self.interval_m[1]

    @property
    def p_value(self) -> float:
        """Return the two-sided p of t, of no difference, not corrected for other claims."""
        return self.estimate.p_value

    @cached_property
    def could_find_m(self) -> float:
        """Return the smallest difference, metres, found with 80 % power; infinite for too few."""
        return self.estimate.could_find()

    @property
    def of_the_same(self) -> bool:
        """Say whether all pairs agree exactly: networks compared with themselves."""
        return self.mean_m == self.estimate.error_m == 0


def paired_difference(
    ours_m: np.ndarray, theirs_m: np.ndarray, *, one_block_is_drawn: bool = False
) -> Difference:
    """Return the mean difference over paired seeds, and over test rounds where given.

    ours_m, theirs_m: f64[S] or f64[S, B], metres: errors of seed s (on test round or block b)
    one_block_is_drawn: a single block is one of many, as a walk is: it alone has no interval

    One sample (seeds on one block, or the blocks' means where there are fewer than four seeds) has
    Student's t interval and the p of all its sign flips. From four seeds and four blocks on, both
    are drawn (all seeds are tested on the same blocks): the interval is Student's with the error of
    crossed factors. Fewer than four values give no interval and p = 1.
    """
    ours, theirs = (np.asarray(m, np.float64).reshape(len(m), -1) for m in (ours_m, theirs_m))
    differences = ours - theirs
    n_seeds, n_blocks = differences.shape
    over, of_seed = _over(n_seeds, n_blocks, one_block_is_drawn), differences.mean(axis=1)
    values = differences.mean(axis=0) if over == "blocks" else of_seed
    error_m, freedom = _error(over, values, differences)
    alone = over in ("seeds", "blocks")
    return Difference(
        estimate=Estimate(float(differences.mean()), error_m, freedom),
        over=over,
        p_flip=sign_flip_p(values) if alone else float("nan"),
        effect=_hedges(values),
        two_groups=over != "none" and _in_two_groups(over, values, differences),
        n_better=int(np.sum(of_seed < 0)),
        n_seeds=n_seeds,
        n_blocks=n_blocks,
        n_blocks_better=int(np.sum(ours.mean(axis=0) < theirs.mean(axis=0))),
    )


def holm(p_values: np.ndarray) -> np.ndarray:
    """Correct p-values f64[K] for K claims made at once (Holm's step-down), in their order."""
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return corrected


def _over(n_seeds: int, n_blocks: int, one_block_is_drawn: bool) -> Over:
    """Say what an interval can be over."""
    if n_blocks == 1 and not one_block_is_drawn:
        return "seeds" if n_seeds >= MIN_DRAWN else "none"
    if n_blocks < MIN_DRAWN:
        return "none"
    return "both" if n_seeds >= MIN_DRAWN else "blocks"


def _error(over: Over, values: np.ndarray, differences: np.ndarray) -> tuple[float, float]:
    """Return the standard error of the mean, metres, and its degrees of freedom."""
    drawn = values if over in ("seeds", "blocks") else differences
    agree = np.ptp(drawn) <= _TINY * np.abs(drawn).max()
    if agree and (over != "none" or not drawn.any()):
        return 0.0, 1.0
    if over == "none":
        return UNKNOWN_ERROR
    return of_crossed(differences) if over == "both" else of_one_sample(values)


def _in_two_groups(over: Over, values: np.ndarray, differences: np.ndarray) -> bool:
    samples = (values, differences.mean(axis=0)) if over == "both" else (values,)
    return any(map(in_two_groups, samples))


def _hedges(values: np.ndarray) -> float:
    n_values = len(values)
    spread = values.std(ddof=1) if n_values > 2 else 0.0
    if spread == 0:
        return float("nan")
    return float(values.mean() / spread * (1 - 3 / (4 * (n_values - 1) - 1)))
