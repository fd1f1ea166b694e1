"""Text that prints as it is, whatever medium reads it: names come from users and recordings."""

import re

_LATEX = {
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
_LATEX_MARK = re.compile("|".join(map(re.escape, _LATEX)))
# Brackets before a number are an interval's and "_" within a word is no emphasis: both stay.
_MARKDOWN_MARK = re.compile(
    r"[\\`*~$]|&(?=#?\w+;)|<(?=[A-Za-z/!?])|\[(?![+-]?\d)|\](?=[(\[:])|(?<!\w)_|_(?!\w)"
)
_MARKDOWN_START = re.compile(r"^(?=[#>|]|[+-]\s|[=-]{2})|^(\d+)(?=[.)]\s)")


def printable(text: str) -> str:
    """Return `text` on one line, what cannot be printed as a space."""
    return "".join(mark if mark.isprintable() else " " for mark in text)


def latex(text: str) -> str:
    """Return `text` so that LaTeX prints it as it is."""
    return _LATEX_MARK.sub(lambda found: _LATEX[found[0]], printable(text))


def markdown(text: str) -> str:
    """Return `text` so that Markdown prints it as it is, within a line or as a line of its own."""
    marked = _MARKDOWN_MARK.sub(lambda found: f"\\{found[0]}", printable(text))
    return _MARKDOWN_START.sub(lambda found: f"{found[1] or ''}\\", marked)


def markdown_cell(text: str) -> str:
    """Return `text` so that a cell of a Markdown table prints it as it is."""
    marked = _MARKDOWN_MARK.sub(lambda found: f"\\{found[0]}", printable(text))
    return marked.replace("|", r"\|")
