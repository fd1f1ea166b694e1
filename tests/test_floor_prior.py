"""Corridors of a floor plan, drawn as Indoor Location 2.0 draws them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtloc_jax.errors import InputError
from mtloc_jax.experts import floor_prior
from mtloc_jax.sites.floor_plan import FloorPlan, published_plan
from mtloc_jax.tracking.cells import Cells

SHOP = 195, 235, 245, 255
LINE = 102, 102, 102, 255


def drawn(folder, gap=False):
    """Draw 40 x 20 pixels, 0.5 m each: a margin, an outline, a corridor north of a shop.

    The outline lies 2 pixels from the border; the shop fills the 8 southern rows within it.
    """
    image = np.zeros((20, 40, 4), np.uint8)
    image[2, 2:38] = image[17, 2:38] = LINE
    image[2:18, 2] = image[2:18, 37] = LINE
    image[9:17, 3:37] = SHOP
    if gap:
        image[5, 2] = 0
    Image.fromarray(image, "RGBA").save(folder / "plan.png")
    return FloorPlan(folder / "plan.png", 20.0, 10.0)


def test_shares_by_hand(tmp_path):
    """Cells of 2 m, 4 pixels: rows 3 to 8 of the image are corridor, from 5.5 m to 8.5 m north."""
    found = floor_prior.corridor_share(drawn(tmp_path), Cells(np.array([1.0, 1]), (11, 6), 2.0))
    # Columns 3 to 36 of 40: the first cell has one of four within.
    within = np.array([0.25, *[1] * 8, 0.25, 0])
    north = np.array([0, 0, 0.25, 1, 0.25, 0])
    np.testing.assert_allclose(found, np.outer(within, north), atol=1e-6)


def test_the_prior_of_all_corridor_is_one_and_of_none_a_little(tmp_path):
    cells = Cells(np.array([5.0, 1.0]), (1, 4), 2.0)
    found = floor_prior.log_corridor(drawn(tmp_path), cells)
    np.testing.assert_allclose(np.exp(found), [[0.03, 0.03, 0.03 + 0.97 / 4, 1]], atol=1e-6)
    assert floor_prior.log_corridor(drawn(tmp_path), cells, 0.5)[0, 0] == pytest.approx(np.log(0.5))


def test_cells_that_share_no_edge_with_pixels_are_shared_out(tmp_path):
    """A cell from 8.25 m to 8.75 m north: half of it corridor, half the outline's row."""
    found = floor_prior.corridor_share(drawn(tmp_path), Cells(np.array([5.0, 8.5]), (1, 1), 0.5))
    np.testing.assert_allclose(found, [[0.5]], atol=1e-6)


def test_near_the_survey_is_likely_by_hand():
    """At a surveyed place 1, 3 m away 0.03 + 0.97 exp(-1/2), far away 0.03."""
    cells = Cells(np.array([0.0, 0]), (3, 1), 3.0)
    found = floor_prior.log_surveyed(np.array([[0.0, 0], [100, 0]]), cells)
    expected = 0.03 + 0.97 * np.exp([0, -1 / 2, -2])
    np.testing.assert_allclose(np.exp(found), expected[:, None])


def test_an_open_outline_has_no_inside(tmp_path):
    plan = drawn(tmp_path, gap=True)
    with pytest.raises(InputError, match="no corridor on this floor plan"):
        floor_prior.corridor_share(plan, Cells(np.array([1.0, 1]), (5, 5), 2.0))


def test_surveyors_walked_in_the_corridors_of_a_published_plan(data_dir: Path):
    folder = data_dir / "indoor_location_20" / "site2" / "F1"
    plan = published_plan(folder)
    assert plan is not None
    trace = sorted((folder / "path_data_files").glob("*.txt"))[0].read_text(encoding="utf-8")
    lines = (line.split("\t") for line in trace.splitlines() if "\tTYPE_WAYPOINT\t" in line)
    xy_m = np.array([[float(x), float(y)] for _, _, x, y, *_ in lines])
    share = [floor_prior.corridor_share(plan, Cells(one, (1, 1), 2.0))[0, 0] for one in xy_m]
    assert len(share) > 3
    assert np.mean(share) > 0.7
