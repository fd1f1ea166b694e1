"""Figures hold the curves the rows hold, and no line that was never walked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from mtloc_jax import rows
from mtloc_jax.arms import ARMS
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report import figures, style
from mtloc_jax.report.demand import data_demand
from mtloc_jax.report.differences import differences
from mtloc_jax.report.error_map import error_map
from mtloc_jax.report.lost import losses_figure, losses_table
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.questions import families
from mtloc_jax.report.trajectory import trajectory
from mtloc_jax.report.values import as_value
from tests.synthetic_rows import as_table, cdf_rows, row, track_rows, whole_grid

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
MEASURED = whole_grid()
TABLE = as_table(MEASURED)
CDF = as_table(cdf_rows(MEASURED), rows.CDF)
TRACKS = as_table(track_rows(), rows.TRACKS)


def checked(drawn: Figure | None) -> Figure:
    assert drawn is not None
    return drawn


def of_modality(table: rows.Table, before: str, after: str) -> rows.Table:
    names = table["modality"].astype(object)
    return {**table, "modality": np.where(names == before, after, names).astype(str)}


def curve(drawn: Figure, panel: int, label: str) -> tuple[np.ndarray, np.ndarray]:
    line = next(line for line in drawn.axes[panel].get_lines() if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_fig_4_draws_scratch_and_nine_rates_on_both_splits() -> None:
    drawn = checked(figures.fig4(CDF, TABLE, SIMULATED))
    assert [len(axes.get_lines()) for axes in drawn.axes] == [10, 10]
    assert [axes.get_title() for axes in drawn.axes] == [
        "(a) validation",
        "(b) test",
    ]


def test_a_cdf_is_the_mean_over_seeds_of_each_quantile() -> None:
    # Scratch errs by 2 and 2.5 m on average; its synthetic median equals its mean.
    errors_m, share = curve(checked(figures.fig4(CDF, TABLE, SIMULATED)), 1, "scratch")
    assert errors_m[share == 0.5] == pytest.approx(2.25)


def test_fig_5_draws_mean_error_against_drop_rate_per_modality() -> None:
    drawn = checked(figures.fig5(TABLE, SIMULATED))
    drop_percent, mean_m = curve(drawn, 0, "WiFi")
    assert drop_percent.tolist() == [0, 40, 100]
    assert mean_m == pytest.approx([3.0, 5.0, 8.0])  # 4 - 2 * 0.625 + 0.25, then 5 m a whole wipe


def test_one_drop_rate_is_no_curve() -> None:
    unwiped = as_table([line for line in MEASURED if line["drop_rate"] == 0.0])
    assert figures.fig5(unwiped, SIMULATED) is None


def test_fig_6_draws_three_models_in_each_of_three_panels() -> None:
    drawn = checked(figures.fig6(CDF, TABLE, SIMULATED))
    names = [line.get_label() for line in drawn.axes[0].get_lines()]
    assert names == ["scratch", "transferred", "fine-tuned 62.5 %"]
    assert [len(axes.get_lines()) for axes in drawn.axes] == [3, 3, 3]


def test_fig_6_draws_the_share_whose_cdfs_are_kept() -> None:
    half = {**CDF, "drop_rate": np.where(CDF["drop_rate"] == 0.4, 0.5, CDF["drop_rate"])}
    wiped = {**TABLE, "drop_rate": np.where(TABLE["drop_rate"] == 0.4, 0.5, TABLE["drop_rate"])}
    title = checked(figures.fig6(half, wiped, SIMULATED)).get_suptitle()
    assert title == "Fig 6: error CDF with 50 % of one modality wiped (simulated)"


def test_a_new_modality_has_its_curve_and_its_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    red = {"color": "#FF0000"}
    new = replace(MODALITIES["imu"], name="baro", label="barometer", line=red)
    monkeypatch.setitem(MODALITIES, "baro", new)
    drops = checked(figures.fig5(of_modality(TABLE, "mag", "baro"), SIMULATED)).axes[0]
    assert [line.get_label() for line in drops.get_lines()] == ["IMU", "WiFi", "barometer"]
    assert drops.get_lines()[-1].get_color() == "#FF0000"
    panels = checked(figures.fig6(of_modality(CDF, "mag", "baro"), TABLE, SIMULATED)).axes
    assert [axes.get_title() for axes in panels][-1] == "(c) barometer wiped"


def test_an_arm_of_another_version_is_drawn_in_grey_under_its_name() -> None:
    arm = np.where(CDF["arm"] == "transferred", "older", CDF["arm"])
    drawn = checked(figures.fig6({**CDF, "arm": arm}, TABLE, SIMULATED))
    names = [line.get_label() for line in drawn.axes[0].get_lines()]
    assert names == ["scratch", "fine-tuned 62.5 %", "older 0 %"]
    assert drawn.axes[0].get_lines()[-1].get_color() == style.NEUTRAL["color"]


def test_where_nothing_was_fine_tuned_fig_5_shows_the_first_arm_that_was_wiped() -> None:
    drawn = checked(figures.fig5(rows.select(TABLE, arm="scratch"), SIMULATED))
    assert drawn.get_suptitle() == "Fig 5: mean error against drop rate, scratch (simulated)"


def test_legends_stand_beside_the_panels() -> None:
    for drawn in (
        figures.fig4(CDF, TABLE, SIMULATED),
        figures.fig5(TABLE, SIMULATED),
        figures.fig6(CDF, TABLE, SIMULATED),
        data_demand(TABLE, SIMULATED),
    ):
        figure = checked(drawn)
        figure.draw_without_rendering()
        [legend] = figure.legends
        for axes in figure.axes:
            assert axes.get_window_extent().x1 < legend.get_window_extent().x0


def test_dollars_in_names_are_no_mathematics(tmp_path: Path) -> None:
    with style.drawing():
        drawn = style.figure(r"cafe $\frac$ free", "caption", 4, 3)
        style.save(drawn, tmp_path / "drawn.png")
    assert drawn.get_suptitle() == r"cafe $\frac$ free"


def test_one_bad_curve_does_not_squash_the_others_and_the_caption_says_so() -> None:
    drawn = style.figure("title", "caption", 4, 3)
    assert style.axis_end(drawn, [4.0, 5.0, 6.0, 5.0, 40.0]) == 12.5
    assert drawn.get_supxlabel() == (
        "caption\nThe error axis is cut at 12 m: the largest value is 40 m."
    )


def test_an_axis_that_hides_next_to_nothing_is_not_cut() -> None:
    drawn = style.figure("title", "caption", 4, 3)
    assert style.axis_end(drawn, [4.0, 5.0, 14.0]) == 14.0
    assert drawn.get_supxlabel() == "caption"


def test_differences_have_one_row_a_claim_and_one_panel_a_table() -> None:
    found = families(*[as_table(whole_grid(range(4)))] * 2)
    drawn = checked(differences(found, "scope", SIMULATED))
    assert [len(axes.get_yticklabels()) for axes in drawn.axes] == [9, 1, 6]
    assert drawn.axes[0].get_yticklabels()[1].get_text() == "fine-tuned 100 % vs scratch"


def test_an_svg_has_no_date_and_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        with style.drawing():
            style.save_svg(checked(trajectory(TRACKS, SIMULATED, None)), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a.svg").read_bytes()


def test_figures_without_rows_are_not_drawn() -> None:
    clean = as_table([row("scratch", 1.0, 0, 2.0)])
    assert figures.fig4(rows.empty(rows.CDF), clean, SIMULATED) is None
    assert figures.fig5(clean, SIMULATED) is None
    assert figures.fig6(rows.empty(rows.CDF), clean, SIMULATED) is None
    assert trajectory(rows.empty(rows.TRACKS), SIMULATED, None) is None
    assert error_map(rows.empty(rows.TRACKS), SIMULATED, None) is None
    assert data_demand(clean, SIMULATED) is None
    assert differences({}, "", SIMULATED) is None


def test_every_figure_says_simulated_and_its_caption_names_pair_windows_and_seeds() -> None:
    for drawn in (
        checked(figures.fig4(CDF, TABLE, SIMULATED)),
        checked(figures.fig5(TABLE, SIMULATED)),
        checked(figures.fig6(CDF, TABLE, SIMULATED)),
        checked(trajectory(TRACKS, SIMULATED, None)),
        checked(error_map(TRACKS, SIMULATED, None)),
        checked(data_demand(TABLE, SIMULATED)),
    ):
        assert drawn.get_suptitle().endswith("(simulated)")
        caption = drawn.get_supxlabel()
        assert caption.startswith("office -> hall | test: ")
        assert "windows" in caption
        assert "seed" in caption


def test_captions_of_wiping_name_mode_and_fill_and_say_where_curves_are_straight() -> None:
    def caption(mode: str) -> str:
        said = replace(SIMULATED, wiping=f"Wiped: {mode}, filled with: least.", mode=mode)
        fig6 = checked(figures.fig6(CDF, TABLE, said)).get_supxlabel()
        assert f"Wiped: {mode}, filled with: least." in fig6
        fig5 = checked(figures.fig5(TABLE, said))
        points = "samples" if mode == "samples" else "windows"
        assert f"test {points} wiped" in fig5.axes[0].get_xlabel()
        return fig5.get_supxlabel()

    assert "Wiped: windows, filled with: least." in caption("windows")
    assert "straight line from nothing wiped to all wiped" in caption("windows")
    assert "straight line" in caption("bursts")
    assert "straight line" not in caption("samples")


def test_losses_are_no_curves_of_fig_5_and_bars_beside_it() -> None:
    loss = "wifi: a scan in 30 s, held 4 s"
    lines = [
        row("finetuned", 0.625, seed, 9.0 + seed, modality=loss, drop_rate=1.0) for seed in (0, 1)
    ]
    both = as_table([*MEASURED, *lines])
    drops = checked(figures.fig5(both, SIMULATED)).axes[0]
    assert [line.get_label() for line in drops.get_lines()] == ["IMU", "MAG", "WiFi"]
    (shown,) = losses_table(both, SIMULATED)
    assert as_value(shown.lines[-1][4]).text() == "WiFi: a scan in 30 s, held 4 s"
    drawn = checked(losses_figure(rows.select(both, arm="finetuned"), SIMULATED))
    assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == [
        "nothing",
        "WiFi: a scan in 30 s, held 4 s",
    ]
    widths = [bar.get_width() for bar in drawn.axes[0].patches]
    assert widths == pytest.approx([3.0, 9.5])
    assert losses_figure(TABLE, SIMULATED) is None
    assert losses_table(TABLE, SIMULATED) == []


def test_of_many_arms_each_has_a_line_with_a_dot_for_each_loss() -> None:
    loss = "wifi: a scan in 30 s"
    arms = [name for name, arm in ARMS.items() if arm.locate][:7]
    lines = [row(arm, 1.0, 0, 4.0 + at) for at, arm in enumerate(arms)]
    lost = [row(arm, 1.0, 0, 9.0 + at, modality=loss, drop_rate=1.0) for at, arm in enumerate(arms)]
    (axes,) = checked(losses_figure(as_table([*lines, *lost]), SIMULATED)).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [ARMS[arm].label for arm in arms]
    drawn = [np.array(line.get_data()) for line in axes.get_lines()]
    dots = [tuple(at[:, 0].tolist()) for at in drawn if at.size]  # the legend's are of nothing
    assert dots == [(mean + at, at) for at in range(7) for mean in (4.0, 9.0)]


def test_the_style_ignores_the_users_settings(tmp_path: Path) -> None:
    import matplotlib as mpl

    def bytes_of(name: str) -> bytes:
        with style.drawing():
            style.save(checked(figures.fig5(TABLE, SIMULATED)), tmp_path / name)
        return (tmp_path / name).read_bytes()

    plain = bytes_of("a.png")
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red"}):
        assert bytes_of("b.png") == plain
