"""A floor in cells: nobody is looked for far from a survey, or off a plan's corridors."""

from pathlib import Path

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.study.on_cells import MARGIN_M, OnCells, placed

LINE_M = np.stack([np.arange(0, 61, 3.0), np.zeros(21)], axis=1)
"""Positions 60 m along x; whoever heeds the first 20 m alone knows of nothing beyond 35 m."""


def test_cells_beyond_what_a_survey_knows_are_as_good_as_impossible():
    cells = OnCells(LINE_M, None)
    whole, part = (cells.floor(m) for m in (LINE_M, LINE_M[:7]))
    east_m = whole.cells.centres_m[..., 0]
    beyond = east_m > LINE_M[6, 0] + MARGIN_M
    assert beyond.any()
    assert part.log_prior[beyond].max() < part.log_prior[~beyond].min() - 15
    assert part.log_prior[~beyond].max() == pytest.approx(whole.log_prior.max(), abs=0.1)
    assert np.exp(whole.log_prior).min() > 0.02


def test_a_scan_of_which_nothing_is_said_lies_about_its_survey():
    cells = OnCells(LINE_M, None)
    floors = [cells.floor(LINE_M), cells.floor(LINE_M[:7])]
    nothing = np.zeros((2, *cells.cells.shape))
    xy_m, sigma_m = placed(nothing, floors, np.array([0, 1]))
    assert xy_m[0] == pytest.approx([30, 0], abs=0.5)
    assert xy_m[1] == pytest.approx([9, 0], abs=1.5)
    assert sigma_m[0] > sigma_m[1] > 5


def test_a_plan_is_read_where_it_is_asked_for_alone():
    cells = OnCells(LINE_M, FloorPlan(Path("nowhere.png"), 60.0, 30.0))
    assert cells.floor(LINE_M, plan=False).log_prior.shape == cells.cells.shape
    with pytest.raises(InputError, match=r"nowhere\.png"):
        cells.floor(LINE_M)
    everywhere = np.ones((30, 60), np.float32)
    everywhere[[0, -1], :] = everywhere[:, [0, -1]] = 0.0  # closed, or it were no corridor
    open_ = OnCells(LINE_M, FloorPlan(Path("drawn"), 60.0, 30.0, everywhere)).floor(LINE_M)
    free = cells.floor(LINE_M, plan=False)
    off = open_.cells.centres_m[..., 1] < -2  # below the plan
    assert (open_.log_prior[off] < free.log_prior[off] - 3).all()
