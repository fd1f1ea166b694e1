"""Which points are lost, and what is read in their place."""

from itertools import pairwise

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.core.missing import draw, wiped
from mtloc_jax.modalities import MODALITIES, Levels, Moments
from mtloc_jax.settings import DECLARED

KEY = jax.random.key(7)
N = 4000
SENSOR, WIFI = np.zeros((N, 10, 2), np.float32), np.zeros((N, 6), np.float32)
MODES, FILLS = DECLARED["wipe.mode"].names(), DECLARED["wipe.fill"].names()
FITTED = {
    "imu": Moments(
        mean=np.array([9.8, 0.5], np.float32),
        std=np.array([2.0, 0.25], np.float32),
        least=np.array([3.8, 0.0], np.float32),
    ),
    "mag": Moments(*(np.array([of], np.float32) for of in (50.0, 5.0, 37.5))),
    "wifi": Levels(
        floor_dbm=np.float32(-96),
        span_db=np.float32(60),
        heard=np.ones(3, bool),
        mean=np.array([0.25, 0.0, 0.75], np.float32),
    ),
}


def blank(modality, fill):
    return MODALITIES[modality].blank(fill, FITTED[modality])


def drawn(mode, x, burst_windows=50):
    return np.asarray(draw(KEY, mode, x, burst_windows))


@pytest.mark.parametrize("x", [SENSOR, WIFI], ids=["sensor", "wifi"])
def test_a_mode_says_what_is_lost_together(x):
    assert MODES == ("windows", "bursts", "samples")
    assert drawn("windows", x).shape == (N,)
    assert drawn("bursts", x).shape == (N,)
    assert drawn("samples", x).shape == x.shape[:2]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("x", [SENSOR, WIFI], ids=["sensor", "wifi"])
def test_a_higher_drop_rate_loses_a_superset(mode, x):
    numbers = drawn(mode, x)
    lost = [numbers < rate for rate in np.linspace(0, 1, 11, dtype=np.float32)]
    assert not lost[0].any()
    assert lost[-1].all()
    for less, more in pairwise(lost):
        assert np.all(more[less])
        assert more.sum() > less.sum()


@pytest.mark.parametrize("mode", MODES)
def test_the_share_lost_is_the_drop_rate(mode):
    numbers = drawn(mode, SENSOR, burst_windows=5)
    # 4000 windows, 800 bursts or 40,000 samples: 5 standard deviations at 0.4.
    independent = {"windows": 4000, "bursts": 800, "samples": 40_000}[mode]
    tolerance = 5 * np.sqrt(0.4 * 0.6 / independent)
    assert np.mean(numbers < 0.4) == pytest.approx(0.4, abs=tolerance)


@given(st.sampled_from([1, 3, 5, 50]), st.integers(0, 99))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_a_burst_is_a_stretch_of_whole_length_but_at_the_ends(burst_windows, seed):
    x = np.zeros((23, 10, 1), np.float32)
    numbers = np.asarray(draw(jax.random.key(seed), "bursts", x, burst_windows))
    breaks = np.flatnonzero(np.diff(numbers)) + 1
    lengths = np.diff([0, *breaks, 23])
    assert np.all(lengths <= burst_windows)
    assert np.all(lengths[1:-1] == burst_windows)


def test_where_bursts_begin_is_drawn():
    x = np.zeros((40, 10, 1), np.float32)
    numbers = [np.asarray(draw(jax.random.key(seed), "bursts", x, 10)) for seed in range(30)]
    first = {int(np.flatnonzero(np.diff(drawn))[0]) + 1 for drawn in numbers}
    assert first <= set(range(1, 11))
    assert len(first) > 5


def test_equal_keys_lose_the_same_points_and_other_keys_do_not():
    again, other = (draw(key, "windows", SENSOR, 50) for key in (KEY, jax.random.key(8)))
    assert np.array_equal(drawn("windows", SENSOR), again)
    assert not np.array_equal(drawn("windows", SENSOR), other)


def test_a_wiped_sensor_reads_its_least_or_mean_of_training_or_0_in_its_own_unit():
    assert FILLS == ("least", "zero", "mean")
    assert blank("imu", "least").tolist() == pytest.approx([-3, -2])
    assert blank("mag", "least").tolist() == [-2.5]
    assert blank("imu", "zero").tolist() == pytest.approx([-4.9, -2.0])
    assert blank("mag", "zero").tolist() == [-10]
    assert blank("imu", "mean").tolist() == [0, 0]
    assert blank("mag", "mean").tolist() == [0]


def test_wiped_wifi_reads_not_heard_or_the_mean_fingerprint():
    assert blank("wifi", "least").tolist() == [0, 0, 0]
    assert blank("wifi", "zero").tolist() == [0, 0, 0]
    assert blank("wifi", "mean").tolist() == [0.25, 0, 0.75]


def test_a_lost_window_is_blank_throughout_and_the_others_are_untouched():
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    lost = np.array([False, True])
    assert wiped(x, lost, np.array([-1.0, -2.0])).tolist() == [x[0].tolist(), [[-1, -2]] * 3]


def test_a_lost_sample_loses_all_its_axes():
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    lost = np.array([[False, True, False], [True, False, False]])
    expected = [[[0, 1], [-1, -2], [4, 5]], [[-1, -2], [8, 9], [10, 11]]]
    assert wiped(x, lost, np.array([-1.0, -2.0])).tolist() == expected


def test_a_lost_access_point_is_blank_by_itself():
    x = np.array([[0.5, 0.6, 0.7], [0.8, 0.9, 1.0]], np.float32)
    lost = np.array([[True, False, False], [False, False, True]])
    mean = np.array([0.25, 0.0, 0.75], np.float32)
    expected = np.array([[0.25, 0.6, 0.7], [0.8, 0.9, 0.75]], np.float32)
    assert np.array_equal(wiped(x, lost, mean), expected)


@given(
    st.sampled_from(MODES),
    st.sampled_from(FILLS),
    st.sampled_from(sorted(FITTED)),
    st.integers(0, 99),
    st.tuples(*[st.floats(0, 1, width=32)] * 2).map(sorted),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_nothing_is_wiped_at_0_everything_at_1_and_more_at_a_higher_rate(
    mode, fill, modality, seed, rates
):
    shape = (23, 3) if modality == "wifi" else (23, 4, len(FITTED[modality].mean))
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    numbers, read = draw(jax.random.key(seed), mode, x, 5), blank(modality, fill)
    none, less, more, every = (
        np.asarray(wiped(x, numbers < rate, read)) for rate in (0.0, *rates, 1.0)
    )
    assert np.array_equal(none, x)
    assert np.array_equal(every, np.broadcast_to(read, x.shape))
    kept = more == x  # what the higher rate leaves, the lower one leaves too
    assert np.array_equal(less[kept], x[kept])


def test_the_least_reading_that_an_old_checkpoint_does_not_know_is_no_number():
    old = Moments(mean=np.array([50.0]), std=np.array([5.0]))
    assert np.isnan(MODALITIES["mag"].blank("least", old)).all()
    assert MODALITIES["mag"].blank("zero", old).tolist() == [-10]
