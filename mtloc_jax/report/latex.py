"""A table as LaTeX, ruled by booktabs, to \\input into a paper."""

from mtloc_jax.report.text_table import TextTable

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "->": r"$\rightarrow$",
    "±": r"$\pm$",
    "<": "$<$",
    ">": "$>$",
    "|": r"\,\textbar\,",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{mark: f"\\{mark}" for mark in "%&_#${}"},
}


def latex(table: TextTable) -> str:
    """Return a table* float: title and scope as its caption, notes below; needs booktabs."""
    columns = "l" * table.n_labels + "r" * (len(table.header) - table.n_labels)
    notes = [f"\\par {escaped(note)}" for note in table.notes]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            "\\begin{table*}",
            "\\centering",
            f"\\caption{{{escaped(table.title)}. {escaped(table.scope)}.}}",
            "\\footnotesize",
            "\\setlength{\\tabcolsep}{2.5pt}",
            f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
            "\\toprule",
            _line(table.header),
            "\\midrule",
            *map(_line, table.body),
            "\\bottomrule",
            "\\end{tabular}",
            "\\par\\smallskip\\begin{minipage}{\\textwidth}\\raggedright\\scriptsize",
            *notes,
            "\\end{minipage}",
            "\\end{table*}",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Return `text` so that LaTeX prints it as it is."""
    pieces, at = [], 0
    while at < len(text):
        mark = next((m for m in _ESCAPES if text.startswith(m, at)), text[at])
        pieces.append(_ESCAPES.get(mark, mark))
        at += len(mark)
    return "".join(pieces)


def _line(cells: tuple[str, ...]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\"


def _cell(cell: str) -> str:
    # A hyphen before a figure is a minus sign, which LaTeX draws in mathematics only.
    signed = cell[:1] in ("-", "+", "[") and any(map(str.isdigit, cell))
    return f"${_number(cell)}$" if signed else escaped(cell)


def _number(cell: str) -> str:
    return cell.replace(" m", r"\,\mathrm{m}")
