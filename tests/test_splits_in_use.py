"""Which windows a fine-tune rate uses, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.sites.splits import in_use

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
