"""A table as LaTeX, ruled by booktabs, to \\input into a paper."""

from collections.abc import Iterable

from mtloc_jax import escapes
from mtloc_jax.report.table import Reach, ReportTable


def latex(table: ReportTable) -> str:
    """Return a table* float: title and scope as its caption, notes below; needs booktabs."""
    grid = table.grid(Reach.PAPER)
    columns = "".join("l" if left else "r" for left in grid.left)
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            "\\begin{table*}",
            "\\centering",
            f"\\caption{{{escapes.latex(table.title)}. {escapes.latex(table.scope)}.}}",
            "\\footnotesize",
            "\\setlength{\\tabcolsep}{2.5pt}",
            f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
            "\\toprule",
            _line(map(escapes.latex, grid.header)),
            "\\midrule",
            *(_line(cell.latex() for cell in line) for line in grid.body),
            "\\bottomrule",
            "\\end{tabular}",
            "\\par\\smallskip\\begin{minipage}{\\textwidth}\\raggedright\\scriptsize",
            *(f"\\par {escapes.latex(note)}" for note in table.notes),
            "\\end{minipage}",
            "\\end{table*}",
            "",
        ]
    )


def _line(cells: Iterable[str]) -> str:
    # A line that begins with a bracket would be read as an argument of the one above.
    joined = " & ".join(cells)
    return ("{}" if joined.startswith("[") else "") + joined + r" \\"
