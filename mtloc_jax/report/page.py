"""A report as one HTML page that needs nothing beside it: what was found first, then the rest."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from mtloc_jax.escapes import printable
from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.table import Grid, Reach, ReportTable

_SCALE = 0.92  # of a pixel of a figure: the widest just fit the page, lettering is of one size


@dataclass(frozen=True)
class Picture:
    """Hold a figure as it stands on the page; title and caption are its text alternative."""

    title: str
    caption: str
    png: bytes

    @property
    def words(self) -> str:
        """Return what stands for the picture where it is not seen."""
        return printable(f"{self.title}. {self.caption}")

    @property
    def width(self) -> int:
        """Return how wide it stands, in pixels of the page."""
        return round(int.from_bytes(self.png[16:20], "big") * _SCALE)

    @property
    def base64(self) -> str:
        """Return its bytes as the page holds them."""
        return base64.b64encode(self.png).decode("ascii")


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

    answers: the sentences that a reader looks for first
    record:  config.json as it is
    digests: file name -> SHA-256 of the rows everything was made from
    """

    provenance: Provenance
    scope: str
    tiles: Sequence[Tile]
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
    """Return the page: answers, warnings about the data, tables, figures, settings, provenance."""
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
    return _template().render(
        style=Markup(files(__package__).joinpath("page.css").read_text(encoding="utf-8")),
        provenance=contents.provenance,
        scope=contents.scope.removeprefix(f"{contents.provenance.site_pair} | "),
        tiles=contents.tiles,
        answers=contents.answers,
        cards=contents.cards,
        parts=[*({"name": name} for name in first), *parts],
        settings=list(_flat(contents.record.get("config", {}))),
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
    environment.filters["arrows"] = lambda text: re.sub(r"\s*->\s*", " → ", text)
    environment.filters["anchor"] = lambda name: name.lower().replace(" ", "-")
    return environment.get_template("page.html.j2")


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


def _flat(settings: Mapping[str, Any], of: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{of}{name}.")
        else:
            yield (
                f"{of}{name}",
                ", ".join(map(str, value)) if isinstance(value, list) else str(value),
            )
