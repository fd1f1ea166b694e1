"""Which windows a fine-tune rate uses, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.sites.splits import in_use, on_walks

EIGHT = (1, 2, 3, 4, 5, 6, 7, 8)
NUMBERS = np.repeat(np.arange(1, 15), 10)  # fourteen rounds of ten windows


def used(rate, subset="first", seed=0, train=EIGHT):
    return in_use(NUMBERS, train, rate, seed, subset)


@pytest.mark.parametrize(("rate", "rounds"), [(k / 8, k) for k in EIGHT])
def test_a_fine_tune_rate_is_a_number_of_rounds(rate, rounds):
    assert used(rate).tolist() == list(range(10 * rounds))


def test_a_rate_between_two_rounds_stops_within_the_last_one():
    # 0.75 of six rounds is 4.5: the fifth up to its fifth window; 0.125 is 0.75 of the first.
    six = EIGHT[:6]
    assert used(0.75, train=six).tolist() == list(range(45))
    assert used(0.125, train=six).tolist() == list(range(8))  # 7.5 windows, rounded to even
    assert used(0.001).tolist() == [0]  # never nothing


@given(
    st.floats(0.01, 1), st.floats(0.01, 1), st.integers(0, 99), st.sampled_from(["first", "drawn"])
)
@settings(deadline=None, derandomize=True)
def test_a_higher_rate_uses_a_superset_of_training_windows(one, other, seed, subset):
    less, more = (set(used(rate, subset, seed).tolist()) for rate in sorted((one, other)))
    assert less <= more
    assert more <= set(np.flatnonzero(np.isin(NUMBERS, EIGHT)).tolist())


@given(st.integers(0, 999), st.sampled_from([k / 8 for k in EIGHT]))
@settings(deadline=None, derandomize=True)
def test_a_window_is_used_once(seed, rate):
    rows = used(rate, "drawn", seed)
    assert len(rows) == len(set(rows.tolist())) == round(rate * 80)


def test_drawn_rounds_follow_the_seed_and_the_first_do_not():
    drawn = {tuple(np.unique(NUMBERS[used(0.25, "drawn", seed)])) for seed in range(20)}
    assert len(drawn) > 10
    assert used(0.25, "drawn", 3).tolist() == used(0.25, "drawn", 3).tolist()
    assert used(0.25, "first", 3).tolist() == used(0.25, "first", 4).tolist()


TRACES = np.repeat(np.arange(12), 5)  # twelve walks of five windows


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
@settings(deadline=None, derandomize=True)
def test_a_survey_of_more_walks_contains_that_of_fewer(one, other, seed):
    fewer, more = (on_walks(TRACES, n, seed, "drawn") for n in sorted((one, other)))
    assert len(np.unique(TRACES[more])) == max(one, other)
    assert not np.any(fewer & ~more)


def test_walks_are_drawn_by_seed_or_are_the_first():
    drawn = {tuple(np.unique(TRACES[on_walks(TRACES, 3, seed, "drawn")])) for seed in range(20)}
    assert len(drawn) > 10
    assert np.unique(TRACES[on_walks(TRACES, 3, 7, "first")]).tolist() == [0, 1, 2]
    assert on_walks(TRACES, 3, 7, "first").sum() == 15  # walks are whole


def test_more_walks_than_there_are_is_answered_with_how_many_there_are():
    with pytest.raises(InputError, match=r"walks is 13, of 12 .*--config.walks to 1 to 12, or 0"):
        on_walks(TRACES, 13, 0, "drawn")
