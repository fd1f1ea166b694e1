"""A report's folder: DIR/tables, DIR/figures and DIR/report.html, written and announced."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console

from mtloc_jax.report import look
from mtloc_jax.report.latex import latex
from mtloc_jax.report.page import Picture
from mtloc_jax.report.text_table import TextTable

PAGE = "report.html"
# Left to the files, so that a table fits a terminal; and left to the caption, to fit a paper.
_DETAIL = ("p75", "p90", "p95", "seeds", "windows", "effect", "better in")
_COUNTS = ("seeds", "windows")


def write_tables(
    folder: Path, texts: dict[str, list[TextTable]], data: dict[str, str]
) -> Iterator[Path]:
    """Write each group of tables as Markdown and LaTeX, and its data as CSV; yield the files."""
    folder.mkdir(exist_ok=True)
    for name, group in texts.items():
        _clear(folder, name, ("md", "tex", "csv"))
        if not group:
            continue
        # Table V in Markdown has one column an arm, as the paper prints it.
        turned = [text.transposed() if name.startswith("table5") else text for text in group]
        yield write_text(folder / f"{name}.md", "\n".join(text.markdown() for text in turned))
        yield write_text(
            folder / f"{name}.tex", "\n".join(latex(t.without(_COUNTS)) for t in group)
        )
        yield write_text(folder / f"{name}.csv", data[name])


def write_figures(folder: Path, drawings: Mapping[str, Figure | None]) -> Iterator[Path]:
    """Write each figure as PNG and SVG, remove the files of those not drawn; yield the files."""
    folder.mkdir(exist_ok=True)
    for name, drawn in drawings.items():
        png, svg = _clear(folder, name, ("png", "svg"))
        if drawn is not None:
            with look.drawing():
                look.save(drawn, png)
                drawn.set_layout_engine("none")  # it is laid out now, which takes half the time
                look.save_svg(drawn, svg)
            yield from (png, svg)


def pictures(folder: Path, drawings: Mapping[str, Figure | None]) -> list[Picture]:
    """Return the figures written to `folder` as a page shows them."""
    return [
        Picture(drawn.get_suptitle(), drawn.get_supxlabel(), (folder / f"{name}.png").read_bytes())
        for name, drawn in drawings.items()
        if drawn is not None
    ]


def digests(workdir: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of those of the named files that are in `workdir`."""
    paths = {name: workdir / name for name in names}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in paths.items()
        if path.is_file()
    }


def _clear(folder: Path, name: str, kinds: tuple[str, ...]) -> list[Path]:
    """Remove what an earlier report left: a part left out must not show old rows."""
    paths = [folder / f"{name}.{kind}" for kind in kinds]
    for path in paths:
        path.unlink(missing_ok=True)
    return paths


def write_text(path: Path, text: str) -> Path:
    """Write a text with the same bytes on every system; return where it is."""
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def print_tables(shown: list[TextTable]) -> None:
    """Print tables on the terminal without their details, each note once."""
    # Wide enough for every figure: a narrow terminal breaks lines, rich would cut them.
    console = Console(width=max(Console().width, 120))
    for text in shown:
        text.without(_DETAIL).show(console)
    console.print()
    for note in dict.fromkeys(note for text in shown for note in text.notes):
        console.print(f"- {note}", markup=False, highlight=False, soft_wrap=True)


def print_files(workdir: Path, written: list[Path], not_drawn: list[str]) -> None:
    """Say where the report is, and which figures had nothing to show."""
    if not_drawn:
        print(f"\nNot drawn, for nothing was measured for it: {', '.join(not_drawn)}")
    n_beside = len(written) - 1
    print(f"\nReport: {workdir / PAGE}, and {n_beside} files in tables/ and figures/ beside it")
