"""Rounds stretched one by one, as the authors' arrays are, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.stretch import stretched
from tests.test_site import four, site_of

ROUNDS = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4], np.int32)


def site_with(channel, rounds=ROUNDS):
    """Return a site of twelve windows, three a round, all of whose channels read `channel`."""
    values = np.array(channel, np.float64)
    made = site_of(four())
    windows = replace(
        made.windows,
        imu=np.tile(values[:, None, None], (1, 10, 2)).astype(np.float32),
        mag=np.tile(values[:, None, None], (1, 10, 1)).astype(np.float32),
        xy_m=np.stack([values, -values], axis=1),
    )
    return replace(made, windows=windows, round=rounds, scan=np.arange(12, dtype=np.int32) % 3)


def test_a_round_spans_what_the_test_round_spans():
    # Round 1 spans 0..10 and round 4, the test round, 20..24: 5 is half way, at 22.
    site = stretched(site_with([0, 5, 10, 1, 2, 3, 7, 7, 7, 20, 21, 24]))
    assert site.windows.mag[:3, 0, 0].tolist() == [20, 22, 24]
    assert site.windows.imu[3:6, 9, 1].tolist() == [20, 22, 24]
    # The second coordinate runs the other way: -20..-24.
    assert site.windows.xy_m[:3].tolist() == [[20, -20], [22, -22], [24, -24]]


def test_a_channel_that_is_constant_in_a_round_lies_at_the_test_rounds_minimum():
    site = stretched(site_with([0, 5, 10, 1, 2, 3, 7, 7, 7, 20, 21, 24]))
    assert site.windows.mag[6:9, 0, 0].tolist() == [20, 20, 20]
    assert site.windows.xy_m[6:9, 1].tolist() == [-24, -24, -24]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=12, max_size=12))
def test_the_test_round_stays_as_it_was_recorded_to_the_bit(channel):
    site = site_with(channel)
    after, before = stretched(site).windows, site.windows
    for name in ("imu", "mag", "xy_m"):
        assert np.array_equal(getattr(after, name)[9:], getattr(before, name)[9:])


@settings(deadline=None, derandomize=True)
@given(st.floats(0.1, 10), st.floats(-100, 100))
def test_a_rounds_own_gain_and_offset_are_lost(gain, offset):
    # This is the leak's other side: what a phone reads absolutely is gone.
    channel = np.array([0, 5, 10, 1, 2, 3, 7, 8, 7, 20, 21, 24], float)
    changed = channel.copy()
    changed[:3] = channel[:3] * gain + offset
    one, other = stretched(site_with(channel)).windows, stretched(site_with(changed)).windows
    np.testing.assert_allclose(one.mag, other.mag, atol=2e-3)
    np.testing.assert_allclose(one.xy_m, other.xy_m, atol=1e-6)


def test_rss_and_scans_are_left_alone():
    site = site_with(range(12))
    assert stretched(site).wifi_dbm is site.wifi_dbm
    assert stretched(site).scan is site.scan


def test_several_test_rounds_have_no_one_extent():
    site = replace(site_with(range(12)), split=Split((1,), (2,), (3, 4)))
    with pytest.raises(InputError, match=r"test rounds \(3, 4\).*--config.test_round"):
        stretched(site)
