"""Steps of walks worked by hand: how many, how far, which way, and known when."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import FrozenSpan, Stream
from mtloc_jax.motion import steps, ticks
from tests.phone_walk import straight_walk


def total_m(moves):
    return moves.moved_m.sum(axis=0)


def before(stream, t_ms):
    """Return the readings up to a time."""
    return Stream(stream.t_ms[stream.t_ms <= t_ms], stream.values[stream.t_ms <= t_ms])


def test_two_steps_a_second_are_counted():
    counted = steps.steps(straight_walk(seconds=20).accel)
    assert len(counted.t_ms) == pytest.approx(40, abs=1)
    assert np.abs(np.diff(counted.t_ms)[2:] - 500).max() <= 20
    # A Butterworth filter of order 2 at 2 Hz leaves a sine of 2 Hz 0.707 of its size.
    assert counted.rise_m_s2[5:] == pytest.approx(8 / np.sqrt(2), rel=0.01)


def test_a_phone_at_rest_takes_no_step_and_stays():
    walk = straight_walk(bounce_m_s2=0.2)
    assert len(steps.steps(walk.accel).t_ms) == 0
    moves = steps.moves(walk)
    assert not moves.moved_m.any()
    assert (moves.sigma_m > 0).all()


def test_the_way_is_steps_times_weinbergs_stride():
    walked_m = np.linalg.norm(total_m(steps.moves(straight_walk(seconds=30), stride_k=0.5)))
    stride_m = 0.5 * (8 / np.sqrt(2)) ** 0.25
    assert walked_m == pytest.approx(60 * stride_m, rel=0.04)  # the first step was not foreseen


@given(turned=st.floats(-3.1, 3.1), pitch=st.floats(-1.2, 1.2), roll=st.floats(-1.2, 1.2))
@settings(max_examples=20, deadline=None)
def test_a_turned_walk_comes_back_turned_however_the_phone_is_tilted(turned, pitch, roll):
    level = steps.moves(straight_walk(seconds=6))
    held = steps.moves(straight_walk(seconds=6, turned_rad=turned, pitch_rad=pitch, roll_rad=roll))
    cos, sin = np.cos(turned), np.sin(turned)
    assert held.moved_m == pytest.approx(level.moved_m @ [[cos, sin], [-sin, cos]], abs=1e-6)
    assert total_m(level)[1] > 5  # north
    assert abs(total_m(level)[0]) < 1e-9


@pytest.mark.parametrize("oriented", [True, False])
def test_a_quarter_turn_counter_clockwise_sends_the_walk_west(oriented):
    moves = steps.moves(straight_walk(turned_rad=np.pi / 2, pitch_rad=0.6, oriented=oriented))
    east_m, north_m = total_m(moves)
    assert east_m < -20
    assert abs(north_m) < 0.05 * abs(east_m)


def test_a_phone_that_is_not_held_ahead_is_turned_by_the_angle_given():
    ahead, aside = (steps.moves(straight_walk(), turned_rad=turn) for turn in (0, np.pi / 2))
    assert total_m(aside) == pytest.approx(total_m(ahead) @ [[0, 1], [-1, 0]], abs=1e-9)


def test_those_who_stop_stand_within_a_second_and_a_tick():
    moves = steps.moves(straight_walk(seconds=20, stop_s=10.0))
    assert moves.moved_m[moves.t_ms[1:] <= 10_000].sum() > 10
    assert not moves.moved_m[moves.t_ms[:-1] >= 11_500].any()


@pytest.mark.parametrize("oriented", [True, False])
def test_what_is_known_at_a_tick_does_not_hang_on_what_comes_later(oriented):
    whole = straight_walk(seconds=12, stop_s=7.0, oriented=oriented)
    cut = replace(
        whole,
        accel=before(whole.accel, 5000),
        gyro=before(whole.gyro, 5000),
        mag=before(whole.mag, 5000),
        extra={name: before(stream, 5000) for name, stream in whole.extra.items()},
        waypoint_t_ms=np.array([0, 5000]),
    )
    a, b = steps.moves(whole), steps.moves(cut)
    assert len(b.moved_m) == 50
    assert np.array_equal(a.moved_m[:50], b.moved_m)
    assert np.array_equal(a.sigma_m[:50], b.sigma_m)


def test_ticks_begin_with_the_sensors_and_end_with_the_waypoints():
    walk = straight_walk(seconds=10)
    later = Stream(walk.accel.t_ms[50:], walk.accel.values[50:])
    moves = steps.moves(replace(walk, accel=later, waypoint_t_ms=np.array([130, 8000])))
    assert moves.t_ms[[0, 1, -1]].tolist() == [1000, 1100, 8000]
    assert steps.moves(replace(walk, waypoint_t_ms=np.array([130, 8000]))).t_ms[-1] == 8030
    assert len(moves.moved_m) == len(moves.sigma_m) == len(moves.t_ms) - 1


def test_where_nothing_is_measured_the_phone_stays_and_nobody_is_sure():
    walk = straight_walk(seconds=20)
    gone = (walk.accel.t_ms > 5000) & (walk.accel.t_ms < 9000)
    silent = replace(walk, accel=Stream(walk.accel.t_ms[~gone], walk.accel.values[~gone]))
    frozen = replace(walk, frozen=(FrozenSpan("accel", 5001, 8980),))
    for broken in (silent, frozen):
        moves = steps.moves(broken)
        blind = moves.sigma_m == ticks.UNMEASURED_M
        ends_ms = moves.t_ms[1:]
        assert blind[(ends_ms > 5400) & (ends_ms < 8900)].all()
        assert not blind[(ends_ms <= 5000) | (ends_ms > 9100)].any()
        assert not moves.moved_m[blind].any()


@pytest.mark.parametrize("oriented", [True, False])
def test_without_a_direction_there_is_no_motion(oriented):
    walk = straight_walk(seconds=20, oriented=oriented)
    if oriented:
        short = replace(walk, extra={ORIENTATION: before(walk.extra[ORIENTATION], 8000)})
    else:
        short = replace(walk, gyro=before(walk.gyro, 8000))
    moves = steps.moves(short)
    assert (moves.sigma_m == ticks.UNMEASURED_M).tolist() == [False] * 83 + [True] * 117
    if not oriented:
        frozen = steps.moves(replace(walk, frozen=(FrozenSpan("gyro", 8001, 20_000),)))
        assert not frozen.moved_m[85:].any()


def test_a_walk_whose_sensors_end_before_its_waypoints_begin_is_refused():
    walk = replace(straight_walk(seconds=5), waypoint_t_ms=np.array([9000, 12000]))
    with pytest.raises(InputError, match="sensors and waypoints share 0 ms"):
        steps.moves(walk)


def test_no_step_is_counted_in_the_dead_time_or_below_the_usual_rise():
    t_ms = np.arange(0, 10_000, 20)
    trot = 9.81 + 6 * np.sin(2 * np.pi * 4 * t_ms / 1000)  # 250 ms apart
    up = np.column_stack([0 * trot, 0 * trot, trot])
    assert (np.diff(steps.steps(Stream(t_ms, up)).t_ms) >= 300).all()
    strides = 9.81 + 5 * np.sin(2 * np.pi * t_ms / 1000)
    shiver = strides + 1.6 * np.sin(2 * np.pi * 2 * t_ms / 1000)
    counted = steps.steps(Stream(t_ms, np.column_stack([0 * t_ms, 0 * t_ms, shiver])))
    assert len(counted.t_ms) == pytest.approx(10, abs=1)


@pytest.mark.slow
def test_steps_of_a_whole_floor_are_off_by_less_than_a_quarter_of_a_leg(data_dir):
    from mtloc_jax.sites.recordings import open_recordings
    from mtloc_jax.sites.windows import interpolate

    off_m, leg_m = [], []
    for walk in open_recordings("location20/site2/F1", str(data_dir)).walks:
        moves = steps.moves(walk)
        inside = walk.waypoint_t_ms <= moves.t_ms[-1]
        so_far_m = np.vstack([[0, 0], np.cumsum(moves.moved_m, axis=0)])
        at_m = interpolate(moves.t_ms, so_far_m, walk.waypoint_t_ms[inside])
        legs_m = np.diff(walk.waypoint_xy_m[inside], axis=0)
        off_m += np.linalg.norm(np.diff(at_m, axis=0) - legs_m, axis=1).tolist()
        leg_m += np.linalg.norm(legs_m, axis=1).tolist()
    assert len(off_m) > 150
    assert np.mean(off_m) < 0.3 * np.mean(leg_m)
