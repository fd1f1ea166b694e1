"""The verdict that every check of a data card returns."""

from dataclasses import dataclass

SLIGHT = 0.01
"""Share of what was recorded up to which a fault is told, but does not warn."""


@dataclass(frozen=True)
class Check:
    """Hold one verdict.

    value:   the number judged, None where the check does not apply
    number:  the number in words, with its unit and what it was counted over
    meaning: what the verdict means for whoever trains on these recordings
    """

    name: str
    passed: bool
    value: float | None
    number: str
    meaning: str


def verdict(
    name: str, passed: bool, value: float, number: str, *, if_passed: str, if_not: str
) -> Check:
    """Return a check with the meaning that belongs to its outcome."""
    meaning = if_passed if passed else if_not
    return Check(name, bool(passed), round(float(value), 4), number, meaning)


def not_applicable(name: str, why: str) -> Check:
    """Return a check that had nothing to judge: it passes, with no number."""
    return Check(name, True, None, why, "does not apply to these recordings")


def percent(share: float) -> str:
    """Write a share with one decimal: 0.9946 -> '99.5 %'."""
    return f"{100 * share:.1f} %"
