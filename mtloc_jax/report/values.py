"""What stands in a cell of a table: a value that each medium writes in its own way.

`text()` is for the terminal and Markdown, `latex()` for a paper, `html()` for the page, and
`data()` are the fields of a CSV file, metres where it is a length.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mtloc_jax import escapes


class Value(ABC):
    """Be one cell of a table."""

    @abstractmethod
    def text(self) -> str:
        """Return it in plain words; empty where there is nothing to say."""

    @abstractmethod
    def data(self) -> tuple[str, ...]:
        """Return its fields in a CSV file, empty ones where a number is not known."""

    def latex(self) -> str:
        """Return it for LaTeX."""
        return escapes.latex(self.text())

    def html(self) -> Markup:
        """Return it for a page, safe to set as it is."""
        return escapes.html(self.text())


Cell = Value | str | None


@dataclass(frozen=True)
class Label(Value):
    """Say something; a CSV file holds `fields` instead, where there are any."""

    said: str
    fields: tuple[str, ...] = ()

    def text(self) -> str:
        """Return what is said."""
        return self.said

    def data(self) -> tuple[str, ...]:
        """Return the fields it stands for."""
        return self.fields or (self.said,)


BLANK = Label("")


@dataclass(frozen=True)
class Count(Value):
    """Hold how many there are."""

    number: int

    def text(self) -> str:
        """Return it with its thousands apart."""
        return f"{self.number:,}"

    def data(self) -> tuple[str, ...]:
        """Return its digits."""
        return (str(self.number),)


@dataclass(frozen=True)
class Of(Value):
    """Hold how many of some there are: '7 of 10 seeds'."""

    number: int
    every: int
    noun: str

    def text(self) -> str:
        """Return both numbers and what they count."""
        return f"{self.number} of {self.every} {self.noun}"

    def data(self) -> tuple[str, ...]:
        """Return both numbers."""
        return str(self.number), str(self.every)


@dataclass(frozen=True)
class Number(Value):
    """Hold a number, and its spread over seeds where there is one; NaN is not known."""

    value: float
    spread: float = float("nan")
    digits: int = 2

    def text(self) -> str:
        """Return '2.25 ± 0.35', or '2.25'."""
        return " ± ".join(filter(None, (self._value, self._spread)))

    def latex(self) -> str:
        """Return it with the sign of LaTeX between both."""
        return r" $\pm$ ".join(filter(None, (self._value, self._spread)))

    def html(self) -> Markup:
        """Return it with its spread in small letters."""
        small = Markup("<small> ± {}</small>").format(self._spread) if self._spread else ""
        return Markup("{}{}").format(self._value, small)

    def data(self) -> tuple[str, ...]:
        """Return both to a tenth of a millimetre."""
        return field(self.value), field(self.spread)

    @property
    def _value(self) -> str:
        return f"{self.value:.{self.digits}f}" if np.isfinite(self.value) else ""

    @property
    def _spread(self) -> str:
        return f"{self.spread:.{self.digits}f}" if np.isfinite(self.spread) else ""


@dataclass(frozen=True)
class Signed(Value):
    """Hold a difference, whose sign is always written; NaN is not known."""

    value: float
    unit: str = ""

    def text(self) -> str:
        """Return '+0.51 m'."""
        return f"{self._value} {self.unit}".strip()

    def latex(self) -> str:
        """Return it in mathematics: a hyphen is no minus sign."""
        unit = rf"\,\mathrm{{{self.unit}}}" if self.unit else ""
        return f"${self._value}{unit}$" if self._value else ""

    def data(self) -> tuple[str, ...]:
        """Return it without its unit."""
        return (field(self.value),)

    @property
    def _value(self) -> str:
        return f"{self.value:+.2f}" if np.isfinite(self.value) else ""


@dataclass(frozen=True)
class Interval(Value):
    """Hold the ends of an interval of a difference, both finite."""

    low: float
    high: float

    def text(self) -> str:
        """Return '[-0.35, +1.37]'."""
        return f"[{self.low:+.2f}, {self.high:+.2f}]"

    def latex(self) -> str:
        """Return it in mathematics: a hyphen is no minus sign."""
        return f"${self.text()}$"

    def data(self) -> tuple[str, ...]:
        """Return both ends."""
        return field(self.low), field(self.high)


@dataclass(frozen=True)
class PValue(Value):
    """Hold a p-value, which is never zero."""

    p: float

    def text(self) -> str:
        """Return '0.041', or '< 0.001'."""
        return "< 0.001" if self.p < 0.001 else f"{self.p:.3f}"

    def data(self) -> tuple[str, ...]:
        """Return it with four digits."""
        return (field(self.p),)


def field(number: float) -> str:
    """Write a number for a CSV file; empty where it is not known, or not finite."""
    return f"{number:.4f}" if np.isfinite(number) else ""


def as_value(cell: Cell) -> Value:
    """Return a cell as a value: a text is a label, None is blank."""
    if cell is None:
        return BLANK
    return Label(cell) if isinstance(cell, str) else cell


def are_labels(cells: Iterable[Value]) -> bool:
    """Say whether cells hold words, which stand on the left; numbers stand on the right."""
    return all(isinstance(cell, Label) for cell in cells)
