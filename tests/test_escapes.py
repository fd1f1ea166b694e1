"""A name is data: whatever is in it, each medium shows it as it is and obeys nothing of it."""

import csv
import io
import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.markup import render

from launch.progress import Progress
from mtloc_jax import escapes, rows
from mtloc_jax.errors import InputError
from mtloc_jax.report import style
from mtloc_jax.report.table import Column, ReportTable, as_csv
from mtloc_jax.surgery.show import card_view, lineage_view, network_view
from tests.synthetic_rows import row

ROW = row("scratch", 1.0, 0, 2.0)
NAMES = st.text(st.characters(), max_size=40)
ODD = 'a,"b"\n\r\x1b]0;owned\x07 $_$ [/b] \'; \\ \u2028 \udcff'


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("site1/B1->site2/F1", "site1/B1->site2/F1"),
        ("=1+2", "'=1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-x", "'-x"),
        ("-3.5", "-3.5"),
        ("+1e-05", "+1e-05"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("two\nlines", r"two\x0alines"),
        ("\t=1", r"\x09=1"),
        (r"back\x0aslash", r"back\\x0aslash"),
        ("\u2028", r"\u2028"),
    ],
)
def test_a_field_is_on_one_line_and_no_formula(name, field):
    assert escapes.csv_field(name) == field
    assert escapes.from_csv(field) == name


@given(NAMES)
def test_a_field_gives_its_name_back(name):
    field = escapes.csv_field(name)
    assert escapes.from_csv(field) == name
    assert field.isprintable()
    field.encode("utf-8")


def test_a_field_of_an_older_file_is_read_as_it_is():
    for field in ("C:\\data", r"a\nb", "'x'", "it's", "-", "3"):
        assert escapes.from_csv(field) == field


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_rows_give_names_back_and_keep_a_line_a_row(names):
    made = [ROW | {"site_pair": name, "study": name[::-1]} for name in names]
    text = rows.as_text(rows.ROWS, made)
    assert text.count("\n") == len(made) + 1
    for line, name in zip(text.split("\n")[1:], names, strict=False):
        assert rows.cells(line)[:2] == [name[::-1], name]


def test_rows_are_read_back_from_their_file(tmp_path):
    rows.append(tmp_path / rows.ROWS, [ROW | {"site_pair": ODD}, ROW | {"site_pair": "=cmd"}])
    assert rows.read(tmp_path / rows.ROWS)["site_pair"].tolist() == [ODD, "=cmd"]


@pytest.mark.parametrize("harm", [b"\xff\xfe", b"\x00" * 3, b'"' + b"x" * 200_000 + b'"\n'])
def test_rows_that_are_no_text_end_in_one_line(tmp_path, harm):
    rows.append(tmp_path / rows.ROWS, [ROW])
    path = tmp_path / rows.ROWS
    path.write_bytes(path.read_bytes() + harm)
    with pytest.raises(InputError, match=r"rows\.csv"):
        rows.read(path)


def test_a_table_for_a_spreadsheet_computes_nothing():
    table = ReportTable("t", "s", (Column("arm", ("arm",), label=True),), (("=1+2",), (ODD,)))
    fields = list(csv.reader(io.StringIO(as_csv([table]))))
    assert fields[1] == ["'=1+2"]
    assert len(fields) == 3
    assert escapes.from_csv(fields[2][0]) == ODD


@given(NAMES)
def test_rich_reads_no_markup_in_a_name(name):
    shown = render(f"[bold]{escapes.rich(name)}[/bold]").plain
    assert shown == escapes.printable(name)


@pytest.mark.parametrize(
    "name", ["[/b]", "[bold]x", "a\\[b]", "\\\\[/b]", "x\\", "[@click=x]y", ODD]
)
def test_rich_reads_no_markup_in_an_odd_name(name):
    shown = render(f"[bold]{escapes.rich(name)}[/bold]").plain
    assert shown == escapes.printable(name)


def test_a_page_shows_tags_in_a_name():
    assert escapes.html("<b>\x00&") == "&lt;b&gt; &amp;"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("location20/site1/B1", "location20-site1-B1"),
        ("..", "unnamed"),
        ("../../etc", "-..-etc"),
        (".hidden", "hidden"),
        ("", "unnamed"),
        ("a\nb", "a b"),
        ("nul\x00", "nul"),
    ],
)
def test_a_name_of_a_file_stays_in_its_folder(name, file):
    assert escapes.file_name(name) == file


@given(NAMES, NAMES)
def test_names_of_files_fit_every_file_system(name, more):
    made = escapes.file_name(name * 8 + more)
    assert 0 < len(made.encode("utf-8")) <= 130
    assert "/" not in made
    assert not made.startswith(".")


def test_long_names_of_files_stay_apart():
    assert escapes.file_name("x" * 300) != escapes.file_name("x" * 301)


def test_an_error_is_one_line_that_commands_no_terminal():
    error = InputError(f"no site {ODD}", remedy="rename\nit", path=f"/a/{ODD}")
    assert str(error).isprintable()
    assert error.problem == f"no site {ODD}"


def test_a_stage_named_like_markup_is_shown(capsys):
    with Progress(quiet=False) as shown:
        shown("reading [/b]\x1b[31m", 1, 2)
        shown.say(f"expected {ODD}")
    told = capsys.readouterr().err
    assert "reading" in told
    assert "[/b] [31m" in told
    assert "\x1b]0;" not in told
    assert "\x07" not in told


@pytest.mark.parametrize(
    "view",
    [
        network_view({ODD.replace("/", ""): {"kernel": [0.0]}}, None),
        card_view({"site": {"name": ODD}, "runs": [{"seed": ODD}]}),
        lineage_view({"lineage": {ODD: {"path": ODD, "site": ODD}}}),
    ],
)
def test_a_network_of_strangers_commands_no_terminal(view):
    console = Console(width=400, force_terminal=False)
    with console.capture() as shown:
        console.print(view)
    assert all(mark.isprintable() for mark in shown.get().replace("\n", ""))


def test_a_figure_draws_a_name_as_it_is(tmp_path):
    with style.drawing():
        drawn = style.figure(f"error in {ODD}", "$\\frac{", 3, 2)
        drawn.add_subplot(title="中 $_$").set_xlabel("[/b]\x1b[31m")
        style.save(drawn, tmp_path / "a.png")
        style.save_svg(drawn, tmp_path / "a.svg")
    ElementTree.parse(tmp_path / "a.svg")
    assert drawn.get_suptitle().replace("\n", "").isprintable()


@given(
    st.recursive(
        NAMES | st.integers() | st.none(), lambda of: st.lists(of) | st.dictionaries(NAMES, of)
    )
)
def test_data_of_a_script_end_no_script_and_come_back(value):
    text = str(escapes.script_json(value))
    assert not set("<>&\u2028\u2029") & set(text)
    assert text.isascii()
    assert escapes.script_json(json.loads(text)) == text


def test_a_name_in_a_script_keeps_its_marks():
    name = "</script><!-- & 'é'"
    assert json.loads(escapes.script_json({"name": [name]})) == {"name": [name]}


def test_a_number_that_json_has_not_is_no_data_of_a_script():
    with pytest.raises(ValueError, match="JSON compliant"):
        escapes.script_json([float("nan")])
