"""A report as one HTML page that needs nothing beside it: what was found first, then the rest."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.page_style import STYLE
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.text_table import TextTable

_SCALE = 0.92  # of a pixel of a figure: the widest just fit the page, lettering is of one size


@dataclass(frozen=True)
class Picture:
    """Hold a figure as it stands on the page; title and caption are its text alternative."""

    title: str
    caption: str
    png: bytes


@dataclass(frozen=True)
class Tile:
    """Hold one large figure of the page's head: an arm, its mean error, and lines below it."""

    name: str
    value: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """Hold everything a page shows, in the order it is shown.

    headlines: the sentences that answer the study's questions
    config:    config.json as it is
    digests:   file name -> SHA-256 of the rows everything was made from
    sections:  names of the page's parts, in their order
    rebuild:   the command that makes the page from the rows again
    """

    provenance: Provenance
    scope: str
    tiles: Sequence[Tile]
    headlines: Sequence[str]
    cards: Sequence[CardNotes]
    tables: Sequence[TextTable]
    pictures: Sequence[Picture]
    config: Mapping[str, Any]
    digests: Mapping[str, str]
    sections: Sequence[str] = ("Answers", "Data", "Tables", "Figures", "Settings", "Provenance")
    rebuild: str = "python -m launch.report --workdir=DIR"


def page(contents: Contents) -> str:
    """Return the page: answers, warnings about the data, tables, figures, settings, provenance."""
    parts = {
        "Answers": _answers(contents),
        "Data": _cards(contents.cards),
        "Tables": _tables(contents.tables),
        "Figures": "\n".join(map(_figure, contents.pictures)),
        "Settings": _settings(contents.config.get("config", {})),
        "Provenance": _provenance(contents),
    }
    sections = {name: parts[name] for name in contents.sections}
    links = " ".join(f'<a href="#{name.lower()}">{name}</a>' for name in sections)
    body = "\n".join(
        f'<section id="{name.lower()}">\n<h2>{name}</h2>\n{text}\n</section>'
        for name, text in sections.items()
    )
    title = escape(contents.provenance.title(contents.provenance.study))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{_head(contents)}\n<nav>{links}</nav>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(contents: Contents) -> str:
    mark = '<span class="mark">simulated</span>' if contents.provenance.simulated else ""
    pair = contents.provenance.site_pair
    rest = contents.scope.removeprefix(f"{pair} | ")
    return (
        f"<header><h1>{escape(contents.provenance.study)} {mark}</h1>\n"
        f'<p class="pair">{_arrows(pair)}</p>\n<p>{escape(rest)}</p></header>'
    )


def _answers(contents: Contents) -> str:
    tiles = "".join(
        f'<div class="tile"><p>{escape(tile.name)}</p><p class="value">{escape(tile.value)}</p>'
        f"{''.join(f'<p>{escape(line)}</p>' for line in tile.details)}</div>"
        for tile in contents.tiles
    )
    return (
        f'<div class="tiles">{tiles}</div>\n'
        "<p>Mean error on the test round, ± the standard deviation over seeds. Differences below "
        "are ours - theirs, paired by seed; negative: ours errs less.</p>\n"
        f'<div class="sentences">{_list(contents.headlines)}</div>'
    )


def _cards(cards: Sequence[CardNotes]) -> str:
    if not cards:
        return "<p>No data card lies beside these rows.</p>"
    return "\n".join(map(_card, cards))


def _card(card: CardNotes) -> str:
    count = f"{len(card.warnings)} of {card.n_checks} checks warn"
    warnings = "".join(
        f"<li><b>{escape(name)}</b>: {escape(number)}; {escape(meaning)}</li>"
        for name, number, meaning in card.warnings
    )
    mark = "warned" if card.warnings else "passed"
    return (
        f'<div class="card {mark}"><h3>{escape(card.building)} ({card.role}): {count}</h3>\n'
        f"<ul>{warnings}</ul></div>"
    )


def _tables(tables: Sequence[TextTable]) -> str:
    said: set[str] = set()
    return "\n".join(_table(table, said) for table in tables)


def _table(table: TextTable, said: set[str]) -> str:
    """Return a table and the notes not in `said` yet, which they are added to."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.header)
    body = "\n".join(_row(row, table.n_labels) for row in table.body)
    notes = [note for note in table.notes if note not in said]
    said.update(notes)
    small = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (
        f"<h3>{escape(table.title)}</h3>\n<p>{_arrows(table.scope)}</p>\n{_list(table.lead)}"
        f'<div class="wide"><table class="labels{table.n_labels}"><thead><tr>{head}</tr></thead>\n'
        f'<tbody>\n{body}\n</tbody></table></div>\n<div class="notes">{small}</div>'
    )


def _row(cells: Sequence[str], n_labels: int) -> str:
    labels = "".join(f'<th scope="row">{escape(cell)}</th>' for cell in cells[:n_labels])
    return f"<tr>{labels}{''.join(map(_cell, cells[n_labels:]))}</tr>"


def _cell(cell: str) -> str:
    value, sign, spread = escape(cell).partition(" ± ")
    return f"<td>{value}<small> ± {spread}</small></td>" if sign else f"<td>{value}</td>"


def _figure(picture: Picture) -> str:
    text = escape(f"{picture.title}. {picture.caption}".replace("\n", " "), quote=True)
    pixels = base64.b64encode(picture.png).decode("ascii")
    width = int.from_bytes(picture.png[16:20], "big") * _SCALE
    return (
        f'<figure><img width="{width:.0f}" alt="{text}" '
        f'src="data:image/png;base64,{pixels}"></figure>'
    )


def _settings(config: Mapping[str, Any]) -> str:
    return (
        f"<details><summary>Every setting of the study</summary>{_pairs(_flat(config))}</details>"
    )


def _provenance(contents: Contents) -> str:
    found = {"git revision": contents.provenance.git_revision}
    found |= {"device": contents.provenance.device}
    found |= {name: str(version) for name, version in contents.config.get("versions", {}).items()}
    found |= {f"SHA-256 of {name}": digest for name, digest in contents.digests.items()}
    return (
        f"{_pairs(found.items())}\n<p>Made from these rows alone; the same rows give the same "
        f"page: <code>{escape(contents.rebuild)}</code></p>"
    )


def _flat(settings: Mapping[str, Any], of: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{of}{name}.")
        else:
            yield (
                f"{of}{name}",
                ", ".join(map(str, value)) if isinstance(value, list) else str(value),
            )


def _pairs(pairs) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f"<dl>{rows}</dl>"


def _list(sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>\n"


def _arrows(text: str) -> str:
    return escape(text.replace("->", " → ").replace("  ", " "))
