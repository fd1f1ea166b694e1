"""Evaluation protocols: what is held together when walks are split, and which of it is tested.

A walk's number says which unit it belongs to; splits and fine-tune rates go by number, so that a
protocol is a numbering of the walks and a split of the numbers.

Units are dealt to folds in turn, in the order they were walked: consecutive walks come apart. A
surveyor walks each place about once, so that a fold of consecutive walks would be a stretch of the
floor which no other fold has seen; dealt in turn, every fold samples the whole floor. Who asks what
a later visit finds holds sessions or days together instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.registry import Registry
from mtloc_jax.sites import splits
from mtloc_jax.sites.splits import Split

ROUND, WALK = "round", "walk"
OTHERS = "others"
"""The value of settings.survey by which every unit is located by the survey of all the others."""
EVERY = 5
"""Of two units one tests; every fifth walk of the other validates."""

_MOST_NAMED = 12


def when(walk: Round) -> tuple[int, int, str]:
    """Return what walks are sorted by into the order they were walked; else by round and name."""
    return walk.started_unix_ms or 0, walk.number, walk.name


UNITS: Registry[Callable[[Round], Any]] = Registry("unit")
"""What may be held together -> what a walk has of it: None or empty where nobody says."""
UNITS[ROUND] = lambda walk: walk.number
UNITS[WALK] = when
UNITS["route"] = lambda walk: walk.route
UNITS["session"] = lambda walk: walk.session
UNITS["day"] = lambda walk: walk.day
UNITS["month"] = lambda walk: walk.day and walk.day[:7]
UNITS["phone"] = lambda walk: walk.phone


class Dealt(NamedTuple):
    """Hold walks numbered by the unit they belong to, and the split of these numbers."""

    walks: list[Round]
    split: Split
    unit: str


def dealt(
    site: str, walks: Sequence[Round], split: Split, *, unit: str, folds: int, tested: int
) -> Dealt:
    """Return the walks of a site, numbered and split as a protocol says.

    split:  the building's own, by round; rounds that it leaves out stay out
    folds:  how many the units are dealt to; 0: each is a fold
    tested: the fold that tests, the one after it validates; 0: the building's own split stays. A
            round that is a fold goes by its number, other units by their place in order

    Of two units one tests, and every fifth walk of the other validates: walks are the numbers then.
    Raises InputError where nobody says which unit a walk belongs to, all belong to one, or there is
    no such fold.
    """
    if unit == ROUND and not folds:
        left_out = splits.leave_out(chain(*split), tested) if tested else split
        return Dealt(list(walks), left_out, unit)
    if not tested:
        raise InputError(
            f"the own split of {site} is by round, not by {unit} in {folds or 'single'} folds",
            remedy="set --config.test_round to the fold to test on, counted from 1, or sweep it",
        )
    walks = sorted((w for w in walks if w.number in set(chain(*split))), key=when)
    units = [_unit_of(site, walk, unit) for walk in walks]
    names = sorted(set(units))
    if len(names) == 1:
        raise InputError(
            f"all walks of {site} are of one {unit} ({_shown(walks[0], unit)}): none would train",
            remedy=f"hold something else together, such as --config.unit={WALK}",
            path=walks[0].source.parent,
        )
    numbers = units if unit == ROUND else [names.index(one) + 1 for one in units]
    ways = _ways(numbers, folds)
    if tested > len(ways):
        raise InputError(
            f"there is no fold {tested} to test on in {site}",
            remedy=f"set --config.test_round to {_choices(walks, numbers, unit, folds, len(ways))}",
        )
    if len(names) == len(ways) == 2:
        (numbers, split), unit = _one_of_two(numbers, tested), WALK
    else:
        split = ways[tested - 1]
    numbered = [replace(walk, number=n) for walk, n in zip(walks, numbers, strict=True)]
    return Dealt(numbered, split, unit)


def dealt_in_turn(
    site: str, walks: Sequence[Round], split: Split, *, unit: str, folds: int
) -> Dealt:
    """Return the walks of a site numbered so that each number is located by all the others.

    split, unit, folds: as `dealt`; with folds the numbers are theirs

    Raises InputError where nobody says which unit a walk belongs to, or all belong to one.
    """
    walks = sorted((w for w in walks if w.number in set(chain(*split))), key=when)
    units = [_unit_of(site, walk, unit) for walk in walks]
    names = sorted(set(units))
    numbers = units if unit == ROUND else [names.index(one) + 1 for one in units]
    if folds:
        places = sorted(set(numbers))
        numbers = [places.index(one) % folds + 1 for one in numbers]
    if len(set(numbers)) == 1:
        raise InputError(
            f"all walks of {site} are of one {unit}: there are no others to locate them by",
            remedy=f"hold something else together, such as --config.unit={WALK}",
            path=walks[0].source.parent,
        )
    numbered = [replace(walk, number=n) for walk, n in zip(walks, numbers, strict=True)]
    return Dealt(numbered, splits.in_turn(numbers, site), unit)


def _unit_of(site: str, walk: Round, unit: str) -> Any:
    found = UNITS.named(unit)(walk)
    if found is None or found == "":
        raise InputError(
            f"nobody says of which {unit} {walk.name} of {site} is",
            remedy=f"hold something else together, such as --config.unit={WALK}",
            path=walk.source,
        )
    return found


def _ways(numbers: Sequence[int], folds: int) -> list[Split]:
    """Return the split that tests each fold; of two units without what validates."""
    units = sorted(set(numbers))
    if len(units) == 2 and folds in (0, 2):
        first, second = units
        return [Split((second,), (), (first,)), Split((first,), (), (second,))]
    return splits.folds(units, folds) if folds else splits.leave_one_out(units)


def _one_of_two(numbers: Sequence[int], tested: int) -> tuple[list[int], Split]:
    """Return a number for each walk, in order, and the split that tests all walks of one unit."""
    unit = sorted(set(numbers))[tested - 1]
    test = [at for at, n in enumerate(numbers, start=1) if n == unit]
    others = [at for at, n in enumerate(numbers, start=1) if n != unit]
    validation = others[EVERY - 1 :: EVERY] or others[-1:]
    train = [at for at in others if at not in validation]
    return list(range(1, len(numbers) + 1)), Split(*map(tuple, (train, validation, test)))


def _choices(
    walks: Sequence[Round], numbers: Sequence[int], unit: str, folds: int, n_ways: int
) -> str:
    if folds or unit == WALK or n_ways > _MOST_NAMED:
        return f"1 to {n_ways}"
    named = {n: _shown(walk, unit) for walk, n in zip(walks, numbers, strict=True)}
    return ", ".join(f"{n} ({named[n]})" for n in sorted(named))


def _shown(walk: Round, unit: str) -> str:
    return walk.name if unit == WALK else str(UNITS[unit](walk))
