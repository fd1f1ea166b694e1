"""Which rounds train, validate and test, and which of the training rounds a fine-tune rate uses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError


class Split(NamedTuple):
    """Name the rounds of each split; a round is in one split only, unless they test in turn."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    @property
    def in_turn(self) -> bool:
        """Say whether each round is tested by the survey of all the others."""
        return self.train == self.test

    @property
    def judged(self) -> tuple[str, ...]:
        """Return the names of the splits that runs are judged on."""
        return ("test",) if self.in_turn else ("validation", "test")


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


def in_turn(numbers: Iterable[int], site: str) -> Split:
    """Return the split in which each round is tested by the survey of all the others.

    Nothing may be trained on all of `train` then, and nothing chosen. Raises InputError where there
    is one round alone.
    """
    rounds = tuple(sorted({int(number) for number in numbers}))
    if len(rounds) < 2:
        raise InputError(
            f"{site} has {len(rounds)} round: there are no others to locate it by",
            remedy="record two at least",
        )
    return Split(rounds, (), rounds)


def by_ratio(numbers: Iterable[int], ratio: tuple[float, float, float] = (8, 5, 1)) -> Split:
    """Split rounds in their order, by default as the paper does: fourteen rounds give PAPER.

    Validation and test have at least a round each; training has the rest.
    Raises InputError on fewer than three rounds.
    """
    rounds = _three_or_more(numbers)
    n_test = max(1, round(len(rounds) * ratio[2] / sum(ratio)))
    n_held = n_test + max(1, round(len(rounds) * ratio[1] / sum(ratio)))
    n_held = min(n_held, len(rounds) - 1)
    return Split(rounds[:-n_held], rounds[-n_held:-n_test], rounds[-n_test:])


def folds(numbers: Iterable[int], k: int) -> list[Split]:
    """Return `k` splits: each tests every k-th round and validates on the next fold's.

    Raises InputError unless 3 <= k <= the number of rounds.
    """
    rounds = _three_or_more(numbers)
    if not 3 <= k <= len(rounds):
        raise InputError(
            f"{k} folds of {len(rounds)} rounds", remedy=f"choose 3 to {len(rounds)} folds"
        )
    dealt = [rounds[at::k] for at in range(k)]
    return [_rest(rounds, dealt[(at + 1) % k], dealt[at]) for at in range(k)]


def leave_one_out(numbers: Iterable[int], n_validation: int = 1) -> list[Split]:
    """Return a split for each round that tests on it and validates on the rounds after it.

    After the last round comes the first. Raises InputError where no training round would be left.
    """
    rounds = _three_or_more(numbers)
    if not 1 <= n_validation <= len(rounds) - 2:
        raise InputError(
            f"{n_validation} validation rounds of {len(rounds)}",
            remedy=f"choose 1 to {len(rounds) - 2}",
        )
    around = rounds + rounds
    return [
        _rest(rounds, around[at + 1 : at + 1 + n_validation], rounds[at : at + 1])
        for at in range(len(rounds))
    ]


def leave_out(numbers: Iterable[int], test_round: int) -> Split:
    """Return the split of `leave_one_out` that tests on `test_round`.

    Raises InputError where there is no such round, or no training round would be left.
    """
    rounds = _three_or_more(numbers)
    if test_round not in rounds:
        raise InputError(
            f"there is no round {test_round} to test on",
            remedy=f"choose one of {', '.join(map(str, rounds))}",
        )
    return leave_one_out(rounds)[rounds.index(test_round)]


def by_day(
    numbers: Sequence[int], days: Sequence[str], validation_from: str, test_from: str
) -> Split:
    """Split by the day of recording: train before `validation_from`, test from `test_from` on.

    numbers, days: of each walk; days as 2019-11-24
    Raises InputError where a round's walks fall into two splits or a split gets no round.
    """
    found: tuple[set[int], set[int], set[int]] = (set(), set(), set())
    for number, day in zip(numbers, days, strict=True):
        found[(day >= validation_from) + (day >= test_from)].add(number)
    split = Split(*(tuple(sorted(rounds)) for rounds in found))
    if validation_from > test_from or not all(split) or len(set(numbers)) < sum(map(len, split)):
        raise InputError(
            f"the days {validation_from} and {test_from} do not part whole rounds into three",
            remedy=f"recordings run from {min(days)} to {max(days)}; a round must not span a limit",
        )
    return split


