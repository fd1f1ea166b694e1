"""The page says what was found first, and prints whatever text it is given as text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.page import Contents, Part, Picture, Tile, page
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Number

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
COLUMNS = (Column("arm", label=True), Column("mean"))
TABLE = ReportTable(
    "Table V", "office -> hall", COLUMNS, (("a<b", Number(2.25, 0.35)),), ("said once",)
)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1000).to_bytes(4, "big") + b"the rest"
CONTENTS = Contents(
    provenance=SIMULATED,
    scope="office -> hall | 2 seeds",
    tiles=[Tile("scratch", "2.25 m", ("median 2 m",))],
    answers=["fine-tuned <beats> scratch"],
    cards=[CardNotes("target", "hall", (("gaps", "3 & more", "lost"),), 5)],
    parts=[
        Part("Survey size", [TABLE, TABLE], [Picture('a "title"', "caption\nin two lines", PNG)])
    ],
    record={
        "config": {"seeds": 2, "wipe": {"drop_rates": [0.0, 1.0]}},
        "versions": {"jax": "0.10"},
    },
    digests={"rows.csv": "abc"},
)


class Tags(HTMLParser):
    """Check that every tag opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[dict] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.attributes.append(dict(attrs))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_tag_is_closed_in_order() -> None:
    tags = Tags()
    tags.feed(page(CONTENTS))
    assert tags.open == []


def test_answers_come_before_tables_and_figures() -> None:
    html = page(CONTENTS)
    places = [
        html.index(text) for text in ("2.25 m", "&lt;beats&gt;", "5 checks", "<table", "<img")
    ]
    assert places == sorted(places)


def test_text_is_never_read_as_html() -> None:
    html = page(CONTENTS)
    assert "<beats>" not in html
    assert "a&lt;b" in html
    assert "3 &amp; more" in html


def test_a_picture_carries_its_title_and_caption_as_text() -> None:
    tags = Tags()
    tags.feed(page(CONTENTS))
    alternatives = [found["alt"] for found in tags.attributes if "alt" in found]
    assert alternatives == ['a "title". caption in two lines']
    assert [found["width"] for found in tags.attributes if "alt" in found] == ["920"]


def test_each_part_has_its_tables_and_figures_and_a_place_to_go_to() -> None:
    html = page(CONTENTS)
    assert '<a href="#survey-size">Survey size</a>' in html
    part = html[html.index('<section id="survey-size">') :]
    assert part.index("<table") < part.index("<img") < part.index("</section>")
    assert "<td>2.25<small> ± 0.35</small></td>" in part
    assert set(re.findall('href="#([^"]*)"', html)) == set(re.findall('section id="([^"]*)"', html))


def test_without_a_data_card_there_is_no_part_about_the_data() -> None:
    html = page(replace(CONTENTS, cards=[]))
    assert 'id="data"' not in html
    assert "#data" not in html


def test_every_change_of_code_or_packages_is_in_the_provenance() -> None:
    changes = [
        {"git_revision": "4567def", "versions": {"jax": "0.11"}},
        {"git_revision": "89abcde", "versions": {"jax": "0.12"}},
    ]
    record = {
        **CONTENTS.record,
        "git_revision": "0123abc",
        "changes": changes,
        "data": {"target": "f00"},
    }
    html = page(replace(CONTENTS, record=record))
    for said in (
        "<dt>git revision</dt><dd>0123abc</dd>",
        "<dt>accepted change 1</dt><dd>git_revision: 4567def, versions.jax: 0.11</dd>",
        "<dt>accepted change 2</dt><dd>git_revision: 89abcde, versions.jax: 0.12</dd>",
        "<dt>data of target</dt><dd>f00</dd>",
    ):
        assert said in html


def test_a_note_that_two_tables_share_is_said_once() -> None:
    assert page(CONTENTS).count("said once") == 1


def test_settings_are_listed_by_their_path() -> None:
    html = page(CONTENTS)
    assert "<dt>wipe.drop_rates</dt><dd>0.0, 1.0</dd>" in html
    assert "<dt>jax</dt><dd>0.10</dd>" in html


def test_simulated_rows_are_marked_in_title_and_heading() -> None:
    html = page(CONTENTS)
    assert "<title>table5 (simulated)</title>" in html
    assert '<span class="mark">simulated</span>' in html
