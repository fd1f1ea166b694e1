"""Other views of a site, worked out by hand: rounds stretched one by one, modalities silenced."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.core.model import apply
from mtloc_jax.core.problem import PROBLEMS, positions_m
from mtloc_jax.errors import InputError
from mtloc_jax.modalities import heard
from mtloc_jax.settings import Settings
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.views import scaled_by_round, without_modalities
from tests import networks
from tests.test_site import four, recorded, same, site_of
from tests.walks import scans

ALL = ("imu", "mag", "wifi")
SUBSETS = ("imu+mag+wifi", "imu+mag", "imu+wifi", "mag+wifi", "imu", "mag", "wifi")
PROBLEM = PROBLEMS["mtloc"](Settings(hidden=6))
ROUNDS = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4], np.int32)


def site_with(channel, rounds=ROUNDS):
    """Return a site of twelve windows, three a round, all of whose channels read `channel`."""
    values = np.array(channel, np.float64)
    made = site_of(four())
    inputs = {
        name: np.tile(values[:, None, None], (1, 10, channels)).astype(np.float32)
        for name, channels in (("imu", 2), ("mag", 1))
    }
    windows = replace(made.windows, inputs=inputs, xy_m=np.stack([values, -values], axis=1))
    return replace(made, windows=windows, round=rounds, scan=np.arange(12, dtype=np.int32) % 3)


def test_a_round_spans_what_the_test_round_spans():
    # Round 1 spans 0..10 and round 4, the test round, 20..24: 5 is half way, at 22.
    site = scaled_by_round(site_with([0, 5, 10, 1, 2, 3, 7, 7, 7, 20, 21, 24]))
    assert site.windows.inputs["mag"][:3, 0, 0].tolist() == [20, 22, 24]
    assert site.windows.inputs["imu"][3:6, 9, 1].tolist() == [20, 22, 24]
    # The second coordinate runs the other way: -20..-24.
    assert site.windows.xy_m[:3].tolist() == [[20, -20], [22, -22], [24, -24]]


def test_a_channel_that_is_constant_in_a_round_lies_at_the_test_rounds_minimum():
    site = scaled_by_round(site_with([0, 5, 10, 1, 2, 3, 7, 7, 7, 20, 21, 24]))
    assert site.windows.inputs["mag"][6:9, 0, 0].tolist() == [20, 20, 20]
    assert site.windows.xy_m[6:9, 1].tolist() == [-24, -24, -24]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=12, max_size=12))
def test_the_test_round_stays_as_it_was_recorded_to_the_bit(channel):
    site = site_with(channel)
    after, before = scaled_by_round(site).windows, site.windows
    for name in ("imu", "mag"):
        assert np.array_equal(after.inputs[name][9:], before.inputs[name][9:])
    assert np.array_equal(after.xy_m[9:], before.xy_m[9:])


@settings(deadline=None, derandomize=True)
@given(st.floats(0.1, 10), st.floats(-100, 100))
def test_a_rounds_own_gain_and_offset_are_lost(gain, offset):
    # This is the leak's other side: what a phone reads absolutely is gone.
    channel = np.array([0, 5, 10, 1, 2, 3, 7, 8, 7, 20, 21, 24], float)
    changed = channel.copy()
    changed[:3] = channel[:3] * gain + offset
    one, other = (
        scaled_by_round(site_with(channel)).windows,
        scaled_by_round(site_with(changed)).windows,
    )
    np.testing.assert_allclose(one.inputs["mag"], other.inputs["mag"], atol=2e-3)
    np.testing.assert_allclose(one.xy_m, other.xy_m, atol=1e-6)


def test_rss_and_scans_are_left_alone():
    site = site_with(range(12))
    assert scaled_by_round(site).wifi_dbm is site.wifi_dbm
    assert scaled_by_round(site).scan is site.scan


def test_several_test_rounds_have_no_one_extent():
    site = replace(site_with(range(12)), split=Split((1,), (2,), (3, 4)))
    with pytest.raises(InputError, match=r"test rounds \(3, 4\).*--config.test_round"):
        scaled_by_round(site)


def fed(site):
    return site.arrays(np.arange(len(site.round)))


def hearing(site, branches):
    return without_modalities(site, heard(branches, ALL))


def test_what_is_heard_is_named_in_any_order_and_comes_in_that_of_the_network():
    assert heard("all", ALL) == ALL
    assert [heard(text, ALL) for text in ("wifi+imu", "mag")] == [("imu", "wifi"), ("mag",)]
    assert heard("all", ("imu", "wifi")) == ("imu", "wifi")


@pytest.mark.parametrize("branches", ["", "gps", "imu+imu", "imu+mag+wifi+imu", "imu+", "all+imu"])
def test_unknown_and_repeated_names_are_answered_with_the_choices(branches):
    with pytest.raises(InputError, match=r"to all, or some of imu\+mag\+wifi$"):
        hearing(site_of(four()), branches)


def test_a_modality_that_the_network_has_no_branch_for_cannot_be_heard():
    with pytest.raises(InputError, match=r"some of imu\+wifi$"):
        heard("mag", ("imu", "wifi"))


def test_a_sensor_not_heard_reads_0_and_wifi_is_not_heard():
    site = site_of(four())
    whole, deaf = fed(site), fed(hearing(site, "imu"))
    assert not deaf.inputs["mag"].values.any()
    wifi = deaf.inputs["wifi"]
    assert np.isnan(wifi.at(slice(None))).all()
    assert same([deaf.inputs["imu"], deaf.target], [whole.inputs["imu"], whole.target])
    assert not fed(hearing(site, "mag+wifi")).inputs["imu"].values.any()
    assert same(fed(hearing(site, "imu+mag+wifi")), whole)


def test_its_scaler_leaves_it_at_0_in_network_units():
    site = hearing(site_of(four()), "wifi")
    fitted = site.scaler(site.rows("train")).inputs
    assert (fitted["imu"].mean.tolist(), fitted["imu"].std.tolist()) == ([0, 0], [1, 1])
    assert (fitted["mag"].mean.tolist(), fitted["mag"].std.tolist()) == ([0], [1])
    deaf = hearing(site_of(four()), "imu+mag")
    assert not deaf.scaler(deaf.rows("train")).inputs["wifi"].heard.any()


@pytest.mark.parametrize("branches", SUBSETS)
def test_a_prediction_depends_on_what_is_heard_and_on_nothing_else(branches):
    def located(**changed):
        """Locate with one scaler, that of unchanged recordings."""
        site = hearing(site_of(four()), branches)
        fitted = site.scaler(site.rows("train"))
        data = fed(hearing(site_of(four(**changed)), branches))
        return np.asarray(positions_m(PROBLEM, params, fitted, data))

    params = networks.params(6, len(site_of(four()).bssids), seed=3)
    plain = located()
    stronger = scans((500, "all", -30, 0), (500, "only-1", -41, 0))
    assert np.array_equal(located(round_1=recorded(1, wifi=stronger)), plain) == (
        "wifi" not in branches
    )
    field = replace(recorded(1), mag=recorded(9).mag)
    assert np.array_equal(located(round_1=field), plain) == ("mag" not in branches)
    shaken = replace(recorded(1), accel=recorded(9).accel)
    assert np.array_equal(located(round_1=shaken), plain) == ("imu" not in branches)


def test_a_branch_that_hears_nothing_acts_as_a_bias():
    site = hearing(site_of(four()), "imu+wifi")
    params = networks.params(6, len(site.bssids), seed=1)
    scaler = site.scaler(site.rows("train"))
    silence = np.zeros((1, 10, 1), np.float32)
    part = apply(PROBLEM.network, params, "mag", silence, method="part")
    folded = jax.tree.map(np.array, params)
    folded["fusion"]["fc3"]["bias"] += np.asarray(part)[0]
    folded["fusion"]["fc3"]["kernel"]["mag"][:] = 0
    whole, without = (positions_m(PROBLEM, p, scaler, fed(site)) for p in (params, folded))
    np.testing.assert_allclose(whole, without, atol=1e-5)
