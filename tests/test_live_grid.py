"""Logs located on the cells of a floor: as studies do it, bit for bit as the log grows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.live import located
from mtloc_jax.prediction.live_grid import LiveGrid, floor_of, whole
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.tracking.ticks import Prior
from tests.test_follow import LOG, SURVEY, assert_same, followed, locator_of
from tests.test_predict import SURVEY as LINES
from tests.test_predict import said_of

PRIOR = Prior(np.array([7.0, 9.0]), 12.0)


def walked(seconds=20, seed=0):
    """Return moves along x at 1 m/s and a fix every 3 s, heard 0.4 s before it arrives."""
    rng = np.random.default_rng(seed)
    n = 10 * seconds
    moves = Moves(100 * np.arange(n + 1), np.tile([0.1, 0.0], (n, 1)), np.full(n, 0.05))
    at_ms = np.arange(1530, 1000 * seconds, 3000)
    xy_m = np.column_stack([at_ms / 1000, np.full(len(at_ms), 4.0)]) + rng.normal(0, 2, (1, 2))
    return moves, Fixes(at_ms, at_ms - 400, xy_m, np.full(len(at_ms), 4.0))


@pytest.mark.parametrize("motion", [True, False])
def test_it_is_the_filter_that_studies_use(motion):
    moves, fixes = walked()
    floor = floor_of(LINES)
    studied = whole(moves, fixes, floor, PRIOR, motion=motion).causal
    live = LiveGrid(floor, PRIOR, motion=motion).take(moves, fixes, slice(0, len(moves.moved_m)))
    np.testing.assert_allclose(live.xy_m, studied.xy_m, atol=2e-5)
    np.testing.assert_allclose(live.sigma_m, studied.sigma_m, atol=2e-5)


def test_a_walk_fed_in_pieces_is_the_walk_fed_at_once():
    moves, fixes = walked()
    floor, n = floor_of(LINES), len(moves.moved_m)
    once = LiveGrid(floor, PRIOR, motion=True).take(moves, fixes, slice(0, n))
    grid, told = LiveGrid(floor, PRIOR, motion=True), []
    for first, last in ((0, 3), (3, 4), (4, 41), (41, 160), (160, n)):
        arrived = fixes.arrived_ms <= moves.t_ms[last]
        so_far = Fixes(*(part[arrived] for part in fixes))
        seen = min(n, last + 2)  # a log goes on beyond what can be told of it
        till = Moves(moves.t_ms[: seen + 1], moves.moved_m[:seen], moves.sigma_m[:seen])
        told.append(grid.take(till, so_far, slice(first, last)))
    for part in ("xy_m", "sigma_m"):
        pieces = np.concatenate([getattr(one, part) for one in told])
        np.testing.assert_array_equal(pieces, getattr(once, part))


@pytest.mark.parametrize("arm", ["cosine-steps-grid", "cosine-none-grid"])
def test_a_growing_log_gives_the_rows_of_the_whole_one(tmp_path, arm):
    assert_same(*followed("csv", tmp_path, locator_of(arm)))


def test_before_the_first_scan_a_phone_is_where_the_survey_is():
    said = said_of("cosine-none-grid")
    before = np.isnan(said.scan_age_s)
    assert before.sum() == 9
    assert said.xy_m[before] == pytest.approx(np.array([[3.5, 6.0]] * 9))
    assert not np.isclose(said.xy_m[~before], [3.5, 6.0]).all(axis=1).any()


def test_on_a_plan_people_keep_to_its_corridors():
    """Surveyed at y = 4 and 8 m; fixes between them are pulled to the one that is no wall."""
    drawn = np.ones((24, 30), np.float32)
    drawn[[0, -1], :] = drawn[:, [0, -1]] = 0.0  # closed, or it were no corridor
    drawn[1:17, 1:-1] = 0.0  # all above y = 7 m is shops; row 0 is the upper edge
    plan = FloorPlan(Path("drawn"), 30.0, 24.0, drawn)
    on_plan = replace(LINES, plan=plan)
    free, kept = (said_of("cosine-none-grid", survey=one) for one in (LINES, on_plan))
    assert free.xy_m[-1, 1] == pytest.approx(6.0, abs=0.5)
    assert kept.xy_m[-1, 1] < free.xy_m[-1, 1] - 0.5


def test_offline_on_cells_needs_the_whole_log(tmp_path):
    arm = "cosine-steps-grid-smoother"
    said = located(BySurvey(SURVEY, ARMS[arm].locate), LOG)
    assert np.isfinite(said.xy_m).all()
    with pytest.raises(InputError, match="a smoother hangs on what comes later"):
        followed("csv", tmp_path, locator_of(arm))
