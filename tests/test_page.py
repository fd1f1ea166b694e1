"""The page says first what was asked and found, prints whatever text it is given as text, fetches
nothing, and reads without its script."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.page import Contents, Part, Picture, Tile, page
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.raster import Raster
from mtloc_jax.report.series import Chart, Curves, Series
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Number

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
COLUMNS = (Column("arm", label=True), Column("mean"))
TABLE = ReportTable(
    "Table V", "office -> hall", COLUMNS, (("a<b", Number(2.25, 0.35)),), ("said once",)
)
HOSTILE = "</script><script>alert(1)</script><img src=//x>"
LINE = {"color": "#0072B2", "linestyle": "-"}
CURVES = Curves(
    [
        Chart(
            HOSTILE,
            "epoch",
            "error (m)",
            [Series(HOSTILE, None, np.arange(3), np.array([3.0, 2.0, np.nan]), LINE)],
        )
    ]
)
WIDE, NARROW = Raster(b"wide", 920, 400), Raster(b"narrow", 403, 700)
PICTURE = Picture('a "title"', "caption\nin two lines", WIDE, NARROW, CURVES)
CONTENTS = Contents(
    provenance=SIMULATED,
    question="Does it <help>?",
    verdict="Fine-tuned errs 0.50 m less than scratch.",
    caveat="Over seeds.",
    ran=("Run: scratch, 4 runs.", "When: 2026-11-26."),
    tiles=[Tile("scratch", "2.25 m", ("median 2 m",))],
    paired_by="walk",
    answers=["fine-tuned <beats> scratch"],
    cards=[CardNotes("target", "hall", (("gaps", "3 & more", "lost"),), 5)],
    parts=[Part("Survey size", [TABLE, TABLE], [PICTURE])],
    record={
        "config": {"seeds": 2, "window": {"wifi_max_age_ms": 4000}, "mine": [1, 2]},
        "versions": {"jax": "0.10"},
    },
    digests={"rows.csv": "abc"},
)
LOADING = ("src", "srcset", "href", "action", "data", "poster", "background", "content")


class Tags(HTMLParser):
    """Check that every tag opened is closed, in order; keep attributes, and texts by their tag."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "link", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def within(self, tag: str) -> list[str]:
        return [text for of, text in self.texts if of == tag]


def read(contents: Contents = CONTENTS) -> Tags:
    tags = Tags()
    tags.feed(page(contents))
    return tags


def test_every_tag_is_closed_in_order() -> None:
    assert read().open == []


def test_question_verdict_and_answers_come_before_tables_and_figures() -> None:
    html = page(CONTENTS)
    html = html[html.index("<body>") :]
    said = (
        "<h1>Does it &lt;help&gt;?</h1>",
        "Fine-tuned errs 0.50 m less than scratch.",
        "Over seeds.",
        "Run: scratch, 4 runs.",
        "When: 2026-11-26.",
        "2.25 m",
        "&lt;beats&gt;",
        "5 checks",
        "<table",
        "<picture",
    )
    places = [html.index(text) for text in said]
    assert places == sorted(places)


def test_a_study_that_nobody_asked_a_question_is_headed_by_its_name() -> None:
    html = page(replace(CONTENTS, question="", verdict=""))
    assert "<h1>table5</h1>" in html
    assert 'class="verdict"' not in html


def test_text_is_never_read_as_html() -> None:
    html = page(CONTENTS)
    assert "<beats>" not in html
    assert "a&lt;b" in html
    assert "3 &amp; more" in html


def test_a_name_never_ends_the_data_of_the_script_and_comes_back_as_it_was() -> None:
    tags = read()
    scripts = [attributes for tag, attributes in tags.found if tag == "script"]
    assert scripts == [{"type": "application/json"}, {}]
    data = json.loads(tags.within("script")[0])
    assert data["arms"][0]["name"] == data["panels"][0]["title"] == HOSTILE
    assert data["panels"][0]["arrays"] == [[0, 1, 2], [3, 2, None]]


def test_the_page_fetches_nothing() -> None:
    for tag, attributes in read().found:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in LOADING and tag != "meta":
                assert re.match("data:|#", value or ""), (tag, name)
    assert not re.search(r"@import|url\(", "".join(read().within("style")))
    code = read().within("script")[-1]
    assert not re.search(r"fetch\(|XMLHttp|import\(|WebSocket|sendBeacon|innerHTML|eval\(", code)


def test_a_policy_lets_a_browser_use_what_stands_in_the_page_and_nothing_else() -> None:
    tags = read()
    [policy] = [
        str(attributes["content"])
        for tag, attributes in tags.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for name, tag in (("script-src", "script"), ("style-src", "style")):
        digest = hashlib.sha256(tags.within(tag)[-1].encode()).digest()
        assert rules[name] == f"'sha256-{base64.b64encode(digest).decode()}'"


def test_without_script_all_is_there_and_nothing_is_hidden() -> None:
    tags = read()
    assert not any("hidden" in attributes for _, attributes in tags.found)
    assert not {"button", "input", "select", "canvas"} & {tag for tag, _ in tags.found}
    style = "".join(tags.within("style"))
    # What only a wide screen, or only a small one, hides is said in the picture, or beneath it.
    hidden = re.findall(r"([^{}]*)\{[^{}]*display: none", style)
    assert [name.split("\n")[-1].strip() for name in hidden] == [
        "picture.aside, figcaption, .named",
        "nav, figure > button, .live",
    ]


def test_a_picture_has_a_narrow_form_and_its_title_and_caption_as_text() -> None:
    tags = read()
    [image] = [attributes for tag, attributes in tags.found if tag == "img"]
    assert image["alt"] == 'a "title". caption in two lines'
    assert (image["width"], image["height"]) == ("920", "400")
    assert image["src"] == "data:image/webp;base64,d2lkZQ=="
    [source] = [attributes for tag, attributes in tags.found if tag == "source"]
    assert source["srcset"] == "data:image/webp;base64,bmFycm93"
    assert source["media"] == "screen and (max-width: 40rem)"
    assert tags.within("figcaption") == ["caption\nin two lines"]


def test_each_part_has_its_tables_and_figures_and_a_place_to_go_to() -> None:
    html = page(CONTENTS)
    assert '<a href="#survey-size">Survey size</a>' in html
    part = html[html.index('<section id="survey-size">') :]
    assert part.index("<table") < part.index("<img") < part.index("</section>")
    assert "<td>2.25<small> ± 0.35</small></td>" in part
    assert set(re.findall('href="#([^"]*)"', html)) == set(re.findall('section id="([^"]*)"', html))


def test_a_table_can_be_scrolled_by_keyboard() -> None:
    tables = [attributes for _, attributes in read().found if attributes.get("class") == "wide"]
    assert [(t["tabindex"], t["aria-label"]) for t in tables] == [("0", "Table V")] * 2


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


def test_settings_are_told_in_words_with_units_and_by_their_path() -> None:
    html = page(CONTENTS)
    words = "age at which a scan counts as not heard at a window&#39;s end"
    assert f"<dt>{words} (window.wifi_max_age_ms)</dt><dd>4000 ms</dd>" in html
    assert "<dt>mine</dt><dd>1, 2</dd>" in html
    assert "<dt>jax</dt><dd>0.10</dd>" in html


def test_simulated_rows_are_marked_in_title_and_heading() -> None:
    html = page(CONTENTS)
    assert "<title>Does it &lt;help&gt;? (simulated)</title>" in html
    assert '<span class="mark">simulated</span>' in html
