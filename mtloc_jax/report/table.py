"""A table of values, and the grid of cells that each medium has room for."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from mtloc_jax import escapes
from mtloc_jax.report.values import Cell, Label, Value, are_labels, as_value


class Reach(IntEnum):
    """How far a column goes: it stands in its own medium and in all that have more room."""

    DATA, PAGE, PAPER, TERMINAL = range(4)


@dataclass(frozen=True)
class Column:
    """Say what a column is.

    name:  its heading; keys: what its fields are called in a CSV file, none: it is not in there
    label: whether it names the lines instead of holding a figure
    """

    name: str
    keys: tuple[str, ...] = ()
    reach: Reach = Reach.TERMINAL
    label: bool = False


@dataclass(frozen=True)
class Grid:
    """Hold what a medium shows: a heading a column, and lines of as many cells.

    n_labels: how many of the first columns name the lines
    """

    header: tuple[str, ...]
    body: tuple[tuple[Value, ...], ...]
    n_labels: int

    @property
    def left(self) -> tuple[bool, ...]:
        """Say of each column whether it stands on the left: it names lines, and in words."""
        columns = zip(*self.body, strict=True)
        return tuple(at < self.n_labels and are_labels(cells) for at, cells in enumerate(columns))

    def pieces(self, number: int) -> "list[Grid]":
        """Return its columns of figures in so many grids, dealt evenly, each with all labels."""
        n_figures = len(self.header) - self.n_labels
        edges = [self.n_labels + round(n_figures * at / number) for at in range(number + 1)]
        kept = [[*range(self.n_labels), *range(a, b)] for a, b in pairwise(edges)]
        return [
            Grid(
                tuple(self.header[at] for at in columns),
                tuple(tuple(line[at] for at in columns) for line in self.body),
                self.n_labels,
            )
            for columns in kept
        ]

    def turned(self) -> "Grid":
        """Swap lines and columns of a grid whose first column alone names its lines."""
        header = (self.header[0], *(line[0].text() for line in self.body))
        columns = zip(*(line[1:] for line in self.body), strict=True)
        body = [(Label(n), *cells) for n, cells in zip(self.header[1:], columns, strict=True)]
        return Grid(header, tuple(body), 1)


@dataclass(frozen=True)
class ReportTable:
    """Hold a table's lines, a value a column.

    lead, notes: sentences above and below it
    across: the label column whose values become headings where it is read; empty for none. A CSV
            file keeps one line a value
    turned: whether Markdown has a column a line, as the paper prints Table V
    """

    title: str
    scope: str
    columns: tuple[Column, ...]
    lines: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    across: str = ""
    turned: bool = False

    def grid(self, reach: Reach) -> Grid:
        """Return what a medium shows; a column that is blank in every line is left out."""
        kept = [at for at, column in enumerate(self.columns) if column.reach >= reach]
        columns = [self.columns[at] for at in kept]
        lines = [tuple(as_value(line[at]) for at in kept) for line in self.lines]
        if self.across:
            columns, lines = _pivoted(columns, lines, self.across)
        full = [at for at in range(len(columns)) if any(line[at].text() for line in lines)]
        return Grid(
            tuple(columns[at].name for at in full),
            tuple(tuple(_dashed(line[at]) for at in full) for line in lines),
            sum(columns[at].label for at in full),
        )


def as_csv(tables: Sequence[ReportTable]) -> str:
    """Return tables of the same columns as one CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = tables[0].columns
    writer.writerow([key for column in columns for key in column.keys])
    for table in tables:
        for line in table.lines:
            cells = zip(columns, line, strict=True)
            writer.writerow([f for column, cell in cells for f in _fields(column, cell)])
    return text.getvalue()


def _fields(column: Column, cell: Cell) -> tuple[str, ...]:
    n_keys = len(column.keys)
    fields = map(escapes.csv_field, as_value(cell).data()[:n_keys])
    return (*fields, *[""] * n_keys)[:n_keys]


def _dashed(value: Value) -> Value:
    return value if value.text() else Label("-")


def _pivoted(
    columns: Sequence[Column], lines: Sequence[tuple[Value, ...]], across: str
) -> tuple[list[Column], list[tuple[Value, ...]]]:
    """Return a line for each set of the other labels, a column for each value of `across`."""
    names = [column.name for column in columns]
    labels = [at for at, c in enumerate(columns) if c.label and c.name != across]
    figures = [at for at, c in enumerate(columns) if not c.label]
    cells: dict[tuple[str, ...], dict[tuple[str, int], Value]] = {}
    heads: dict[tuple[str, ...], tuple[Value, ...]] = {}
    for line in lines:
        key = tuple(line[at].text() for at in labels)
        heads.setdefault(key, tuple(line[at] for at in labels))
        head = line[names.index(across)].text()
        cells.setdefault(key, {}).update({(head, at): line[at] for at in figures})
    every = dict.fromkeys(line[names.index(across)].text() for line in lines)
    made = [
        Column(head if len(figures) == 1 else f"{head}: {columns[at].name}")
        for head in every
        for at in figures
    ]
    body = [
        (*heads[key], *(held.get((head, at), Label("")) for head in every for at in figures))
        for key, held in cells.items()
    ]
    return [*(columns[at] for at in labels), *made], body
