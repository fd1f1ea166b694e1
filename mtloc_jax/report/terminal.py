"""A table on the terminal, in its width where that can be."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from textwrap import wrap

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from mtloc_jax.escapes import lines, printable
from mtloc_jax.report.table import Grid, Reach, ReportTable
from mtloc_jax.report.values import Value

_PER_CENT = "\N{NO-BREAK SPACE}%"
_GAP = 2  # characters between columns
MOST_LINES = 120
"""Of a table: the files have all of it."""


@dataclass(frozen=True)
class _Fit:
    """Say how a table is squeezed.

    between: what stands before a spread
    word:    letters of a word of a label or a heading that may not be broken
    """

    between: str
    word: int


_FITS = (_Fit(" ± ", 12), _Fit("\n± ", 12))
"""Ways to lay a table out, the widest first."""
_NARROWEST = _Fit("\n± ", 6)


def show(table: ReportTable, console: Console) -> None:
    """Print a table; in a narrow terminal, spreads stand below their numbers.

    In a narrower one its columns stand below each other, in as few pieces as fit. Of a table of
    more than MOST_LINES lines, the first ones.
    """
    grid = table.grid(Reach.TERMINAL)
    left_out = len(grid.body) - MOST_LINES
    fit, pieces = _fitted(replace(grid, body=grid.body[:MOST_LINES]), console.width)
    say(f"\n{table.title}", console, style="bold")
    say(table.scope, console)
    for at, piece in enumerate(pieces):
        # A terminal narrower than that breaks lines; rich would cut figures.
        width = max(_width(piece, fit), console.width)
        if at:
            console.print()
        console.print(_drawn(piece, fit, width), width=width, soft_wrap=width > console.width)
    if left_out > 0:
        say(f"{left_out:,} more lines are in the files beside the report", console)


def _fitted(grid: Grid, width: int) -> tuple[_Fit, list[Grid]]:
    """Return how to lay a table out in so many characters, and its pieces."""
    n_figures = len(grid.header) - grid.n_labels
    for n_pieces in range(1, n_figures + 1):
        pieces = grid.pieces(n_pieces)
        for fit in _FITS:
            if all(_width(piece, fit) <= width for piece in pieces):
                return fit, pieces
    fitting = (n for n in range(1, n_figures + 1) if _fits(grid.pieces(n), width))
    return _NARROWEST, grid.pieces(next(fitting, max(n_figures, 1)))


def _fits(pieces: Iterable[Grid], width: int) -> bool:
    return all(_width(piece, _NARROWEST) <= width for piece in pieces)


def say(text: str, console: Console, style: str = "") -> None:
    """Print text as it is: no markup is read, no number coloured, and the terminal breaks lines."""
    console.print(Text(lines(text), style=style), soft_wrap=True)


def _width(grid: Grid, fit: _Fit) -> int:
    """Return how many characters a table takes at least."""
    return sum(_column_width(grid, at, fit) + _GAP for at in range(len(grid.header))) - _GAP


def _column_width(grid: Grid, at: int, fit: _Fit) -> int:
    """Return how many characters a column takes at least: labels may be broken, figures not."""
    texts = [text for line in grid.body for text in _texts(line[at : at + 1], fit)]
    words = [printable(grid.header[at]), *(texts if at < grid.n_labels else ())]
    longest = max((len(word) for text in words for word in text.split(" ")), default=0)
    figures = [part for text in texts for part in text.split("\n") if at >= grid.n_labels]
    return max(min(longest, fit.word), *map(len, figures), 1)


def _texts(line: Iterable[Value], fit: _Fit) -> list[str]:
    """Return cells as they are printed: a number is not parted from its per cent."""
    texts = (printable(cell.text()).replace(" %", _PER_CENT) for cell in line)
    return [text.replace(" ± ", fit.between) for text in texts]


def _widths(grid: Grid, fit: _Fit, width: int) -> list[int]:
    """Return the characters of each column: labels take what figures leave, the first ones first.

    Rich would take as much from each, and break words of some to spare blanks of others.
    """
    widths = [_column_width(grid, at, fit) for at in range(len(grid.header))]
    spare = max(width - _width(grid, fit), 0)
    for at in range(grid.n_labels):
        texts = [text for line in grid.body for text in _texts(line[at : at + 1], fit)]
        wanted = max(map(len, (printable(grid.header[at]), *texts)))
        more = min(max(wanted - widths[at], 0), spare)
        widths[at], spare = widths[at] + more, spare - more
    return widths


def _drawn(grid: Grid, fit: _Fit, width: int) -> RichTable:
    table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    columns = zip(grid.header, grid.left, _widths(grid, fit, width), strict=True)
    for at, (name, left, letters) in enumerate(columns):
        words = wrap(printable(name), _column_width(grid, at, fit))
        table.add_column(
            Text("\n".join(words)),
            justify="left" if left else "right",
            width=letters,
            no_wrap=at >= grid.n_labels,
            overflow="fold",
        )
    for line in grid.body:
        table.add_row(*map(Text, _texts(line, fit)))
    return table
