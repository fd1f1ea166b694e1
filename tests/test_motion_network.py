"""The network on motion: its loss by hand, its symmetry, its causality, and that it learns."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest

from mtloc_jax.core.model import apply, count
from mtloc_jax.logs.round import FrozenSpan
from mtloc_jax.motion import learned, network, ticks
from mtloc_jax.motion.legs import LEGS, stretches
from mtloc_jax.motion.network import Gru, MotionNetwork, arrays, fresh
from tests.phone_walk import straight_walk


def outputs(legs):
    """Return the outputs f32[1, 4 LEGS] of (east, north, variance) a leg; the others are none."""
    told = np.zeros((1, LEGS, 4), np.float32)
    for place, leg in legs.items():
        told[0, place] = (*leg, 1)
    return told.reshape(1, -1)


NOTHING = np.zeros((1, 2 * LEGS), np.float32)
ONE = np.ones(1, np.float32)
leg_loss = jax.jit(network.leg_loss)
ticks_of = jax.jit(partial(apply, MotionNetwork(), method="ticks"))


def test_the_loss_of_a_leg_is_students():
    # 5 m off at a scale of 2 m: log 4 + 8/2 log(1 + 25 / (6 * 4)).
    expected = np.log(4) + 4 * np.log1p(25 / 24)
    assert leg_loss(outputs({0: (3, 4, 4)}), NOTHING, ONE) == pytest.approx(expected, rel=1e-6)


def test_errors_that_cancel_are_forgiven_over_two_legs():
    alone = np.log(1) + 4 * np.log1p(4 / 6)
    opposed = leg_loss(outputs({2: (2, 0, 1), 3: (-2, 0, 1)}), NOTHING, ONE)
    assert opposed == pytest.approx((2 * alone + np.log(2)) / 3, rel=1e-6)
    apart = leg_loss(outputs({2: (2, 0, 1), 4: (-2, 0, 1)}), NOTHING, ONE)
    assert apart == pytest.approx(alone, rel=1e-6)


def test_five_legs_in_a_row_are_never_summed_at_once():
    five = leg_loss(outputs(dict.fromkeys(range(5), (0, 0, 1))), NOTHING, ONE)
    expected = sum((5 - k) * np.log(k + 1) for k in range(4)) / (5 + 4 + 3 + 2)
    assert five == pytest.approx(expected, rel=1e-6)


def test_padding_teaches_nothing():
    told = outputs({0: (1, 2, 1), 1: (2, 1, 2)})
    odd = NOTHING.copy()
    odd[:, 4:] = 7
    assert leg_loss(told, NOTHING, ONE) == leg_loss(told, odd, ONE)
    two = np.concatenate([told, outputs({0: (9, 9, 1)})])
    padded = leg_loss(two, np.zeros((2, 2 * LEGS), np.float32), np.array([1, 0], np.float32))
    assert padded == pytest.approx(float(leg_loss(told, NOTHING, ONE)), rel=1e-6)
    slope = jax.jit(jax.grad(network.leg_loss))(outputs({}), NOTHING, ONE)
    assert np.isfinite(slope).all()


def test_the_gated_unit_is_the_one_of_the_books():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 3, 4)).astype(np.float32)
    gru = Gru(2)
    params = jax.tree.map(
        lambda leaf: rng.normal(size=leaf.shape).astype(np.float32),
        gru.init(jax.random.key(0), x)["params"],
    )

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    h = np.zeros(2)
    for x_t, told in zip(x[0], apply(gru, params, x)[0], strict=True):
        a, b = x_t @ params["kernel"] + params["bias"], h @ params["recurrent_kernel"]
        reset, keep = sigmoid(a[:2] + b[:2]), sigmoid(a[2:4] + b[2:4])
        h = (1 - keep) * np.tanh(a[4:] + reset * (b[4:] + params["new_bias"])) + keep * h
        assert told == pytest.approx(h, abs=1e-5)


def test_an_untrained_network_walks_ahead_and_turns_with_the_yaw():
    inputs = np.zeros((1, 4, 30), np.float32)
    yaw_rad = np.radians([[0, 90, 180, 45]]).astype(np.float32)
    moved_m, variance = ticks_of(fresh(0), inputs, yaw_rad)
    h = 0.1 * np.sqrt(0.5)
    assert np.allclose(moved_m[0], [[0.1, 0], [0, 0.1], [-0.1, 0], [h, h]], atol=2e-3)
    assert (variance > 0).all()


def test_a_network_with_the_world_turned_moves_turned():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(2, 20, 30)).astype(np.float32)
    yaw_rad = rng.uniform(-3, 3, (2, 20)).astype(np.float32)
    turned = np.float32(0.7)
    plain, variance = ticks_of(fresh(1), inputs, yaw_rad)
    other, same = ticks_of(fresh(1), inputs, yaw_rad + turned)
    cos, sin = np.cos(turned), np.sin(turned)
    assert np.allclose(other, plain @ np.array([[cos, sin], [-sin, cos]]), atol=1e-6)
    assert np.array_equal(variance, same)


@pytest.mark.parametrize("oriented", [True, False])
def test_a_walk_turned_by_a_quarter_counter_clockwise_comes_back_turned(oriented):
    """Untrained, a network goes 1 m/s ahead: north, then west, by whatever tells the attitude."""
    held = {"seconds": 10, "pitch_rad": 0.6, "roll_rad": -0.3, "oriented": oriented}
    north, west = (
        learned.moves(fresh(0), straight_walk(turned_rad=turn, **held)).moved_m.sum(axis=0)
        for turn in (0, np.pi / 2)
    )
    assert north == pytest.approx([0, 10], abs=0.7)
    assert west == pytest.approx([-north[1], north[0]], abs=0.05)


def test_what_a_network_says_of_a_tick_does_not_hang_on_later_ones():
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(1, 30, 30)).astype(np.float32)
    yaw_rad = np.zeros((1, 30), np.float32)
    later = inputs.copy()
    later[:, 20:] += 1
    a, b = (ticks_of(fresh(0), x, yaw_rad)[0] for x in (inputs, later))
    assert np.array_equal(a[:, :20], b[:, :20])
    assert not np.allclose(a[:, 20:], b[:, 20:])


def test_a_network_has_some_27000_parameters():
    assert count(fresh(0)) == 30 * 64 + 64 + 2 * 64 * 192 + 192 + 64 + 64 * 3 + 3


def slow_and_quick():
    """Return walks whose speed a network can tell by the size of their bounce alone."""
    return [
        straight_walk(
            turned_rad=turn, seconds=24, bounce_m_s2=bounce, stride_m=stride, waypoint_s=6
        )
        for turn in (0.0, 2.0)
        for bounce, stride in ((2.0, 0.3), (5.0, 0.9))
    ]


def off_m(moves, walk):
    whole_m = walk.waypoint_xy_m[-1] - walk.waypoint_xy_m[0]
    return np.linalg.norm(moves.moved_m.sum(axis=0) - whole_m)


def test_networks_learn_speeds_from_sums_between_waypoints():
    walks = slow_and_quick()
    trained, _ = learned.train(walks, [3, 4], n_steps=30, learning_rate=2e-2)
    for before, after in zip([fresh(3), fresh(4)], trained, strict=True):
        for walk in walks:
            guessed, told = learned.moves(before, walk), learned.moves(after, walk)
            assert off_m(told, walk) < 0.35 * off_m(guessed, walk)
            assert told.sigma_m.mean() < guessed.sigma_m.mean()


def test_a_seed_trains_the_same_whatever_is_trained_beside_it():
    (one, other), _ = learned.train(slow_and_quick(), [0, 1], n_steps=3)
    (again, _), _ = learned.train(slow_and_quick(), [1, 0], n_steps=3)
    assert all(map(np.array_equal, jax.tree.leaves(again), jax.tree.leaves(other)))
    assert not np.allclose(one["dense"]["kernel"], other["dense"]["kernel"])


def test_fine_tuning_starts_where_it_is_told():
    start = fresh(9)
    trained, _ = learned.train(slow_and_quick(), [0, 1], start=start, n_steps=1, learning_rate=0)
    for params in trained:
        assert all(map(np.array_equal, jax.tree.leaves(params), jax.tree.leaves(start)))


def test_moves_of_a_network_are_those_of_its_ticks_whatever_the_padding():
    walk = straight_walk(seconds=30)
    moves = learned.moves(fresh(0), walk)
    assert len(moves.moved_m) == len(moves.sigma_m) == len(moves.t_ms) - 1 == 300
    short = learned.moves(fresh(0), straight_walk(seconds=20))
    assert moves.moved_m[:200] == pytest.approx(short.moved_m, abs=1e-6)


def test_a_network_does_not_move_where_nothing_was_measured():
    walk = replace(straight_walk(seconds=10), frozen=(FrozenSpan("gyro", 2000, 5000),))
    moves = learned.moves(fresh(0), walk)
    blind = moves.sigma_m == ticks.UNMEASURED_M
    assert 25 < blind.sum() < 33
    assert not moves.moved_m[blind].any()
    assert moves.moved_m[~blind].any(axis=1).all()


def test_arrays_hold_what_the_trainer_reads():
    data = arrays(stretches(slow_and_quick()))
    (held,) = data.inputs.values()
    assert held.values.shape == (4, 256, 30 + 1 + LEGS)
    assert data.target.shape == (4, 2 * LEGS)
