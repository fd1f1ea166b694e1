"""A table as text, drawn as Markdown or on the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table as RichTable


@dataclass(frozen=True)
class TextTable:
    """Hold a table's cells as text; the first `n_labels` columns name the rows.

    lead, notes: sentences above and below the table
    """

    title: str
    scope: str
    header: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    n_labels: int = 1
    lead: tuple[str, ...] = ()

    def transposed(self) -> "TextTable":
        """Swap rows and columns of a table with one label column; the corner stays."""
        header, *body = zip(self.header, *self.body, strict=True)
        return replace(self, header=header, body=tuple(body))

    def without(self, columns: Sequence[str]) -> "TextTable":
        """Leave the named columns out."""
        keep = [at for at, name in enumerate(self.header) if name not in columns]
        header, *body = [tuple(row[at] for at in keep) for row in (self.header, *self.body)]
        return replace(self, header=header, body=tuple(body))

    def markdown(self) -> str:
        """Return a Markdown page: title, scope, lead, the table with aligned columns, notes."""
        rows = [self.header, *self.body]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [self._line(row, widths) for row in (self.header, self._rule(widths), *self.body)]
        lead, notes = ([f"- {line}" for line in lines] for lines in (self.lead, self.notes))
        lead += [""] if lead else []
        return "\n".join([f"# {self.title}", "", self.scope, "", *lead, *table, "", *notes]) + "\n"

    def show(self, console: Console) -> None:
        """Print the table on the terminal, headings and labels broken to keep figures whole."""
        table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for at, name in enumerate(self.header):
            side: Literal["left", "right"] = "left" if at < self.n_labels else "right"
            table.add_column(name.replace(" ", "\n"), justify=side, no_wrap=at >= self.n_labels)
        for row in self.body:
            table.add_row(*row)
        console.print(f"\n{self.title}", style="bold", markup=False, highlight=False)
        console.print(self.scope, markup=False, highlight=False)
        console.print(table)

    def _rule(self, widths: Sequence[int]) -> list[str]:
        labels, figures = widths[: self.n_labels], widths[self.n_labels :]
        return ["-" * width for width in labels] + ["-" * (width - 1) + ":" for width in figures]

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = [
            cell.ljust(width) if at < self.n_labels else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"
