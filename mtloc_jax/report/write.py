"""A workdir's rows -> its tables, figures and page; the same rows give the same bytes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console

from mtloc_jax.arms import arm_label
from mtloc_jax.errors import InputError
from mtloc_jax.files import never_made_again, write_whole
from mtloc_jax.report import style, terminal
from mtloc_jax.report.headline import models
from mtloc_jax.report.latex import latex
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.measured import Measured, read_measured
from mtloc_jax.report.narrow import narrow
from mtloc_jax.report.page import Contents, Live, Part, Picture, Tile, page
from mtloc_jax.report.ran import ran
from mtloc_jax.report.raster import CSS_DPI, raster
from mtloc_jax.report.sections import SECTIONS, Section, answers
from mtloc_jax.report.summary import summarise
from mtloc_jax.report.table import ReportTable, as_csv
from mtloc_jax.report.values import Number
from mtloc_jax.report.verdict import caveat, paired_by, verdict
from mtloc_jax.rows import METRICS, of_arm, select
from mtloc_jax.sites.floor_plan import FloorPlan

PAGE = "report.html"
_MOST_TILES = 6
"""Arms whose errors a reader takes in at a glance."""
_NARROW_DPI, _NARROW_COLOURS = 150, 64


@dataclass(frozen=True)
class Made:
    """Hold a section's tables and figures by the names of their files."""

    section: Section
    tables: Mapping[str, list[ReportTable]]
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Written:
    """Hold a report on the disk: its sections and files, the page the last.

    first: its question and the verdict, empty where there is none; said: what else was found
    """

    parts: Sequence[Made]
    first: Sequence[str]
    said: Sequence[str]
    files: list[Path]

    def show(self) -> None:
        """Print its first tables, what was found, and where it is."""
        _print(self.parts, self.first, self.said, self.files)


def write_report(
    workdir: Path, floor_plan: FloorPlan | None = None, *, accept_altered: bool = False
) -> list[Path]:
    """Make a report and show it; return its files, the page last; as `make_report`."""
    made = make_report(workdir, floor_plan, accept_altered=accept_altered)
    made.show()
    return made.files


def make_report(
    workdir: Path,
    floor_plan: FloorPlan | None = None,
    *,
    accept_altered: bool = False,
    told: Callable[[str, float, float], None] = lambda text, done, total: None,
) -> Written:
    """Write DIR/tables, DIR/figures and DIR/report.html; `told` as it goes.

    What there is follows from the rows, of whatever study they are; what an earlier report left
    and this one has not is removed. Files that are not what the study wrote are read, and named, if
    `accept_altered`. Raises InputError where a file is absent, empty, damaged or altered, rows are
    of another study, or a floor plan has no place in it; then nothing is written. Also where DIR is
    removed meanwhile.
    """
    found = read_measured(workdir, floor_plan, accept_altered=accept_altered)
    parts: list[Made] = []
    with style.drawing():
        for done, section in enumerate(SECTIONS):
            told("reporting, tables", done, len(SECTIONS))
            parts += filter(None, [_made(section, found)])
    told("reporting, tables", 1, 1)
    said = [*map(_as_altered, found.altered), *_as_diverged(found), *answers(found)]
    _remove_others(workdir, parts)
    written: list[Path] = []
    with never_made_again(workdir):
        for done, made in enumerate(parts):
            told("reporting, figures", done, len(parts))
            written += _write(workdir, made)
        told("reporting, figures", 1, 1)
        shown = page(_contents(workdir, found, parts, said))
        written.append(write_whole(workdir / PAGE, shown))
    return Written(parts, [found.question, verdict(found)], said, written)


def _contents(
    workdir: Path, found: Measured, parts: Sequence[Made], said: Sequence[str]
) -> Contents:
    """Return what the page shows."""
    return Contents(
        provenance=found.provenance,
        question=found.question,
        verdict=verdict(found),
        caveat=caveat(found),
        ran=ran(found),
        tiles=list(_tiles(found)),
        paired_by=paired_by(found),
        answers=said,
        cards=found.cards,
        parts=[_part(workdir, made, found) for made in parts],
        record=found.record,
        digests=found.digests,
    )


def _as_altered(name: str) -> str:
    return f"Warning: {name} is not what the study wrote; what follows from it is not measured."


def _as_diverged(found: Measured) -> Iterator[str]:
    of_arms = zip(found.diverged["study"], found.diverged["arm"], strict=True)
    for (study, arm), number in Counter(of_arms).items():
        yield f"Warning: {number} runs of {arm} in {study} diverged and have no rows."


