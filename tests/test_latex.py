"""A LaTeX table prints what the text table holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.report.latex import escaped, latex
from mtloc_jax.report.text_table import TextTable

TABLE = TextTable(
    "Claims",
    "a_1 -> b | 2 seeds",
    ("arm", "mean", "95 % interval"),
    (("fine-tuned 62.5 %", "2.25 ± 0.35", "[-0.52, -0.10]"), ("scratch", "-0.31 m", "-")),
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
    assert escaped(plain) == printed


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="ab% &_#${}\\", max_size=20))
def test_no_mark_is_left_bare(text: str) -> None:
    rest = escaped(text).replace(r"\textbackslash{}", "")
    for mark in "%&_#${}":
        rest = rest.replace(f"\\{mark}", "")
    assert set(rest) <= set("ab ")
