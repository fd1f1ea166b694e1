"""The attitude of a growing log: the bits that the whole has, what is certain filtered once."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import FrozenSpan, Stream
from mtloc_jax.motion import mahony
from mtloc_jax.motion.orientation import attitude
from mtloc_jax.prediction import live_attitude
from mtloc_jax.prediction.live_attitude import LiveAttitude
from tests.phone_walk import straight_walk
from tests.test_follow import phone

LOG = replace(phone(5), extra={})


def until(log, **last_ms):
    """Return a log as far as each of its sensors had been written."""
    cut = {}
    for name in ("accel", "gyro", "mag"):
        stream = log.stream(name)
        kept = stream.t_ms <= last_ms[name]
        cut[name] = Stream(stream.t_ms[kept], stream.values[kept])
    return replace(log, **cut)


@pytest.mark.parametrize("late", ["accel", "gyro", "mag"])
def test_each_look_tells_the_bits_of_the_whole_whatever_sensor_is_behind(late, monkeypatch):
    filtered = []
    real = mahony.advance
    monkeypatch.setattr(
        live_attitude,
        "advance",
        lambda state, read: filtered.append(len(read.t_ms)) or real(state, read),
    )
    live = LiveAttitude()
    for end_ms in (1500, 1510, 4000, 8900):
        part = until(LOG, **dict.fromkeys(("accel", "gyro", "mag"), end_ms) | {late: end_ms - 300})
        ours, theirs = live(part), attitude(part)
        np.testing.assert_array_equal(ours.quaternion, theirs.quaternion)
        np.testing.assert_array_equal(ours.t_ms, theirs.t_ms)
    whole = live(LOG)
    np.testing.assert_array_equal(whole.quaternion, attitude(LOG).quaternion)
    certain = filtered[::2]  # and then what may still change
    assert sum(certain) <= len(LOG.gyro.t_ms)
    assert max(filtered[1::2]) <= 20  # 300 ms of it


def test_a_recorded_attitude_is_told_as_it_is():
    walk = straight_walk(seconds=3.0, oriented=True)
    assert ORIENTATION in walk.extra
    np.testing.assert_array_equal(LiveAttitude()(walk).quaternion, attitude(walk).quaternion)


@pytest.mark.parametrize("silent", [True, False])
def test_a_magnetometer_that_stops_tells_each_look_the_bits_of_the_whole(silent):
    log = until(LOG, accel=9000, gyro=9000, mag=4000 if silent else 9000)
    log = replace(log, frozen=() if silent else (FrozenSpan("mag", 4000, 9000),))
    live, whole = LiveAttitude(), attitude(log).quaternion
    for end_ms in (1500, 4100, 4500, 7000, 9000):
        part = until(log, **dict.fromkeys(("accel", "gyro", "mag"), end_ms))
        told = live(part).quaternion
        np.testing.assert_array_equal(told, whole[: len(told)])
    assert not np.array_equal(whole, attitude(LOG).quaternion)
