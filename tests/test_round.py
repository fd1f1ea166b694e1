"""A round's streams, the three sensors and what else a format has, and its scans."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Stream, WifiScans, checked, no_wifi
from mtloc_jax.simulate import building_a, simulate


@pytest.fixture(scope="module")
def walk():
    """Return a walk with one further stream."""
    one = simulate(building_a(0), 0, n_rounds=1, round_s=6.0)[0]
    return replace(one, extra={"height": Stream(np.arange(2), np.array([[1.0], [2.0]]))})


def test_streams_are_found_by_name(walk):
    assert list(walk.streams) == ["accel", "gyro", "mag", "height"]
    assert walk.stream("mag") is walk.mag
    assert walk.stream("height").values.tolist() == [[1], [2]]


def test_a_stream_that_was_not_recorded_is_named_with_those_that_were(walk):
    with pytest.raises(InputError) as told:
        walk.stream("light")
    assert told.value.path == walk.source
    assert "no light stream, only accel, gyro, mag, height; choose one of these" in str(told.value)


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        (Stream(np.zeros(0, int), np.zeros((0, 1))), "no height reading"),
        (Stream(np.array([1, 0]), np.zeros((2, 1))), "height time stamps run backwards"),
        (Stream(np.arange(2), np.array([[0], [np.nan]])), "height holds a value that is not"),
    ],
)
def test_further_streams_are_checked_like_sensors(walk, stream, says):
    assert checked(walk) is walk
    with pytest.raises(InputError, match=says):
        checked(replace(walk, extra={"height": stream}))


def test_a_channel_that_nobody_tells_is_0_and_one_told_stays_with_its_entry():
    names, dbm, age_ms = np.array(["a", "b"]), np.full(2, -60, np.float32), np.array([0, 5000])
    told = WifiScans(np.zeros(1, int), np.zeros(2, np.int32), names, dbm, age_ms)
    assert told.mhz.tolist() == [0, 0]
    assert told.mhz.dtype == no_wifi().mhz.dtype == np.int32
    known = replace(told, mhz=np.array([2412, 5180], np.int32))
    assert known.fresh(4000).mhz.tolist() == [2412]
    assert known.fresh(-1).mhz.tolist() == []