def _made(section: Section, found: Measured) -> Made | None:
    """Return a section; None where the rows hold nothing of it."""
    if not section.needs(found):
        return None
    tables = {name: made for name, make in section.tables.items() if (made := make(found))}
    figures = {name: drawn for name, draw in section.figures.items() if (drawn := draw(found))}
    return Made(section, tables, figures) if tables or figures else None


def _remove_others(workdir: Path, parts: Sequence[Made]) -> None:
    """Remove what an earlier report left of sections that this one has not: it shows old rows."""
    tables = {name for section in SECTIONS for name in section.tables}
    figures = {name for section in SECTIONS for name in section.figures}
    for name in tables.difference(*(made.tables for made in parts)):
        for kind in ("md", "tex", "csv"):
            (workdir / "tables" / f"{name}.{kind}").unlink(missing_ok=True)
    for name in figures.difference(*(made.figures for made in parts)):
        for kind in ("png", "svg"):
            (workdir / "figures" / f"{name}.{kind}").unlink(missing_ok=True)


def _write(workdir: Path, made: Made) -> Iterator[Path]:
    """Write a section's tables as Markdown, LaTeX and CSV, its figures as PNG and SVG."""
    for name, tables in made.tables.items():
        path = workdir / "tables" / name
        yield write_whole(path.with_suffix(".md"), "\n".join(map(markdown, tables)))
        yield write_whole(path.with_suffix(".tex"), "\n".join(map(latex, tables)))
        yield write_whole(path.with_suffix(".csv"), as_csv(tables))
    for name, drawn in made.figures.items():
        path = workdir / "figures" / name
        with style.drawing():
            style.save(drawn, path.with_suffix(".png"))
            drawn.set_layout_engine("none")  # it is laid out now, which takes half the time
            style.save_svg(drawn, path.with_suffix(".svg"))
        yield from (path.with_suffix(".png"), path.with_suffix(".svg"))


def _part(workdir: Path, made: Made, found: Measured) -> Part:
    """Return a section as the page shows it."""
    pictures = [
        _picture(drawn, workdir / "figures" / f"{name}.png", made.section.live.get(name), found)
        for name, drawn in made.figures.items()
    ]
    tables = [table for group in made.tables.values() for table in group]
    return Part(made.section.name, tables, pictures)


def _picture(
    drawn: Figure, png: Path, live: Callable[[Measured], Live | None] | None, found: Measured
) -> Picture:
    """Return a figure as the page shows it; it is laid out anew for small screens."""
    title, caption = drawn.get_suptitle(), drawn.get_supxlabel()
    with style.drawing():
        narrow(drawn)
        small = style.png(drawn, _NARROW_DPI, _NARROW_COLOURS)
    return Picture(
        title,
        caption,
        raster(_read_back(png)),
        raster(small, CSS_DPI / _NARROW_DPI),
        live(found) if live else None,
    )


def _read_back(png: Path) -> bytes:
    try:
        return png.read_bytes()
    except FileNotFoundError as error:
        remedy = "run the same command again: it goes on with what is there"
        raise InputError("was removed meanwhile", remedy=remedy, path=png) from error


def _tiles(found: Measured) -> Iterator[Tile]:
    """Yield the clean test errors of the arms that a reader asks for first; of many arms none."""
    clean = select(found.together, split="test", modality="none")
    leading = models(clean)
    for arm in leading if len(leading) <= _MOST_TILES else ():
        summary = summarise(of_arm(clean, arm))
        if summary:
            figures = dict(
                zip(METRICS, zip(summary.mean, summary.spread, strict=True), strict=True)
            )
            mean = Number(*figures["mean_m"])
            others = (
                (METRICS[name].label, Number(*figures[name])) for name in ("median_m", "p95_m")
            )
            details = tuple(f"{label} {number.text()} m" for label, number in others)
            yield Tile(arm_label(*arm), f"{mean.text()} m", details)


def _print(
    parts: Sequence[Made], first: Iterable[str], said: Iterable[str], written: Sequence[Path]
) -> None:
    """Show on the terminal tables, what was asked and found, each note once, and where it is."""
    console = Console()
    shown = [
        t for made in parts for name in made.section.printed for t in made.tables.get(name, ())
    ]
    for table in shown:
        terminal.show(table, console)
    for line in filter(None, first):
        terminal.say(f"\n{line}", console, style="bold")
    for line in ("", *said, "", *_notes(shown)):
        terminal.say(line, console)
    page_, n_beside = written[-1], len(written) - 1
    where = f"\nReport: {page_}, and {n_beside} files in tables/ and figures/ beside it"
    terminal.say(where, console)


def _notes(shown: Iterable[ReportTable]) -> list[str]:
    return [f"- {note}" for note in dict.fromkeys(n for table in shown for n in table.notes)]
