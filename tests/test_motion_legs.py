"""Stretches of walks and the legs in them, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Stream
from mtloc_jax.motion.gains import LEAST, MOST, varied
from mtloc_jax.motion.legs import LEGS, TICKS, stretches
from tests.phone_walk import straight_walk


def with_waypoints(walk, t_ms, xy_m=None):
    """Return a walk past other waypoints; 1 m east a second unless said."""
    t_ms = np.array(t_ms)
    east = np.column_stack([t_ms / 1000, 0 * t_ms])
    return replace(walk, waypoint_t_ms=t_ms, waypoint_xy_m=east if xy_m is None else xy_m)


def test_a_leg_owns_the_parts_of_ticks_between_its_waypoints():
    walk = with_waypoints(
        straight_walk(seconds=4), [0, 1000, 2050, 4000], np.array([[0, 0], [1, 0], [1, 3], [5, 5]])
    )
    made = stretches([walk])
    share = made.share[0]
    assert share.sum(axis=0)[:4] == pytest.approx([10, 10.5, 19.5, 0])
    assert share[20, :3] == pytest.approx([0, 0.5, 0.5])
    assert share[:40].sum(axis=1) == pytest.approx(np.ones(40))
    assert not share[40:].any()
    assert made.moved_m[0, :4].tolist() == [[1, 0], [0, 3], [4, 2], [0, 0]]


def test_what_ticks_move_adds_up_to_legs():
    walk = with_waypoints(straight_walk(seconds=60), [0, 7310, 20_000, 33_333, 41_001, 60_000])
    made = stretches([walk])
    moved_m = np.einsum("ntl,c->nlc", made.share, [0.1, 0.0])  # 1 m/s east
    assert moved_m == pytest.approx(made.moved_m, abs=1e-5)
    assert made.share.any(axis=1).sum() == 5


def test_a_stretch_has_so_many_legs_and_ticks_at_most_and_no_leg_lies_in_two():
    t_ms = np.arange(0, 60_001, 1500)
    made = stretches([with_waypoints(straight_walk(seconds=60), t_ms)] * 2)
    assert made.share.any(axis=1).sum() == 2 * (len(t_ms) - 1)
    assert made.walk.tolist() == [0] * 5 + [1] * 5
    assert made.inputs.shape[1:] == (TICKS, 30)
    assert made.share.shape[1:] == (TICKS, LEGS)
    # Later ones begin two seconds before their first leg.
    assert (made.share > 0).any(axis=2).argmax(axis=1).tolist() == [0, 20, 20, 20, 20] * 2


def test_a_leg_that_begins_just_before_the_sensors_do_is_cut_there():
    walk = with_waypoints(straight_walk(seconds=10), [0, 4000, 10_000])
    late = {
        name: Stream(walk.stream(name).t_ms[n:], walk.stream(name).values[n:])
        for name, n in (("accel", 10), ("gyro", 0), ("mag", 0))
    }
    made = stretches([replace(walk, **late)])
    assert made.share.sum(axis=1)[0, :3] == pytest.approx([38, 60, 0])
    assert made.moved_m[0, 0, 0] == pytest.approx(3.8)
    much_later = late | {"accel": Stream(walk.accel.t_ms[50:], walk.accel.values[50:])}
    assert stretches([replace(walk, **much_later)]).share.any(axis=1).sum() == 1


def test_a_leg_that_is_too_long_or_not_measured_is_left_out():
    walk = with_waypoints(straight_walk(seconds=60), [0, 2000, 50_000, 53_000, 58_000])
    assert stretches([walk]).share.any(axis=1).sum() == 3
    kept = (walk.accel.t_ms < 51_000) | (walk.accel.t_ms > 52_000)
    broken = replace(walk, accel=Stream(walk.accel.t_ms[kept], walk.accel.values[kept]))
    made = stretches([broken])
    lengths = made.share.sum(axis=1)
    assert sorted(lengths[lengths > 0].tolist()) == pytest.approx([20, 50])


def test_walks_without_a_leg_are_refused():
    long = with_waypoints(straight_walk(seconds=60), [0, 60_000])
    with pytest.raises(InputError, match="1 walks have no leg to learn motion from"):
        stretches([long])
    with pytest.raises(InputError, match="0 walks have no leg"):
        stretches([])


def test_gains_change_what_sensors_read_and_not_where_the_phone_went():
    made = stretches([straight_walk(seconds=20, waypoint_s=5, pitch_rad=0.3)] * 30)
    more = varied(made, copies=3, seed=1)
    for plain, copies in zip(made, more, strict=True):
        assert np.array_equal(copies[:30], plain)
        assert copies.shape == (90, *plain.shape[1:])
    assert np.array_equal(more.moved_m[30:60], made.moved_m)
    vertical = (..., slice(2, 30, 6))
    gains = [
        np.linalg.norm(more.inputs[k][vertical]) / np.linalg.norm(made.inputs[0][vertical])
        for k in range(30, 90)
    ]
    assert LEAST <= min(gains) < 0.5
    assert 1.2 < max(gains) <= MOST
    # One gain for a whole stretch.
    share = more.inputs[40][vertical] / np.where(
        made.inputs[0][vertical], made.inputs[0][vertical], 1
    )
    real = made.inputs[0][vertical] != 0
    assert np.ptp(share[real]) < 1e-4


def test_legs_without_a_magnetic_north_are_left_out():
    whole = straight_walk(waypoint_s=5.0, oriented=False)
    lost = replace(whole, mag=Stream(whole.mag.t_ms, 10 * whole.mag.values))
    found = stretches([lost, whole])
    assert found.walk.tolist() == [1] * len(stretches([whole]).walk)
    with pytest.raises(InputError, match="no leg to learn motion from"):
        stretches([lost])
