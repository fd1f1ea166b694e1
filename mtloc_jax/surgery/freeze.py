"""Freeze plans as a line of text, by the paths grafts use: "imu x0.1, mag/kernel from epoch 5"."""

import math
import re
from dataclasses import dataclass, replace

from mtloc_jax.errors import InputError
from mtloc_jax.optimizers import Pace, Paces
from mtloc_jax.surgery.matching import rule_by_path
from mtloc_jax.surgery.tree import Tree, leaves

ALL = "all"
LAST_EPOCH = 10**6
_CLAUSE = re.compile(
    r"(?P<path>\S+)(?P<how> frozen|"
    r"(?: x(?P<rate>\d*\.?\d+(?:e[+-]?\d+)?))?(?: from epoch (?P<epoch>\d\S*))?)",
    re.ASCII,
)


@dataclass(frozen=True)
class Clause:
    """Train the leaves under `target` at `rate` times the learning rate, from an epoch on.

    rate: 0 where they never move

    As text it reads as `clauses` takes it, so that an error can show the corrected plan.
    """

    target: str
    rate: float = 1.0
    from_epoch: int = 0

    def narrowed(self, target: str) -> "Clause":
        """Return this clause for a subtree of what it matches."""
        return replace(self, target=target)

    def __str__(self) -> str:
        if self.rate == 0:
            return f"{self.target} frozen"
        slowed = "" if self.rate == 1 and self.from_epoch else f" x{self.rate:.15g}"
        return f"{self.target}{slowed}" + (
            f" from epoch {self.from_epoch}" if self.from_epoch else ""
        )


def clauses(text: str) -> tuple[Clause, ...]:
    """Return the clauses that a text holds; "all" holds none.

    A clause is a path (as in grafts) and "frozen", "x0.1", "from epoch 5" or "x0.1 from epoch 5";
    clauses are parted by commas. Raises InputError where one is something else, its rate is no
    finite number, or no run lasts until its epoch.
    """
    return () if text.strip() == ALL else tuple(map(_clause, text.split(",")))


def paces(text: str, params: Tree) -> Paces:
    """Return how each leaf of a network trains, by path; what no clause names trains as ever.

    Raises InputError, with the corrected plan, where a clause cannot be read or matches no leaf,
    or two match the same one.
    """
    paths = list(leaves(params))
    named = rule_by_path(paths, clauses(text))
    rules = ((path, named.get(path, Clause(path))) for path in paths)
    return tuple((path, Pace(rule.rate, rule.from_epoch)) for path, rule in rules)


def _clause(text: str) -> Clause:
    text = " ".join(text.split())
    found = _CLAUSE.fullmatch(text)
    if not found or not found["how"]:
        raise InputError(
            f"{text!r} says of no branch how it trains",
            remedy='write "all", or "imu frozen", "imu x0.1", "imu from epoch 5", parted by commas',
        )
    path = found["path"]
    rate = 0.0 if found["how"] == " frozen" else float(found["rate"] or 1)
    if not math.isfinite(rate):
        raise InputError(f"the rate of {path} is no finite number", remedy=f"write {path} x0.1")
    if rate == 0:
        return Clause(path, rate)
    return Clause(path, rate, _epoch(path, found["epoch"] or "0"))


def _epoch(path: str, digits: str) -> int:
    if not digits.isdecimal() or len(digits) > 9 or int(digits) > LAST_EPOCH:
        raise InputError(
            f"{path} trains from epoch {digits[:20]}",
            remedy=f"write {path} frozen, or a whole number up to {LAST_EPOCH}",
        )
    return int(digits)
