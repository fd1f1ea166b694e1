"""Text that prints as it is, whatever medium reads it: names come from users and recordings.

The one place that knows what each medium takes for a command: a terminal's control characters,
rich's markup, LaTeX, Markdown, HTML, a script's data, a spreadsheet's formulas, a path.
"""

import hashlib
import json
import re
from typing import Any

from markupsafe import Markup, escape

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
_RICH_TAG = re.compile(r"(\\*)(\[[a-zA-Z#/@])")
# What a spreadsheet computes; numbers are not computed.
_FORMULA = re.compile(r"'*[=+\-@]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CODED = re.compile(r"\\(?:\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_LONGEST_FILE_NAME = 120


def printable(text: str) -> str:
    """Return `text` on one line, what cannot be printed as a space."""
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else " " for mark in text)


def lines(text: str) -> str:
    """Return `text` with its lines, what else cannot be printed as a space."""
    return "\n".join(map(printable, text.split("\n")))


def rich(text: str) -> str:
    """Return `text` so that rich prints it as it is, and reads no markup in it."""
    marked = _RICH_TAG.sub(lambda found: f"{found[1] * 2}\\{found[2]}", printable(text))
    ending = len(marked) - len(marked.rstrip("\\"))
    return marked + "\\" * ending  # else the last of them would escape what follows


def html(text: str) -> Markup:
    """Return `text` so that a page shows it as it is."""
    return escape(printable(text))


def script_json(value: Any) -> Markup:
    """Return plain data as JSON that may stand within <script>: no text in it ends that.

    What cannot be printed is a space, as in any other text of the page. Raises ValueError of a
    number that JSON has not.
    """
    text = json.dumps(_printable(value), allow_nan=False, separators=(",", ":"))
    for mark in "<>&":  # in JSON these stand within strings alone
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)


def csv_field(text: str) -> str:
    """Return `text` as a field of a CSV file, on one line and no formula; `from_csv` undoes it.

    Quotes and commas are the CSV writer's. What cannot be printed, and a backslash, is written as
    Python writes it; what a spreadsheet would compute begins with an apostrophe.
    """
    coded = "".join(map(_coded, text)) if "\\" in text or not text.isprintable() else text
    formula = _FORMULA.match(coded) and not _NUMBER.fullmatch(coded)
    return f"'{coded}" if formula else coded


def from_csv(field: str) -> str:
    """Return the text that `csv_field` made a field of."""
    text = field[1:] if field.startswith("'") and _FORMULA.match(field) else field
    return _CODED.sub(lambda found: _decoded(found[0]), text) if "\\" in text else text


def file_name(text: str) -> str:
    """Return `text` as a name of a file: one level, printable, not hidden and not too long."""
    plain = re.sub(r"[/\\]", "-", printable(text)).lstrip(". ").rstrip() or "unnamed"
    if len(plain.encode("utf-8")) <= _LONGEST_FILE_NAME:
        return plain
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    cut = plain.encode("utf-8")[:_LONGEST_FILE_NAME].decode("utf-8", "ignore")
    return f"{cut}-{digest}"


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


def _printable(value: Any) -> Any:
    """Return data with every text in it on one line, as it can be printed."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(name)): _printable(held) for name, held in value.items()}
    return [_printable(held) for held in value] if isinstance(value, list | tuple) else value


def _coded(mark: str) -> str:
    if mark == "\\":
        return r"\\"
    if mark.isprintable():
        return mark
    number = ord(mark)
    width, kind = (2, "x") if number < 0x100 else (4, "u") if number < 0x10000 else (8, "U")
    return f"\\{kind}{number:0{width}x}"


def _decoded(code: str) -> str:
    return "\\" if code == r"\\" else chr(int(code[2:], 16))
