"""Reports of hundreds of variants, and statistics of thousands of seeds: read, and in bounds."""

import io

import numpy as np
import pytest
from rich.console import Console

from mtloc_jax import rows
from mtloc_jax.report import comparison_cells, headline, sign_flip, terminal, two_groups
from mtloc_jax.report.comparison import lines
from mtloc_jax.report.comparison_figure import MOST_ROWS, comparison_figure
from mtloc_jax.report.comparison_sentences import MOST, sentences
from mtloc_jax.report.comparison_tables import against_reference
from mtloc_jax.report.comparison_variants import read_swept, variant_folders
from mtloc_jax.report.provenance import read_provenance
from tests.swept_rows import write_swept
from tests.synthetic_rows import row

N_VARIANTS = MOST_ROWS + 40


def measured(settings):
    """Return five seeds from scratch: the wider err less, each by itself."""
    hidden = settings["hidden"]
    for seed in range(5):
        error_m = 3.0 - 0.01 * hidden + 0.001 * ((seed * hidden) % 7)
        yield row("from_scratch", 1.0, seed, mean_m=error_m)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    hidden = tuple(range(5, 5 + N_VARIANTS))
    # Two settings: no number that a figure could have as its axis.
    axis = {"hidden": hidden, "learning_rate": tuple(width / 1000 for width in hidden)}
    write_swept(folder, [axis], measured)
    return folder, read_swept(folder, variant_folders(folder))


def test_the_arms_of_a_comparison_are_looked_up_once_a_variant(many, monkeypatch):
    calls = []

    def counted(table):
        calls.append(table)
        return headline.arms_in(table)

    monkeypatch.setattr(comparison_cells, "arms_in", counted)
    assert len(comparison_cells.cells(many[1])) == N_VARIANTS
    assert len(calls) == N_VARIANTS


def test_a_figure_of_many_variants_is_one_page_and_says_whom_it_leaves_out(many):
    folder, swept = many
    drawn = comparison_figure(swept, lines(swept), "scope", read_provenance(folder))
    labels = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert len(labels) == MOST_ROWS
    assert "(reference)" in " ".join(labels).replace("\n", " ")
    # The least errors are those of the widest.
    assert f"{4 + N_VARIANTS}" in " ".join(labels)
    caption = drawn.get_supxlabel().replace("\n", " ")
    assert f"Of {N_VARIANTS} variants: the reference, and the {MOST_ROWS - 1}" in caption
    assert drawn.get_size_inches()[1] < 30


def test_what_is_said_of_many_variants_can_be_read(many):
    found = lines(many[1])
    said = sentences(found)
    assert len(said) == MOST + 1
    assert said[-1] == f"{N_VARIANTS - 1 - MOST} more differences are in the tables"


def test_a_terminal_shows_the_first_lines_of_a_long_table(many):
    folder, swept = many
    (table,) = against_reference(swept, lines(swept), "scope", read_provenance(folder))
    text = io.StringIO()
    terminal.MOST_LINES, kept = 10, terminal.MOST_LINES
    try:
        terminal.show(table, Console(file=text, width=80))
    finally:
        terminal.MOST_LINES = kept
    assert f"{N_VARIANTS - 10} more lines are in the files beside the report" in text.getvalue()
    assert len(text.getvalue().splitlines()) < 60


@pytest.mark.parametrize("at_once", [17, 300, 10**9])
def test_chance_is_the_same_however_much_of_it_is_drawn_at_once(at_once, monkeypatch):
    values = np.random.default_rng(3).normal(0.1, 1, 60)
    whole = sign_flip.sign_flip_p(values), two_groups.critical_share.__wrapped__(60)
    monkeypatch.setattr(sign_flip, "_AT_ONCE", at_once)
    monkeypatch.setattr(two_groups, "_AT_ONCE", 1000 * at_once)
    assert (sign_flip.sign_flip_p(values), two_groups.critical_share.__wrapped__(60)) == whole


def test_a_selection_of_a_selection_copies_no_column_that_nobody_asked_for():
    table = {"seed": np.arange(6), "arm": np.array(list("aababa"), object), "mean_m": np.ones(6)}
    first = rows.select(table, arm="a")
    second = rows.select(first, seed=2)
    assert not len(second["arm"])
    second = rows.select(first, seed=5)
    assert second["arm"].tolist() == ["a"]
    assert list(second) == list(table)
    assert "mean_m" not in first._made | second._made
    assert second["mean_m"].tolist() == [1.0]
