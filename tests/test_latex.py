"""A LaTeX table prints what the table holds."""

import pytest

from mtloc_jax import escapes
from mtloc_jax.report.latex import latex
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import Interval, Number, Signed

TABLE = ReportTable(
    "Claims",
    "a_1 -> b | 2 seeds",
    (
        Column("arm", label=True),
        Column("mean"),
        Column("95 % interval"),
        Column("windows", reach=Reach.PAGE),
    ),
    (
        ("fine-tuned 62.5 %", Number(2.25, 0.35), Interval(-0.52, -0.1), "844"),
        ("scratch", Signed(-0.31, "m"), None, "844"),
    ),
    ("p < 0.05",),
)


def test_a_table_has_booktabs_rules_and_a_column_a_cell() -> None:
    text = latex(TABLE)
    assert [text.count(f"\\{rule}rule") for rule in ("top", "mid", "bottom")] == [1, 1, 1]
    assert r"\begin{tabular}{@{}lrr@{}}" in text
    assert r"arm & mean & 95 \% interval \\" in text
    assert r"fine-tuned 62.5 \% & 2.25 $\pm$ 0.35 & $[-0.52, -0.10]$ \\" in text
    assert r"scratch & $-0.31\,\mathrm{m}$ & - \\" in text


def test_title_and_scope_are_the_caption_and_notes_stand_below() -> None:
    text = latex(TABLE)
    assert r"\caption{Claims. a\_1 $\rightarrow$ b \,\textbar\, 2 seeds.}" in text
    assert text.index(r"\bottomrule") < text.index(r"\par p $<$ 0.05")


def test_a_line_that_begins_with_a_bracket_is_no_argument_of_the_line_above() -> None:
    table = ReportTable("t", "s", (Column("a", label=True),), (("[1ex] x",),))
    assert "\n{}[1ex] x \\\\" in latex(table)


@pytest.mark.parametrize(
    ("plain", "printed"),
    [
        ("50 %", r"50 \%"),
        ("a_b&c#d", r"a\_b\&c\#d"),
        ("\\", r"\textbackslash{}"),
        ("{$}", r"\{\$\}"),
    ],
)
def test_a_mark_that_latex_reads_is_escaped(plain: str, printed: str) -> None:
    assert escapes.latex(plain) == printed
