"""Freeze plans as a line of text, so that a sweep can name them: "imu x0.1, mag from epoch 5"."""

import re

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.freeze import Freeze, Plan, Train
from mtloc_jax.surgery.tree import Tree, cover, leaves, match

ALL = "all"
_CLAUSE = re.compile(
    r"(?P<path>\S+)(?P<how> frozen|(?: x(?P<rate>\d*\.?\d+))?(?: from epoch (?P<epoch>\d+))?)"
)


def clauses(text: str) -> Plan:
    """Return the rules that a text names; "all" names none.

    A clause is a path (as in grafts) and "frozen", "x0.1", "from epoch 5" or "x0.1 from epoch 5";
    clauses are parted by commas. Raises InputError where one is something else.
    """
    return () if text.strip() == ALL else tuple(map(_rule, text.split(",")))


def thaw(text: str, params: Tree) -> Plan:
    """Return the plan for a network: what the text names, and all other leaves trained as ever.

    Raises InputError where a clause cannot be read, or by_leaf will where it matches no leaf.
    """
    named, paths = clauses(text), list(leaves(params))
    rest = [path for path in paths if not any(match(rule.target, path) for rule in named)]
    return (*named, *map(Train, cover(rest, paths)))


def _rule(clause: str) -> Train | Freeze:
    found = _CLAUSE.fullmatch(clause.strip())
    if not found or not found["how"]:
        raise InputError(
            f"{clause.strip()!r} says of no branch how it trains",
            remedy='write "all", or "imu frozen", "imu x0.1", "imu from epoch 5", parted by commas',
        )
    if found["how"] == " frozen" or float(found["rate"] or 1) == 0:
        return Freeze(found["path"])
    return Train(found["path"], float(found["rate"] or 1), int(found["epoch"] or 0))
