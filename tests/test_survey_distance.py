"""Errors by distance to the survey: pooled by hand, as a table and as a figure."""

import pytest

from mtloc_jax import rows
from mtloc_jax.arms import ARMS
from mtloc_jax.report.survey_distance import distance_figure, distance_table, pooled
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import COVERAGE, empty, select
from mtloc_jax.sites.survey import BEFORE_SCAN
from tests.synthetic_rows import PAIR, STUDY, as_table, write_workdir
from tests.test_figures import SIMULATED


def line(band, n_windows, mean_m, **other):
    key = {"study": STUDY, "site_pair": PAIR, "arm": "scratch", "finetune_rate": 1.0, "seed": 0}
    found = {"split": "test", "nearest": "position", "band": band}
    return key | found | {"n_windows": n_windows, "mean_m": mean_m} | other


LINES = [
    line("0-3 m", 30, 2.0),
    line("0-3 m", 10, 6.0, study=f"{STUDY}/test_round=2"),  # another turn of the same seed
    line("0-3 m", 40, 5.0, seed=1),
    line("over 20 m", 40, 40.0),
    line("over 20 m", 15, 41.0, seed=1),
    line("over 20 m", 5, 41.0, seed=1, study=f"{STUDY}/test_round=2"),
    line(BEFORE_SCAN, 20, 60.0),
    line(BEFORE_SCAN, 20, 50.0, seed=1),
]
TABLE = as_table(LINES, COVERAGE)


def test_test_rounds_are_pooled_window_by_window_and_seeds_stay_apart():
    of_seed, n_windows = pooled(select(TABLE, band="0-3 m"))
    assert of_seed.tolist() == [(30 * 2 + 10 * 6) / 40, 5.0]
    assert n_windows == 40


def test_the_table_has_a_line_a_band_and_one_without_what_came_before_a_scan():
    (table,) = distance_table(TABLE, "here", SIMULATED)
    told = {cells[2]: cells[5].text() for cells in table.lines}
    # After the scan: (40 x 3 + 40 x 40) / 80 and (40 x 5 + 20 x 41) / 60.
    assert told == {
        "0-3 m": "4.00 ± 1.41",
        "over 20 m": "40.50 ± 0.71",
        "all after the first scan": "19.25 ± 3.18",
        BEFORE_SCAN: "55.00 ± 7.07",
    }


def test_a_seed_that_lacks_a_test_round_is_neither_told_nor_drawn():
    partly = as_table([*LINES, line("0-3 m", 30, 90.0, seed=2)], COVERAGE)
    whole, found = (distance_table(table, "here", SIMULATED) for table in (TABLE, partly))
    assert found == whole
    drawn = distance_figure(partly, "here", SIMULATED)
    assert drawn is not None
    assert drawn.axes[0].get_lines()[0].get_ydata().tolist() == [4.0, 40.5]


def test_the_figure_keeps_windows_before_a_scan_off_the_line():
    drawn = distance_figure(TABLE, "here", SIMULATED)
    assert drawn is not None
    (axes,) = drawn.axes
    joined, apart, _ = axes.get_lines()
    assert joined.get_xdata().tolist() == [0, 4]
    assert joined.get_ydata().tolist() == [4.0, 40.5]
    assert (apart.get_xdata().tolist(), apart.get_linestyle()) == ([5], "None")
    assert axes.get_ylim()[0] == 0


def test_nothing_is_drawn_or_told_of_no_rows():
    assert distance_table(empty(COVERAGE), "here", SIMULATED) == []
    assert distance_figure(empty(COVERAGE), "here", SIMULATED) is None


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.slow
@pytest.mark.usefixtures("without_drawing")
def test_a_report_has_the_section_where_the_file_is_there(held, tmp_path):
    write_workdir(tmp_path)
    if held:
        ours = [one for one in LINES if one["study"] == STUDY]
        rows.append(tmp_path / COVERAGE, ours)
    write_report(tmp_path)
    assert ("Distance to the survey" in (tmp_path / "report.html").read_text()) == held
    assert (tmp_path / "figures" / "survey_distance.png").is_file() == held


def test_bands_that_nothing_is_in_beyond_the_farthest_take_no_room():
    near = as_table([line("3-6 m", 40, 5.0), line(BEFORE_SCAN, 20, 60.0)], COVERAGE)
    drawn = distance_figure(near, "here", SIMULATED)
    assert drawn is not None
    (axes,) = drawn.axes
    places = [label.get_text() for label in axes.get_xticklabels()]
    assert places == ["0-3 m", "3-6 m", "before the\nfirst scan"]


def test_of_many_arms_those_are_drawn_that_a_reader_tells_apart():
    located = [name for name, arm in ARMS.items() if arm.locate]
    arms = ["scratch", *located]
    table = as_table([line("0-3 m", 40, 5.0, arm=arm) for arm in arms], COVERAGE)
    drawn = distance_figure(table, "here", SIMULATED)
    assert drawn is not None
    shown = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert len(shown) < len(arms) / 2
    assert "scratch" in shown
    assert "matcher, transferred with steps, causal" in shown
    assert "matcher, transferred with steps, offline" not in shown
    assert "the table has all" in drawn.get_supxlabel()
    few = as_table([line("0-3 m", 40, 5.0, arm=arm) for arm in arms[:5]], COVERAGE)
    drawn = distance_figure(few, "here", SIMULATED)
    assert drawn is not None
    assert len(drawn.legends[0].get_texts()) == 5
    assert "the table has all" not in drawn.get_supxlabel()
