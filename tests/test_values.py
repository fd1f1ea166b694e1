"""A value is written in each medium's own way, and no name is read as markup by any of them."""

import csv
import io
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from mtloc_jax import escapes
from mtloc_jax.report import terminal
from mtloc_jax.report.latex import latex
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.table import Column, Grid, Reach, ReportTable, as_csv
from mtloc_jax.report.values import Count, Interval, Label, Number, Of, PValue, Signed

NAN = float("nan")
HOSTILE = st.text(alphabet="a1 |*_`[]()<>&$#\\{}%~^!\"'\n\x1b=+-@,", max_size=24)


@pytest.mark.parametrize(
    ("value", "text", "latex", "data"),
    [
        (Number(2.251, 0.351), "2.25 ± 0.35", r"2.25 $\pm$ 0.35", ("2.2510", "0.3510")),
        (Number(2.251), "2.25", "2.25", ("2.2510", "")),
        (Number(NAN), "", "", ("", "")),
        (Signed(-0.314, "m"), "-0.31 m", r"$-0.31\,\mathrm{m}$", ("-0.3140",)),
        (Signed(NAN), "", "", ("",)),
        (Interval(-0.5, 0.1), "[-0.50, +0.10]", "$[-0.50, +0.10]$", ("-0.5000", "0.1000")),
        (PValue(0.0002), "< 0.001", "$<$ 0.001", ("0.0002",)),
        (PValue(0.0414), "0.041", "0.041", ("0.0414",)),
        (Count(1234), "1,234", "1,234", ("1234",)),
        (Of(7, 10, "seeds"), "7 of 10 seeds", "7 of 10 seeds", ("7", "10")),
        (Label("fine-tuned 50 %", ("finetuned", "0.5")), "fine-tuned 50 %", r"fine-tuned 50 \%",
         ("finetuned", "0.5")),
    ],
)  # fmt: skip
def test_a_value_is_text_latex_and_fields(value, text, latex, data) -> None:
    assert (value.text(), value.latex(), value.data()) == (text, latex, data)


def test_a_page_sets_the_spread_in_small_letters() -> None:
    assert Number(2.25, 0.35).html() == "2.25<small> ± 0.35</small>"
    assert Interval(-0.5, 0.1).html() == "[-0.50, +0.10]"


def table_of(*names: str) -> ReportTable:
    columns = (Column("arm", ("arm",), label=True), Column("mean", ("mean_m", "spread_m")))
    lines = tuple((name, Number(2.0, 0.5)) for name in names)
    return ReportTable(names[0], names[0], columns, lines, (names[0],), (names[0],))


@settings(deadline=None, derandomize=True)
@given(HOSTILE)
def test_a_name_comes_out_of_a_csv_file_as_it_went_in(name: str) -> None:
    lines = list(csv.reader(io.StringIO(as_csv([table_of(name)]), newline="")))
    assert lines[0] == ["arm", "mean_m", "spread_m"]
    assert [escapes.from_csv(field) for field in lines[1]] == [name, "2.0000", "0.5000"]
    assert len(lines) == 2


@settings(deadline=None, derandomize=True)
@given(HOSTILE)
def test_a_name_starts_no_tag_and_no_entity_on_a_page(name: str) -> None:
    seen: list[str] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag, attrs) -> None:
            raise AssertionError(tag)

        def handle_data(self, data: str) -> None:
            seen.append(data)

    parser = Page(convert_charrefs=True)
    parser.feed(str(Label(name).html()))
    parser.close()
    assert "".join(seen) == escapes.printable(name)


@settings(deadline=None, derandomize=True)
@given(HOSTILE)
def test_a_name_keeps_a_markdown_table_and_its_lines_whole(name: str) -> None:
    lines = markdown(table_of(f"x{name}")).splitlines()
    cells = [line for line in lines if line.endswith(" 2.00 ± 0.50 |")]
    assert len(cells) == 1
    assert len([at for at, mark in enumerate(cells[0]) if bare(cells[0], at, mark)]) == 3
    assert lines[0].startswith("# ")
    assert not any(ord(mark) < 32 for line in lines for mark in line)


def bare(line: str, at: int, mark: str) -> bool:
    """Say whether a mark ends a cell: no odd number of backslashes stands before it."""
    before = line[:at]
    return mark == "|" and (len(before) - len(before.rstrip("\\"))) % 2 == 0


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("<b>x</b>", r"\<b>x\</b>"),
        ("[x](http://y)", r"\[x\](http://y)"),
        ("[1](y)", r"[1\](y)"),
        ("+0.5 m [-0.1, +1.2]", "+0.5 m [-0.1, +1.2]"),
        ("# x", r"\# x"),
        ("- x", r"\- x"),
        ("1. x", r"1\. x"),
        ("*x* `y` $z$", r"\*x\* \`y\` \$z\$"),
        ("from_transferred", "from_transferred"),
        ("_x_", r"\_x\_"),
        ("p < 0.001", "p < 0.001"),
        ("&lt;", r"\&lt;"),
        ("a\nb", "a b"),
    ],
)
def test_what_markdown_would_read_is_escaped_and_nothing_else(plain: str, written: str) -> None:
    assert escapes.markdown(plain) == written


@settings(deadline=None, derandomize=True)
@given(HOSTILE)
def test_a_name_is_no_command_of_latex(name: str) -> None:
    rest = escapes.latex(name)
    for known in (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}",
                  r"\,\textbar\,", r"$\rightarrow$", "$<$", "$>$"):  # fmt: skip
        rest = rest.replace(known, "")
    for mark in "%&_#${}":
        rest = rest.replace(f"\\{mark}", "")
    assert not set(rest) & set("\\%&_#${}~^<>|\n\x1b")
    assert r"\\" in latex(table_of(name))