def without(split: Split, absent: Iterable[int]) -> Split:
    """Return `split` without the rounds `absent`, say because no file of theirs could be read."""
    gone = set(absent)
    return Split(*(tuple(n for n in rounds if n not in gone) for rounds in split))


def in_use(
    numbers: np.ndarray, train: Sequence[int], rate: float, seed: int, subset: str
) -> np.ndarray:
    """Return the windows that a fine-tune rate trains on.

    numbers: i32[N], the round of each window; a site's windows of a round are in the order of
             its walks' names, those of a walk in time
    rate:    share of the training rounds, 0 < rate <= 1; where it is no whole number of rounds
             (12.5 % of six), that share of the last round's windows is used, from the first on
    subset:  "first" takes the first rounds, as the authors; "drawn" a random order per seed,
             the same for all rates, so that a larger rate contains the smaller one

    Returns i64[n], window indices.
    """
    chosen = []
    for number, share in _rounds_in_use(train, rate, seed, subset):
        of_round = np.flatnonzero(numbers == number)
        chosen.append(of_round[: _n_of(len(of_round), share)])
    return np.concatenate(chosen)


def n_in_use(
    counts: Mapping[int, int], train: tuple[int, ...], rate: float, seed: int, subset: str
) -> int:
    """Return how many windows `in_use` returns, from how many there are of each round."""
    if rate == 1:
        return sum(counts.get(number, 0) for number in train)
    used = _rounds_in_use(train, rate, seed, subset)
    return sum(_n_of(counts.get(number, 0), share) for number, share in used)


def _rounds_in_use(
    train: Sequence[int], rate: float, seed: int, subset: str
) -> Iterator[tuple[int, float]]:
    """Yield the rounds that a rate trains on, and the share of each that is used."""
    order = _drawn(tuple(train), seed) if subset == "drawn" else train
    amount = rate * len(train)
    whole = int(np.floor(amount + 1e-9))
    yield from ((number, 1.0) for number in order[:whole])
    if amount - whole > 1e-9:
        yield order[whole], amount - whole


@lru_cache(maxsize=1 << 16)  # all rates of a seed have one order
def _drawn(train: tuple[int, ...], seed: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng((seed, 0x5EED)).permutation(np.array(train)).tolist())


def _n_of(n_windows: int, share: float) -> int:
    return n_windows if share == 1 else max(1, round(share * n_windows))


def on_walks(traces: np.ndarray, n_walks: int, seed: int, subset: str) -> np.ndarray:
    """Say which windows lie on the walks that a survey of `n_walks` would have.

    traces: i32[N], the walk of each window, counted by round and, within one, by name
    subset: "first" takes the first walks so counted, whenever they were walked; "drawn" as `in_use`

    Returns bool[N]. Raises InputError where there are fewer walks.
    """
    order = np.unique(traces)
    if n_walks > len(order):
        raise InputError(
            f"walks is {n_walks}, of {len(order)} walks in the training rounds in use",
            remedy=f"set --config.walks to 1 to {len(order)}, or 0 for all",
        )
    if subset == "drawn":
        order = np.random.default_rng((seed, 0x3A1C)).permutation(order)
    return np.isin(traces, order[:n_walks])


def ranges(rounds: Iterable[int]) -> str:
    """Write rounds shortly: 1, 2, 3 and 5 as "1-3, 5"."""
    found: list[list[int]] = []
    for number in sorted(rounds):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in found)


def _rest(rounds: tuple[int, ...], validation: tuple[int, ...], test: tuple[int, ...]) -> Split:
    held = {*validation, *test}
    train = tuple(n for n in rounds if n not in held)
    return Split(train, tuple(sorted(validation)), tuple(sorted(test)))


def _three_or_more(numbers: Iterable[int]) -> tuple[int, ...]:
    rounds = tuple(sorted({int(number) for number in numbers}))
    if len(rounds) < 3:
        raise InputError(
            f"{len(rounds)} round(s) cannot be split into training, validation and test",
            remedy="record three rounds at least",
        )
    return rounds
