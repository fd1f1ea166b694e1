"""Data demand: one figure for networks, predictors and carried rows; one way to draw a band."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, Arm
from mtloc_jax.report import bands, style
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.demand import data_demand
from mtloc_jax.report.provenance import Provenance
from tests.synthetic_rows import as_table, row, whole_grid

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
MEASURED = whole_grid()
VALIDATION, TEST, MEDIAN = range(3)


def drawn_of(measured: list[dict], survey: Survey | None = None) -> Figure:
    drawn = data_demand(as_table(measured), SIMULATED, survey)
    assert drawn is not None
    return drawn


def line_of(drawn: Figure, panel: int, label: str):
    return next(line for line in drawn.axes[panel].get_lines() if line.get_label() == label)


def labels(drawn: Figure, panel: int = 0) -> list[str]:
    return [str(line.get_label()) for line in drawn.axes[panel].get_lines()]


def arm_rows(*arms: str, rates: tuple[float, ...] = (0.5, 1.0)) -> list[dict]:
    return [
        row(arm, rate, seed, 5.0 - rate + at + 0.1 * seed, split=split)
        for at, arm in enumerate(arms)
        for rate in rates
        for seed in (0, 1)
        for split in ("validation", "test")
    ]


def test_mean_error_is_drawn_on_both_splits_and_the_median_on_test() -> None:
    drawn = drawn_of(MEASURED)
    assert [axes.get_title() for axes in drawn.axes] == [
        "(a) mean error, validation",
        "(b) mean error, test",
        "(c) median error, test",
    ]
    percent, mean_m = line_of(drawn, TEST, "fine-tuned").get_data()
    assert percent.tolist() == [12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100]
    assert mean_m == pytest.approx(4.25 - 0.02 * percent)  # see whole_grid
    # Its synthetic median is 2 m above the mean.
    assert line_of(drawn, MEDIAN, "fine-tuned").get_ydata() == pytest.approx(mean_m + 2)


def test_an_arm_that_sees_all_rounds_whatever_its_rate_is_a_level() -> None:
    drawn = drawn_of(MEASURED)
    percent, mean_m = line_of(drawn, TEST, "transferred, all rounds").get_data()
    assert (percent[0], percent[1] >= 100) == (0, True)
    assert mean_m == pytest.approx([4.25, 4.25])
    assert "Level: transferred on all rounds, imu frozen." in drawn.get_supxlabel()


def test_splits_that_were_not_measured_have_no_panel() -> None:
    drawn = drawn_of([line for line in MEASURED if line["split"] == "test"])
    assert [axes.get_title()[:3] for axes in drawn.axes] == ["(a)", "(b)"]


def test_arms_that_were_run_with_one_share_each_are_no_curve() -> None:
    once = arm_rows("scratch", "finetuned", rates=(0.625,))
    assert data_demand(as_table(once), SIMULATED) is None


def test_an_arm_of_a_user_is_drawn_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Arm("mine", "my own arm", {"color": "#FF0000"})
    monkeypatch.setitem(ARMS, "mine", mine)
    drawn = drawn_of(arm_rows("mine", "scratch"))
    assert labels(drawn) == ["scratch", "my own arm"]
    assert line_of(drawn, 0, "my own arm").get_color() == "#FF0000"
    assert to_hex(drawn.axes[0].collections[1].get_facecolor()[0]) == "#ff0000"


def test_an_arm_that_is_not_registered_is_drawn_in_grey() -> None:
    drawn = drawn_of(arm_rows("of another version", "scratch"))
    assert line_of(drawn, 0, "of another version").get_color() == style.NEUTRAL["color"]


def test_predictors_are_lines_without_bands_and_networks_beside_them_are_thick() -> None:
    predictors = [name for name, arm in ARMS.items() if arm.predict]
    drawn = drawn_of(arm_rows(*predictors, "scratch", "finetuned"))
    assert labels(drawn)[:3] == ["scratch", "fine-tuned", "constant"]
    thick, thin = (line_of(drawn, 0, name).get_linewidth() for name in ("scratch", "WiFi k-NN"))
    assert thick > thin
    shaded = [len(fill.get_paths()) for fill in drawn.axes[0].collections]
    assert sum(shaded) == 0
    assert "Thick: networks" in drawn.get_supxlabel()


def test_carried_and_reinitialised_rows_stand_beside_scratch() -> None:
    drawn = drawn_of(arm_rows("carried", "reinitialised", "scratch"))
    assert labels(drawn) == ["scratch", "WiFi rows carried by BSSID", "WiFi rows re-initialised"]


def test_with_a_card_the_axis_is_in_minutes() -> None:
    drawn = drawn_of(arm_rows("scratch"), Survey(8, 12.0))
    assert line_of(drawn, TEST, "scratch").get_xdata().tolist() == [6.0, 12.0]
    assert drawn.axes[TEST].get_xlabel() == "minutes surveyed"
    assert "All 8 training rounds: 12.0 min." in drawn.get_supxlabel()


def test_a_point_beyond_the_axis_is_named_at_its_edge() -> None:
    far = [row("finetuned", 0.125, seed, 90.0) for seed in (0, 1)]
    near = [
        line for line in MEASURED if (line["arm"], line["finetune_rate"]) != ("finetuned", 0.125)
    ]
    drawn = drawn_of(near + far)
    assert drawn.axes[TEST].get_ylim()[1] < 20
    assert [text.get_text() for text in drawn.axes[TEST].texts] == ["90 m ↑"]


def test_a_band_is_the_deviation_over_seeds() -> None:
    measured = [row("scratch", 0.5, seed, mean_m) for seed, mean_m in ((0, 2.0), (1, 4.0))]
    found = bands.along(as_table(measured), "finetune_rate", "mean_m")
    assert (found.at.tolist(), found.mean_m.tolist()) == ([0.5], [3.0])
    assert found.high_m - found.mean_m == pytest.approx([np.sqrt(2)])
    assert found.mean_m - found.low_m == pytest.approx([np.sqrt(2)])


def test_a_band_spans_where_its_ends_are_known() -> None:
    axes = Figure().subplots()
    ends_m = np.array([1.0, 1.5, -np.inf, np.nan])
    at = np.arange(4.0)
    bands.draw(axes, bands.Curve(at, at + 2, ends_m, at + 3), {"color": "#FF0000"})
    [band] = axes.collections
    assert band.get_paths()[0].get_extents().bounds == (0, 1, 1, 3)


def test_a_band_of_one_place_is_a_bar() -> None:
    axes = Figure().subplots()
    one = bands.deviating(np.array([3.0]), np.array([5.0]), np.array([1.0]))
    bands.draw(axes, one, {})
    bar = axes.collections[-1].get_paths()[0]
    assert bar.vertices.tolist() == [[3, 4], [3, 6]]


def test_a_sideways_curve_has_its_errors_along_x() -> None:
    axes = Figure().subplots()
    at, mean_m = np.array([0.0, 0.5, 1.0]), np.array([1.0, 2.0, 4.0])
    bands.draw(axes, bands.deviating(at, mean_m, np.ones(3)), {}, sideways=True)
    assert axes.get_lines()[0].get_xdata().tolist() == mean_m.tolist()
    assert axes.collections[0].get_paths()[0].get_extents().bounds == (0, 0, 5, 1)


def test_dots_stand_on_bars_where_the_ends_of_their_bands_are_known() -> None:
    axes = Figure().subplots()
    ends_m = np.array([1.0, -np.inf])
    bands.draw_dots(axes, bands.Curve(np.arange(2.0), np.full(2, 2.0), ends_m, ends_m + 2), {})
    assert axes.get_lines()[0].get_linestyle() == "None"
    assert [path.vertices.tolist() for path in axes.collections[0].get_paths()] == [
        [[1, 0], [3, 0]]
    ]
