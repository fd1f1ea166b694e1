"""A table as a Markdown page."""

from collections.abc import Sequence

from mtloc_jax import escapes
from mtloc_jax.report.table import Reach, ReportTable


def markdown(table: ReportTable) -> str:
    """Return title, scope, sentences, the table with aligned columns, and notes."""
    grid = table.grid(Reach.PAGE)
    grid = grid.turned() if table.turned else grid
    rows = [
        [escapes.markdown_cell(name) for name in grid.header],
        *([escapes.markdown_cell(cell.text()) for cell in line] for line in grid.body),
    ]
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    rules = [
        "-" * width if left else "-" * (width - 1) + ":"
        for width, left in zip(widths, grid.left, strict=True)
    ]
    header, *body = [_line(row, widths, grid.left) for row in rows]
    return "\n".join(
        [
            f"# {escapes.markdown(table.title)}",
            "",
            escapes.markdown(table.scope),
            "",
            *_list(table.lead),
            header,
            f"| {' | '.join(rules)} |",
            *body,
            "",
            *(f"- {escapes.markdown(note)}" for note in table.notes),
            "",
        ]
    )


def _line(cells: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> str:
    padded = [
        cell.ljust(width) if on_the_left else cell.rjust(width)
        for cell, width, on_the_left in zip(cells, widths, left, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _list(sentences: Sequence[str]) -> list[str]:
    return [*(f"- {escapes.markdown(said)}" for said in sentences), *([""] if sentences else [])]
