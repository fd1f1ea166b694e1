"""Lessons of the matcher: never its own walk, drawn and worn as said, the same for each seed."""

import jax
import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.experts.matcher_lessons import HALF_HOUR_MS, Draw, Surveyed, Wear, lessons
from mtloc_jax.experts.pair_features import FEATURES, pairs
from tests.scan_tables import hall

FLOOR = hall()
WHOLE = (Draw(worn=False),)
NO_WEAR = Wear(gain_db=0)


def walks_known(found):
    """Return the walk of each candidate of each lesson as a set."""
    candidates = found.inputs["candidates"].values
    return [set(walks_at(one[one[:, 2] > 0, :2]).tolist()) for one in candidates]


def walks_at(xy_m):
    """Return the walk of FLOOR's scan that lies where each of xy_m [N, 2] does."""
    away_m = np.linalg.norm(FLOOR.xy_m - xy_m[:, None], axis=-1)
    assert (away_m.min(axis=1) < 1e-3).all()
    return FLOOR.walk[away_m.argmin(axis=1)]


def test_a_whole_survey_is_that_of_all_other_walks():
    found = lessons([Surveyed(FLOOR)], draws=WHOLE, wear=NO_WEAR)
    expected = pairs(FLOOR, FLOOR, ~np.eye(6, dtype=bool))
    assert found.target == pytest.approx(FLOOR.xy_m.astype(np.float32))
    np.testing.assert_allclose(
        found.inputs["pairs"].values, expected.features.astype(np.float16), rtol=2e-3, atol=1e-3
    )
    assert (found.inputs["candidates"].values[..., 2] == expected.mask).all()


def test_no_lesson_has_candidates_of_its_own_walk():
    found = lessons([Surveyed(FLOOR)], draws=(Draw(), Draw(3)))
    for own, known in zip(walks_at(found.target), walks_known(found), strict=True):
        assert own not in known


def test_a_survey_of_few_walks_is_of_no_more():
    found = lessons([Surveyed(FLOOR)], draws=(Draw(2, worn=False),))
    assert len(set().union(*walks_known(found))) == 2


def test_walks_of_the_same_half_hour_are_left_out_where_it_is_said():
    started_ms = np.array([0, 0, 0, 1, 1, 1]) * HALF_HOUR_MS
    found = lessons([Surveyed(FLOOR, started_ms)], draws=(Draw(apart=True, worn=False),))
    for own, known in zip(walks_at(found.target), walks_known(found), strict=True):
        assert known <= ({3, 4, 5} if own < 3 else {0, 1, 2})


def test_gains_move_all_levels_of_a_walk_and_lost_access_points_are_heard_by_none():
    plain, louder, worn = (
        lessons([Surveyed(FLOOR)], draws=draws, wear=wear).inputs["pairs"].values
        for draws, wear in (
            (WHOLE, NO_WEAR),
            (WHOLE, Wear(gain_db=5)),
            ((Draw(),), Wear(gain_db=0, kept=(0.5, 0.5), entries=0)),
        )
    )
    offset, asked = FEATURES.index("mean d"), FEATURES.index("access points asked")
    assert np.abs(louder[..., offset]).mean() > 2 * np.abs(plain[..., offset]).mean()
    heard = [np.expm1(one[:, 0, asked].astype(float)).mean() for one in (plain, worn)]
    assert heard[1] < 0.75 * heard[0]


def test_lessons_are_the_same_for_the_same_seed_and_others_for_another():
    once, again, other = (
        lessons([Surveyed(FLOOR)], seed, draws=(Draw(scans=20), Draw(3, scans=20)))
        for seed in (1, 1, 2)
    )
    jax.tree.map(np.testing.assert_array_equal, once, again)
    assert once.target.shape != other.target.shape or (once.target != other.target).any()


def test_several_floors_are_learnt_from_one_after_the_other():
    other = hall(3)
    found = lessons([Surveyed(FLOOR), Surveyed(other)], draws=WHOLE)
    assert found.target == pytest.approx(np.concatenate([FLOOR.xy_m, other.xy_m]).astype("f4"))


@pytest.mark.parametrize("floors", [[], [Surveyed(FLOOR.at(FLOOR.walk == 0))]])
def test_a_walk_alone_teaches_nothing_and_says_so(floors):
    with pytest.raises(InputError, match="at least two walks of one floor"):
        lessons(floors)
