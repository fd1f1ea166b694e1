"""A report as one HTML page that needs nothing beside it: what was found first, then the rest.

Its one script and its data stand in the page; a policy in its head lets a browser fetch nothing.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from mtloc_jax.escapes import lines, printable, script_json
from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.raster import Raster
from mtloc_jax.report.table import Grid, Reach, ReportTable
from mtloc_jax.settings import DECLARED


class Live(Protocol):
    """Be what a reader may switch or follow beside a figure: `series.Curves`, `replay.Replay`."""

    def plain(self) -> Mapping[str, Any]:
        """Return what page.js reads; its "kind" says which of its parts does."""


@dataclass(frozen=True)
class Picture:
    """Hold a figure as it stands on the page; title and caption are its text alternative.

    wide:   with title and caption in it; narrow: without, for small screens
    live:   what may be switched in it, by script; None for nothing
    """

    title: str
    caption: str
    wide: Raster
    narrow: Raster
    live: Live | None = None

    @property
    def words(self) -> str:
        """Return what stands for the picture where it is not seen."""
        return printable(f"{self.title}. {self.caption}")


@dataclass(frozen=True)
class Tile:
    """Hold one large figure of the page's head: an arm, its mean error, and lines below it."""

    name: str
    value: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Hold one section of the page: its tables, then its figures."""

    name: str
    tables: Sequence[ReportTable]
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Contents:
    """Hold everything a page shows, in the order it is shown.

    question: in words; empty where nobody asked one
    verdict:  what the rows show of it, in one sentence; caveat: what that leaves open
    ran:      what was run, when and for how long, a line each
    answers: the sentences that a reader looks for first
    paired_by: what their differences are paired by, in words
    record:  config.json as it is
    digests: file name -> SHA-256 of the rows everything was made from
    """

    provenance: Provenance
    question: str
    verdict: str
    caveat: str
    ran: Sequence[str]
    tiles: Sequence[Tile]
    paired_by: str
    answers: Sequence[str]
    cards: Sequence[CardNotes]
    parts: Sequence[Part]
    record: Mapping[str, Any]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class _Laid:
    """Hold a table as the page shows it: a note that was said above is not said again."""

    title: str
    scope: str
    grid: Grid
    notes: tuple[str, ...]


def page(contents: Contents) -> str:
    """Return the page: question, verdict, answers, warnings about the data, tables, figures, .."""
    said: set[str] = set()
    parts = [
        {
            "name": part.name,
            "tables": [_laid(t, said) for t in part.tables],
            "pictures": part.pictures,
        }
        for part in contents.parts
    ]
    first = ["Answers", *(["Data"] if contents.cards else [])]
    style, script = (_beside(name) for name in ("page.css", "page.js"))
    return _template().render(
        style=Markup(style),
        script=Markup(script),
        policy=(
            f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
            f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
        ),
        provenance=contents.provenance,
        question=contents.question,
        verdict=contents.verdict,
        caveat=contents.caveat,
        ran=contents.ran,
        tiles=contents.tiles,
        paired_by=contents.paired_by,
        answers=contents.answers,
        cards=contents.cards,
        parts=[*({"name": name} for name in first), *parts],
        settings=list(_settings(contents.record.get("config", {}))),
        made_by=list(_made_by(contents)),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader(__package__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters["arrows"] = lambda text: re.sub(r" *-> *", " → ", text)
    environment.filters["lines"] = lambda text: Markup("{}").format(lines(text))
    environment.filters["json"] = lambda live: script_json(live.plain())
    environment.filters["anchor"] = lambda name: name.lower().replace(" ", "-")
    return environment.get_template("page.html.j2")


def _beside(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return how a policy names an inline style or script that may be used."""
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _laid(table: ReportTable, said: set[str]) -> _Laid:
    notes = tuple(note for note in table.notes if note not in said)
    said.update(notes)
    return _Laid(table.title, table.scope, table.grid(Reach.PAGE), notes)


def _made_by(contents: Contents) -> Iterator[tuple[str, str]]:
    """Yield code, machine and packages that made the rows, each change of them, and what of."""
    record = contents.record
    yield "git revision", str(record.get("git_revision", contents.provenance.git_revision))
    yield "device", contents.provenance.device
    yield from _flat(record.get("versions", {}))
    for number, change in enumerate(record.get("changes", ()), start=1):
        yield f"accepted change {number}", ", ".join(": ".join(pair) for pair in _flat(change))
    yield from _flat(record.get("data", {}), "data of ")
    yield from ((f"SHA-256 of {name}", digest) for name, digest in contents.digests.items())


def _settings(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every setting: in words and as configs name it, and its value with its unit."""
    for name, value in _flat(config):
        declared = DECLARED.get(name)
        if declared is None:
            yield name, value
        else:
            unit = f" {declared.unit}" if declared.unit and value else ""
            yield f"{declared.label} ({name})", f"{value}{unit}"


def _flat(settings: Mapping[str, Any], of: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{of}{name}.")
        else:
            yield (
                f"{of}{name}",
                ", ".join(map(str, value)) if isinstance(value, list) else str(value),
            )
