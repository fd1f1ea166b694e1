"""Maps hold the models that the tracks hold, and no line that was never walked."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from mtloc_jax import rows
from mtloc_jax.errors import InputError
from mtloc_jax.report.error_map import cell_means, error_map
from mtloc_jax.report.map_panels import Extent
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.trajectory import pieces, trajectory
from mtloc_jax.sites.floor_plan import FloorPlan
from tests.synthetic_rows import as_table, track_rows

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
TRACKS = as_table(track_rows(), rows.TRACKS)


def checked(drawn: Figure | None) -> Figure:
    assert drawn is not None
    return drawn


def with_copies_of_scratch(*names: str) -> rows.Table:
    copies = [{**line, "arm": name} for name in names for line in track_rows()[:40]]
    return as_table(track_rows() + copies, rows.TRACKS)


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
    arms = "scratch", "transferred", "fine-tuned 62.5 %"
    assert [" ".join(title.split()) for title in titles] == [f"{arm}: mean 1.00 m" for arm in arms]
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


def test_a_floor_plan_that_is_too_large_to_open_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("L", (8, 4)).save(tmp_path / "plan.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 15)
    with pytest.raises(InputError, match=r"plan\.png: .*too many pixels to be opened; scale it"):
        FloorPlan(tmp_path / "plan.png", 40, 20).paper()


def test_flat_maps_are_stacked_and_tall_ones_stand_in_a_row() -> None:
    flat = {**TRACKS, "y_m": 0.1 * TRACKS["y_m"], "predicted_y_m": 0.1 * TRACKS["predicted_y_m"]}
    tall = {**TRACKS, "x_m": 0.1 * TRACKS["x_m"], "predicted_x_m": 0.1 * TRACKS["predicted_x_m"]}
    for tracks, grid in ((flat, (3, 1)), (tall, (1, 3))):
        spec = checked(trajectory(tracks, SIMULATED, None)).axes[0].get_subplotspec()
        assert spec is not None
        assert (spec.get_gridspec().nrows, spec.get_gridspec().ncols) == grid


@pytest.mark.parametrize("draw", [trajectory, error_map])
def test_without_the_headline_rate_the_nearest_rate_is_drawn(draw) -> None:
    kept = [line for line in track_rows() if line["arm"] != "finetuned"]
    tuned = [line for line in track_rows() if line["arm"] == "finetuned"]
    kept += [{**line, "finetune_rate": rate} for rate in (0.25, 0.5, 1.0) for line in tuned]
    drawn = checked(draw(as_table(kept, rows.TRACKS), SIMULATED, None))
    titles = [axes.get_title() for axes in drawn.axes[:3]]
    assert titles[2].startswith("fine-tuned 50 %: mean")


def test_every_arm_with_a_track_has_its_map() -> None:
    drawn = checked(trajectory(with_copies_of_scratch("wifi-knn", "mine"), SIMULATED, None))
    titles = [axes.get_title().partition(":")[0] for axes in drawn.axes[:5]]
    assert titles[:4] == ["scratch", "transferred", "fine-tuned 62.5 %", "WiFi k-NN"]
    assert titles[4] == "mine"


def test_titles_of_long_names_do_not_run_into_each_other() -> None:
    copies = with_copies_of_scratch("carried", "reinitialised", "both-surveys")
    drawn = checked(error_map(copies, SIMULATED, None))
    panels = [axes for axes in drawn.axes if axes.get_title()]
    assert any("\n" in axes.get_title() for axes in panels)
    drawn.canvas.draw()
    boxes = [axes.title.get_window_extent() for axes in panels]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
