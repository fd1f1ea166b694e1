"""Nearest neighbours by hand, and what they answer where a survey says little or nothing."""

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.experts.nearest import (
    LEAST_SIGMA_M,
    each_walk,
    nearest_cosine,
    nearest_kaggle,
)
from tests.scan_tables import hall, table

EXPERTS = pytest.mark.parametrize("expert", [nearest_cosine, nearest_kaggle])
CORNERS = [(0, 0), (30, 0), (0, 40)]


def test_the_mean_of_the_nearest_and_their_spread():
    survey = table([[30, 30], [30, 29], [0, 10], [1, 0]], [(0, 0), (40, 0), (9, 9), (7, 7)])
    xy_m, sigma_m = nearest_cosine(survey, table([[30, 30]]), k=2)
    assert xy_m.tolist() == [[20, 0]]
    # 20 m along one axis and none along the other.
    assert sigma_m.tolist() == pytest.approx([np.sqrt(200)])


def test_neighbours_that_agree_are_not_held_to_be_surer_than_the_least():
    survey = table([[30, 30], [30, 29]], [(0, 0), (1, 0)])
    assert nearest_cosine(survey, table([[30, 30]]))[1].tolist() == [LEAST_SIGMA_M]


def test_winners_neighbours_weigh_by_the_fourth_power_of_their_distance():
    survey = table([[21], [22]], [(0, 0), (17, 0)])
    xy_m, _ = nearest_kaggle(survey, table([[20]]))
    assert xy_m[0] == pytest.approx([1, 0], abs=0.01)


@EXPERTS
def test_scans_that_share_nothing_are_no_neighbours(expert):
    survey = table([[30, 0], [0, 30]], [(5, 5), (90, 90)])
    assert expert(survey, table([[25, 0]]))[0] == pytest.approx(np.array([[5, 5]]))


@EXPERTS
def test_a_scan_with_nothing_in_common_lies_at_the_middle_as_far_off_as_the_survey_is_wide(expert):
    survey = table([[30], [20], [10]], CORNERS, bssids=["a"])
    xy_m, sigma_m = expert(survey, table([[30], [0]], bssids=["b"]))
    assert xy_m == pytest.approx(np.tile([10, 40 / 3], (2, 1)))
    assert sigma_m == pytest.approx(np.sqrt((600 + 3200 / 3) / 6))


@EXPERTS
def test_a_survey_of_one_scan_tells_where_that_was(expert):
    xy_m, sigma_m = expert(table([[30, 20]], [(3, 4)]), table([[20, 0], [0, 0]]))
    assert (xy_m.tolist(), sigma_m.tolist()) == ([[3, 4]] * 2, [LEAST_SIGMA_M] * 2)


@EXPERTS
def test_an_empty_survey_is_an_error_and_nothing_asked_is_nothing_told(expert):
    scans = table([[30, 20]])
    nothing = scans.at(np.zeros(0, int))
    with pytest.raises(InputError, match="survey holds no scan; survey at least one walk"):
        expert(nothing, scans)
    assert [part.shape for part in expert(scans, nothing)] == [(0, 2), (0,)]


@EXPERTS
def test_each_walk_is_located_by_the_others_alone(expert):
    floor = hall(walks=3)
    own = floor.walk == 1
    of_one = expert(floor.at(~own), floor.at(own))
    for whole, alone in zip(each_walk(expert, floor), of_one, strict=True):
        assert (whole[own] == alone).all()
    with pytest.raises(InputError, match="survey holds no scan"):
        each_walk(expert, floor.at(own))
