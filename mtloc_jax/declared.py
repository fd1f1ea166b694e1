"""What a declaration of a setting says, and how a value is held against it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mtloc_jax.errors import InputError
from mtloc_jax.registry import found_at, meant

_SECOND_MS, _DAY_MS = 1000, 86_400_000
_AT_MOST = "at most {} old"

Kind = Literal["static", "traced", "judged", "site", "building", "plan", "place"]
KINDS: dict[Kind, str] = {
    "static": "shapes the compiled program: runs that differ in it are compiled apart",
    "traced": "a number of the compiled program, or what a run starts from: runs share a program",
    "judged": "how trained networks are judged: networks that differ in it alone are trained once",
    "site": "how recordings become windows",
    "building": "which recordings",
    "plan": "which runs there are",
    "place": "what no row follows from: where something lies on this machine, what a report tells",
}
SWEPT: tuple[Kind, ...] = ("static", "traced", "judged", "site", "building")
"""Kinds that an axis of `sweep` may name."""
COMPILED_APART: tuple[Kind, ...] = ("static", "site", "building")


@dataclass(frozen=True)
class Range:
    """Hold the numbers that a setting may be; an end is open where it is not allowed itself."""

    low: float = float("-inf")
    high: float = float("inf")
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        """Say whether a number lies within; NaN does not."""
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        if self.high >= 1e5:  # a guard against absurd numbers, not worth telling
            return f"{'more than' if self.open_low else 'at least'} {self.low:g}"
        return f"in {'[('[self.open_low]}{self.low:g}, {self.high:g}{'])'[self.open_high]}"

    def wanted(self, value: float) -> str:
        """Say what a number that does not lie within should be."""
        return f"at most {self.high:,.0f}" if value > self.high >= 1e5 else str(self)


COUNT = Range(1, 2**31 - 1)
NATURAL = Range(0, 2**31 - 1)
SHARE = Range(0, 1)
RATE = Range(1e-3, 1)  # of rounds: less than a thousandth of a survey is no survey
AGE_MS = Range(0, 10**12)


@dataclass(frozen=True)
class Declared:
    """Say what one setting is.

    name:    as configs and sweeps write it, dotted within a group ("wipe.mode")
    choices: the names it may be, or "module:REGISTRY" whose names they are; none for any
    range:   of numbers, one or each of several
    label:   what it is, in words, for axes and lists
    words:   how a value, with its unit, is told in a table ("scans at most {} old"); empty: name
             and value
    zero:    how 0 is told where it stands for something else ("all walks"); empty: as any other
    roles:   of kind "site", which buildings it shapes; empty for others
    pretrained: whether the networks that arms graft from follow from it
    """

    name: str
    default: Any
    kind: Kind
    label: str
    unit: str
    choices: tuple[str, ...] | str
    range: Range | None
    words: str
    zero: str
    roles: tuple[str, ...]
    pretrained: bool

    def names(self) -> tuple[str, ...]:
        """Return the names it may be; none where any will do."""
        return tuple(found_at(self.choices)) if isinstance(self.choices, str) else self.choices

    def worded(self, value: Any) -> str:
        """Write a setting for a reader: 'hidden 64', 'scans at most 4 s old'."""
        if self.zero and value == 0:
            return self.zero
        if self.words.endswith(_AT_MOST) and value >= _DAY_MS:  # no recording is that long
            return self.words.replace(_AT_MOST, "of any age")
        if self.words:
            return self.words.format(self.measured(value))
        words = self.name.removesuffix("_ms").replace("_", " ").replace(".", " ")
        return f"{words} {self.measured(value)}"

    def measured(self, value: Any) -> str:
        """Write a value with its unit: '500 ms', '4 s', '64', 'from transferred'."""
        unit = self.unit
        if unit == "ms" and value >= _SECOND_MS:
            value, unit = value / _SECOND_MS, "s"
        if isinstance(value, str) and value.isidentifier() and self.kind != "building":
            return value.replace("_", " ")
        number = f"{value:.10g}" if isinstance(value, float) else str(value)
        return f"{number} {unit}".strip()

    def checked(self, value: Any) -> Any:
        """Return a value as the setting holds it; integers serve as floats, lists as tuples.

        Raises InputError where it is of another type, none of the choices or out of range.
        """
        value = self._typed(value)
        many = value if isinstance(value, tuple) else (value,)
        names = self.names()
        if self.choices and (wrong := [one for one in many if one not in names]):
            raise InputError(
                f"{self.name} is {wrong[0]!r}",
                remedy=f"set --config.{self.name} to one of {', '.join(names)}: "
                + meant(wrong[0], names),
            )
        if self.range and (wrong := [one for one in many if one not in self.range]):
            raise InputError(
                f"{self.name} is {wrong[0]!r}",
                remedy=f"set --config.{self.name} " + self.range.wanted(wrong[0]),
            )
        if isinstance(value, str) and not value.isprintable():
            raise InputError(
                f"{self.name} holds a character that cannot be printed", remedy="leave it out"
            )
        return value

    def _typed(self, value: Any) -> Any:
        kind = type(self.default)
        if kind is tuple and isinstance(value, list | tuple):
            of = type(self.default[0]) if self.default else None
            return tuple(self._as(of, one) for one in value) if of else tuple(value)
        return self._as(kind, value)

    def _as(self, kind: type, value: Any) -> Any:
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise InputError(
                f"{self.name} is {value!r}", remedy=f"its values are of type {kind.__name__}"
            )
        return value


BOTH, TARGET = ("source", "target"), ("target",)


def setting(
    default: Any,
    kind: Kind,
    label: str,
    *,
    unit: str = "",
    choices: tuple[str, ...] | str = (),
    within: Range | None = None,
    words: str = "",
    zero: str = "",
    roles: tuple[str, ...] = (),
    pretrained: bool = False,
) -> Any:
    """Declare a field of `Settings` or of one of its groups."""
    said = (kind, label, unit, choices, within, words, zero, roles, pretrained)
    return field(default=default, metadata={"declared": said})
