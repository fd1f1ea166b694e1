"""Which rounds train, validate and test, and which of the training rounds a fine-tune rate uses."""

from typing import Literal, NamedTuple

import numpy as np

from mtloc_jax.errors import InputError

Subset = Literal["first", "drawn"]


class Split(NamedTuple):
    """Name the rounds of each split; a round is in one split only."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


PAPER = Split(tuple(range(1, 9)), tuple(range(9, 14)), (14,))
"""8 : 5 : 1 of fourteen rounds, Section IV-A."""


def checked(split: Split, numbers: np.ndarray, site: str) -> Split:
    """Return `split` if its rounds are disjoint and all recorded; raises InputError otherwise."""
    named = [*split.train, *split.validation, *split.test]
    absent = sorted(set(named) - set(np.unique(numbers).tolist()))
    if len(named) != len(set(named)):
        raise InputError(f"a round of {site} is in two splits", remedy="name each round once")
    if absent or not all(split):
        raise InputError(
            f"{site} has no round {absent or 'in one of its splits'}",
            remedy="give train, validation and test rounds that were recorded",
        )
    return split


def in_use(
    numbers: np.ndarray, train: tuple[int, ...], rate: float, seed: int, subset: Subset
) -> np.ndarray:
    """Return the windows that a fine-tune rate trains on.

    numbers: i32[N], the round of each window, windows of a round in the order walked
    rate:    share of the training rounds, 0 < rate <= 1; where it is no whole number of rounds
             (12.5 % of six), the last round is used up to where the survey would have stopped
    subset:  "first" takes the first rounds, as the authors; "drawn" a random order per seed,
             the same for all rates, so that a larger rate contains the smaller one

    Returns i64[n], window indices.
    """
    order = np.array(train)
    if subset == "drawn":
        order = np.random.default_rng((seed, 0x5EED)).permutation(order)
    amount = rate * len(train)
    whole = int(np.floor(amount + 1e-9))
    chosen = [np.flatnonzero(numbers == number) for number in order[:whole]]
    if amount - whole > 1e-9:
        cut_round = np.flatnonzero(numbers == order[whole])
        chosen.append(cut_round[: max(1, round((amount - whole) * len(cut_round)))])
    return np.concatenate(chosen)
