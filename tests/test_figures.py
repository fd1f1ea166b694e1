"""Figures hold the curves the rows hold, and no line that was never walked."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from mtloc_jax.errors import InputError
from mtloc_jax.report import figures, look, rows
from mtloc_jax.report.claims import families
from mtloc_jax.report.demand import curve as demand_curve
from mtloc_jax.report.demand import data_demand
from mtloc_jax.report.differences import differences
from mtloc_jax.report.error_map import cell_means, error_map
from mtloc_jax.report.floor_plan import FloorPlan
from mtloc_jax.report.map_panels import Extent
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.trajectory import pieces, trajectory
from tests.synthetic_rows import as_table, cdf_rows, row, track_rows, whole_grid

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
MEASURED = whole_grid()
TABLE = as_table(MEASURED)
CDF = {
    name: np.array([line[name] for line in cdf_rows(MEASURED)]) for name in rows.COLUMNS[rows.CDF]
}
TRACKS = {
    name: np.array([line[name] for line in track_rows()]) for name in rows.COLUMNS[rows.TRACKS]
}


def checked(drawn: Figure | None) -> Figure:
    assert drawn is not None
    return drawn


def curve(drawn: Figure, panel: int, label: str) -> tuple[np.ndarray, np.ndarray]:
    line = next(line for line in drawn.axes[panel].get_lines() if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_fig_4_draws_scratch_and_nine_rates_on_both_splits() -> None:
    drawn = checked(figures.fig4(CDF, TABLE, SIMULATED))
    assert [len(axes.get_lines()) for axes in drawn.axes] == [10, 10]
    assert [axes.get_title(loc="left") or axes.get_title() for axes in drawn.axes] == [
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
    assert names == ["transferred", "fine-tuned 62.5 %", "raw (scratch)"]
    assert [len(axes.get_lines()) for axes in drawn.axes] == [3, 3, 3]


def test_one_bad_curve_does_not_squash_the_others_and_the_caption_says_so() -> None:
    drawn = look.figure("title", "caption", 4, 3)
    assert look.axis_end(drawn, [4.0, 5.0, 6.0, 5.0, 40.0]) == 12.5
    assert drawn.get_supxlabel() == (
        "caption\nThe error axis is cut at 12 m: the largest value is 40 m."
    )


def test_an_axis_that_hides_next_to_nothing_is_not_cut() -> None:
    drawn = look.figure("title", "caption", 4, 3)
    assert look.axis_end(drawn, [4.0, 5.0, 14.0]) == 14.0
    assert drawn.get_supxlabel() == "caption"


def test_data_demand_draws_mean_error_against_the_share_of_rounds() -> None:
    drawn = checked(data_demand(TABLE, SIMULATED))
    share_percent, mean_m = curve(drawn, 0, "fine-tuned")
    assert share_percent.tolist() == [12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100]
    assert mean_m == pytest.approx(4.25 - 0.02 * share_percent)  # see whole_grid
    assert curve(drawn, 0, "transferred, all rounds")[1] == pytest.approx([4.25, 4.25])
    assert curve(drawn, 1, "scratch")[1] == pytest.approx([4.25])  # its median is 2 m above


def test_the_band_of_a_data_demand_curve_is_the_deviation_over_seeds() -> None:
    measured = [row("scratch", 0.5, seed, mean) for seed, mean in ((0, 2.0), (1, 4.0))]
    found = demand_curve(as_table(measured), "scratch", "mean_m")
    assert (found.shares.tolist(), found.mean_m.tolist()) == ([0.5], [3.0])
    assert found.spread_m == pytest.approx([np.sqrt(2)])


def test_a_point_beyond_the_axis_is_named_at_its_edge() -> None:
    far = [row("finetuned", 0.125, seed, 90.0) for seed in (0, 1)]
    near = [
        line for line in MEASURED if (line["arm"], line["finetune_rate"]) != ("finetuned", 0.125)
    ]
    drawn = checked(data_demand(as_table(near + far), SIMULATED))
    assert drawn.axes[0].get_ylim()[1] < 20
    assert [text.get_text() for text in drawn.axes[0].texts] == ["90 m ↑"]


def test_a_square_of_the_error_map_is_the_mean_error_of_the_windows_truly_in_it() -> None:
    keys = ("x_m", "y_m", "predicted_x_m", "predicted_y_m")
    places = [(0.5, 0.5, 3.5, 4.5), (1.5, 0.5, 1.5, 1.5), (2.5, 2.5, 2.5, 2.5)]
    run = {
        name: np.array(values) for name, values in zip(keys, zip(*places, strict=True), strict=True)
    }
    extent = Extent(np.array([0.0, 4.0]), np.array([0.0, 4.0]))
    found = cell_means(run, extent, 2.0)
    assert found == pytest.approx(np.array([[3.0, np.nan], [np.nan, 0.0]]), nan_ok=True)


def test_an_error_map_says_how_wide_its_squares_are() -> None:
    assert "A square of 1 m by 1 m" in checked(error_map(TRACKS, SIMULATED, None)).get_supxlabel()


def test_differences_have_one_row_a_claim_and_one_panel_a_table() -> None:
    found = families(as_table(whole_grid(range(4))))
    drawn = checked(differences(found, "scope", SIMULATED))
    assert [len(axes.get_yticklabels()) for axes in drawn.axes] == [9, 1, 6]
    assert (
        drawn.axes[0].get_yticklabels()[1].get_text() == "fine-tuned at 100 % vs scratch at 100 %"
    )


def test_an_svg_has_no_date_and_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        with look.drawing():
            look.save_svg(checked(trajectory(TRACKS, SIMULATED, None)), tmp_path / name)
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


def test_a_line_ends_where_a_trace_ends_or_pauses() -> None:
    trace = np.array(["a", "a", "a", "b", "b"])
    t_s = np.array([0.0, 0.1, 9.0, 9.1, 9.2])
    assert pieces(trace, t_s) == [slice(0, 2), slice(2, 3), slice(3, 5)]


def test_no_drawn_segment_joins_two_traces() -> None:
    drawn = checked(trajectory(TRACKS, SIMULATED, None))
    for axes in drawn.axes[:3]:
        segments = [c for c in axes.collections if isinstance(c, LineCollection)]
        assert len(segments) == 2
        for collection in segments:
            jumps_m = [np.ptp(np.asarray(s), axis=0).max() for s in collection.get_segments()]
            assert max(jumps_m) == pytest.approx(0.5)


def test_panels_are_scratch_transferred_finetuned_in_equal_aspect() -> None:
    drawn = checked(trajectory(TRACKS, SIMULATED, None))
    titles = [axes.get_title() for axes in drawn.axes[:3]]
    assert titles == [f"{n}: mean 1.00 m" for n in ("scratch", "transferred", "fine-tuned 62.5 %")]
    assert {axes.get_aspect() for axes in drawn.axes[:3]} == {1.0}


def test_the_floor_plan_covers_its_metres(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 4), (0, 0, 0, 0)).save(tmp_path / "plan.png")
    plan = FloorPlan(tmp_path / "plan.png", 40.0, 20.0)
    assert np.all(plan.paper() == 1)  # transparent is paper
    image = checked(trajectory(TRACKS, SIMULATED, plan)).axes[0].get_images()[0]
    assert list(image.get_extent()) == [0, 40, 0, 20]


def test_a_floor_plan_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.png").write_text("no image")
    with pytest.raises(InputError, match=r"plan\.png: cannot read this floor plan; give a PNG"):
        trajectory(TRACKS, SIMULATED, FloorPlan(tmp_path / "plan.png", 40, 20))


def test_the_style_ignores_the_users_settings(tmp_path: Path) -> None:
    import matplotlib as mpl

    def bytes_of(name: str) -> bytes:
        with look.drawing():
            look.save(checked(figures.fig5(TABLE, SIMULATED)), tmp_path / name)
        return (tmp_path / name).read_bytes()

    plain = bytes_of("a.png")
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red"}):
        assert bytes_of("b.png") == plain


def test_flat_maps_are_stacked_and_tall_ones_stand_in_a_row() -> None:
    flat = {**TRACKS, "y_m": 0.1 * TRACKS["y_m"], "predicted_y_m": 0.1 * TRACKS["predicted_y_m"]}
    tall = {**TRACKS, "x_m": 0.1 * TRACKS["x_m"], "predicted_x_m": 0.1 * TRACKS["predicted_x_m"]}
    for tracks, grid in ((flat, (3, 1)), (tall, (1, 3))):
        spec = checked(trajectory(tracks, SIMULATED, None)).axes[0].get_subplotspec()
        assert spec is not None
        assert (spec.get_gridspec().nrows, spec.get_gridspec().ncols) == grid
