"""Match rules to leaves of a network: one rule a leaf, or say which rule would mend it."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.tree import cover, match, prefixes


class Targeted(Protocol):
    """A rule (a dataclass) for the leaves under `target`, a pattern of whole segments."""

    @property
    def target(self) -> str:
        """The pattern."""

    def narrowed(self, target: str) -> Any:
        """Return this rule for a subtree of what it matches."""


R = TypeVar("R", bound=Targeted)


def rule_by_path(paths: Iterable[str], rules: Iterable[R]) -> dict[str, R]:
    """Return the rule of every path that has one.

    Raises InputError, with the corrected rules, where a rule matches nothing or a leaf is matched
    twice.
    """
    paths = list(paths)
    rule_of: dict[str, R] = {}
    for rule in rules:
        found = matched(rule, rule.target, paths, "target", _retargeted(rule))
        for path in found:
            if path in rule_of:
                raise _ambiguous(path, rule_of[path], rule, paths)
            rule_of[path] = rule
    return rule_of


def matched(
    rule: Any, pattern: str, paths: Sequence[str], side: str, corrected: Callable[[str], str]
) -> list[str]:
    """Return the paths under `pattern`.

    corrected: the rule as text, with the path it is given in place of `pattern`

    Raises InputError that names the nearest path where there is none.
    """
    found = [path for path in paths if match(pattern, path)]
    if found:
        return found
    known = list(dict.fromkeys(prefix for path in paths for prefix in prefixes(path)))
    near = difflib.get_close_matches(pattern.replace(".", "/"), known, n=1, cutoff=0.5)
    meant = f"did you mean {corrected(near[0])}? " if near else ""
    raise InputError(
        f"{rule} matches no {side} leaf",
        remedy=f"{meant}the {side} has {', '.join(cover(paths, paths)) or 'no leaf'}",
    )


def listed(rules: Iterable[Any]) -> str:
    """Write rules as a config would hold them."""
    return ", ".join(map(str, rules))


def _retargeted(rule: Any) -> Callable[[str], str]:
    return lambda target: str(replace(rule, target=target))


def _ambiguous(path: str, first: Targeted, second: Targeted, paths: Sequence[str]) -> InputError:
    """Return the error for a leaf under two rules: the wider one shall give way."""
    under = [{p for p in paths if match(rule.target, p)} for rule in (first, second)]
    wide, narrow = (0, 1) if len(under[0]) >= len(under[1]) else (1, 0)
    rest = cover(under[wide] - under[narrow], paths)
    parts = listed((first, second)[wide].narrowed(part) for part in rest)
    return InputError(
        f"{path} is matched by both {first} and {second}",
        remedy=f"replace {(first, second)[wide]} by {parts}" if parts else "delete one of the two",
    )