@settings(deadline=None, derandomize=True)
@given(HOSTILE)
def test_a_name_is_no_markup_on_the_terminal(name: str) -> None:
    text = io.StringIO()
    terminal.show(table_of(f"[bold]{name}"), Console(file=text, width=80, color_system="truecolor"))
    assert "\x1b[" not in text.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "[bold]" in text.getvalue()


def test_a_column_goes_as_far_as_its_reach() -> None:
    columns = tuple(Column(reach.name, (reach.name,), reach) for reach in Reach)
    table = ReportTable("t", "s", columns, (("a", "b", "c", "d"),))
    assert table.grid(Reach.PAGE).header == ("PAGE", "PAPER", "TERMINAL")
    assert table.grid(Reach.TERMINAL).header == ("TERMINAL",)
    assert as_csv([table]) == "DATA,PAGE,PAPER,TERMINAL\na,b,c,d\n"


def test_a_column_that_is_blank_in_every_line_is_left_out_but_of_the_csv() -> None:
    columns = (Column("a", ("a",), label=True), Column("b", ("b",)), Column("c", ("c",)))
    table = ReportTable("t", "s", columns, (("x", None, None), ("y", None, "z")))
    grid = table.grid(Reach.PAGE)
    assert grid.header == ("a", "c")
    assert [[cell.text() for cell in line] for line in grid.body] == [["x", "-"], ["y", "z"]]
    assert as_csv([table]).splitlines() == ["a,b,c", "x,,", "y,,z"]


def test_a_table_is_read_across_and_its_csv_has_a_line_a_value() -> None:
    columns = (
        Column("rate", ("rate",), label=True),
        Column("arm", ("arm",), label=True),
        Column("mean", ("mean_m",)),
        Column("share", ("share",), Reach.PAPER),
    )
    lines = (
        ("1", "a", Number(1.0), "x"),
        ("1", "b", Number(2.0), "y"),
        ("2", "b", Number(3.0), "z"),
    )
    table = ReportTable("t", "s", columns, lines, across="arm")
    grid = table.grid(Reach.TERMINAL)
    assert grid.header == ("rate", "a", "b")
    assert [[c.text() for c in line] for line in grid.body] == [
        ["1", "1.00", "2.00"],
        ["2", "-", "3.00"],
    ]
    assert table.grid(Reach.PAPER).header == ("rate", "a: mean", "a: share", "b: mean", "b: share")
    assert as_csv([table]).count("\n") == 1 + 3


def test_on_a_narrow_terminal_spreads_stand_below_their_numbers() -> None:
    columns = (Column("arm", label=True), *(Column(f"m{n}") for n in range(7)))
    table = ReportTable("t", "s", columns, (("a", *[Number(20.25, 10.5)] * 7),))
    for width, fits in ((120, True), (80, False)):
        text = io.StringIO()
        terminal.show(table, Console(file=text, width=width))
        assert ("20.25 ± 10.50" in text.getvalue()) == fits
        assert text.getvalue().count("± 10.50") == 7
        assert max(map(len, text.getvalue().splitlines())) <= width


def test_on_a_terminal_too_narrow_for_that_columns_stand_in_even_pieces() -> None:
    columns = (Column("rate", label=True), *(Column(f"arm {n}") for n in range(8)))
    line = ("87.5 %", *[Number(20.25, 10.5)] * 8)
    text = io.StringIO()
    terminal.show(ReportTable("t", "s", columns, (line,)), Console(file=text, width=60))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    headings = [found.split("  ") for found in lines if "rate" in found]
    assert [[name.strip() for name in of if name] for of in headings] == [
        ["rate", "arm 0", "arm 1", "arm 2", "arm 3"],
        ["rate", "arm 4", "arm 5", "arm 6", "arm 7"],
    ]
    assert text.getvalue().count("87.5\N{NO-BREAK SPACE}%") == 2  # never broken before its %


@given(st.integers(0, 9), st.integers(1, 3), st.integers(1, 9))
def test_pieces_of_a_grid_have_all_its_labels_and_each_figure_once(
    n_figures: int, n_labels: int, number: int
) -> None:
    names = tuple(f"label {n}" for n in range(n_labels)) + tuple(map(str, range(n_figures)))
    found = Grid(names, (tuple(map(Label, names)),), n_labels).pieces(number)
    assert len(found) == number
    assert all(piece.header[:n_labels] == names[:n_labels] for piece in found)
    figures = [name for piece in found for name in piece.header[n_labels:]]
    assert figures == [str(n) for n in range(n_figures)]
    assert all(piece.body[0][-1].text() == piece.header[-1] for piece in found)


def test_a_terminal_breaks_no_word_of_one_label_to_spare_blanks_of_another() -> None:
    labels = "variant", "wiped", "arm"
    figures = "mean", "against reference", "95 % interval"
    columns = [*(Column(n, label=True) for n in labels), *map(Column, figures), Column("p")]
    arms = "scratch", "transferred", "fine-tuned 50 %"
    numbers = Number(3.72, 0.18), "same networks", "[+0.36, +0.55]", "< 0.001"
    lines = tuple(("own settings (reference)", "40 % of WiFi", arm, *numbers) for arm in arms)
    text = io.StringIO()
    terminal.show(ReportTable("t", "s", tuple(columns), lines), Console(file=text, width=80))
    assert max(map(len, text.getvalue().splitlines())) <= 80
    for word in ("settings", "(reference)", "transferred", "fine-tuned", "WiFi"):
        assert word in text.getvalue()
