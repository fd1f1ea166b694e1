"""What training lowers: squared error, or the distance from the true point."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.core.problem import OBJECTIVES, PROBLEMS, distance, squared_error
from mtloc_jax.settings import Settings

ONES = np.ones(2, np.float32)


def test_the_setting_names_what_the_problem_lowers():
    assert list(OBJECTIVES) == ["squared", "distance"]
    assert PROBLEMS["mtloc"](Settings()).loss is squared_error
    assert PROBLEMS["mtloc"](Settings(loss="distance")).loss is distance


def test_a_distance_is_the_mean_of_what_a_ruler_measures_over_the_windows_that_count():
    outputs, target = np.array([[3.0, 4.0], [1.0, 1.0]]), np.array([[0.0, 0.0], [1.0, 3.0]])
    assert distance(outputs, target, ONES) == pytest.approx((5 + 2) / 2)
    assert distance(outputs, target, np.array([1.0, 0.0])) == pytest.approx(5)
    assert distance(np.c_[outputs, [9, 9]], target, ONES) == pytest.approx(3.5)


def test_a_point_that_is_met_pulls_nowhere_and_any_other_as_hard():
    outputs = jnp.array([[1.0, 1.0], [1.0, 3.0], [1.0, 1000.0]])
    pull = jax.grad(distance)(outputs, jnp.ones((3, 2)), jnp.ones(3))
    np.testing.assert_allclose(pull, np.array([[0, 0], [0, 1], [0, 1]]) / 3, atol=1e-6)


@given(st.integers(0, 99), st.floats(-3, 3), st.floats(-9, 9))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_turning_or_moving_the_frame_changes_no_distance(seed, angle, metres):
    random = np.random.default_rng(seed)
    outputs, target = random.normal(size=(2, 6, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ours = distance(outputs, target, np.ones(6))
    theirs = distance(outputs @ turn + metres, target @ turn + metres, np.ones(6))
    assert ours == pytest.approx(float(theirs), abs=1e-5)
