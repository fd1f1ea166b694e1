"""The filter and the smoother against dense linear algebra, by hand, and where they must fail."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree

from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.tracking import kalman
from mtloc_jax.tracking.held import held
from mtloc_jax.tracking.ticks import (
    LEAST_PRIOR_M,
    SLOTTED,
    Fix,
    Prior,
    Ticks,
    arranged,
    no_moves,
    stacked,
    survey_prior,
)
from mtloc_jax.tracking.tracks import Walk, located
from mtloc_jax.tracking.walk_model import Model, motion, reading

pytestmark = pytest.mark.usefixtures("double_precision")

SD_M = 30.0
LINEAR = Model(tail=0.0, fix_var=1.0, bias_rad=0.0, scale=0.0, bias_walk_rad=0.0, scale_walk=0.0)
CURVED = Model(tail=0.0)
STILL = Model(bias_rad=0.0, scale=0.0, bias_walk_rad=0.0, scale_walk=0.0)
PRIOR = Prior(np.array([10.0, 20.0]), SD_M)


def random_ticks(seed=0, ticks=12, slots=2, share=0.4, known=1.0):
    draw = np.random.default_rng(seed)
    there = (draw.random((ticks, slots)) < share).astype(float)
    return Ticks(
        seconds=np.full(ticks, 0.5),
        known=np.full(ticks, known),
        moved_m=draw.normal(size=(ticks, 2)),
        moved_var=draw.uniform(0.01, 0.3, ticks),
        fix_m=draw.normal(scale=20, size=(ticks, slots, 2)) * there[..., None],
        fix_var=draw.uniform(4, 60, (ticks, slots)) * there,
        since_s=draw.uniform(0, 3, (ticks, slots)) * there,
        since_m=draw.normal(size=(ticks, slots, 2)) * there[..., None],
        since_var=draw.uniform(0, 0.5, (ticks, slots)) * there,
        weight=there,
    )


@jax.jit
def both(model, ticks):
    begin = kalman.start(model, SD_M, ticks.known[0])
    steps = kalman.filtered(model, begin, ticks)[1]
    return steps, kalman.smoothed(steps)


@jax.jit
def offline(model, ticks):
    return kalman.offline(model, kalman.start(model, SD_M, ticks.known[0]), ticks)


@partial(jax.jit, static_argnums=0)
def seen(smoother, model, fix_m, ticks):
    """Return a number that depends on all that a smoother says, and so the filter before it."""
    found = smoother(model, ticks._replace(fix_m=fix_m))
    return jnp.sin(found.mean[:, :2]).sum() + found.cov[:, 0, 0].sum() / 100


def once(model, ticks):
    return both(model, ticks)[1]


slopes = jax.jit(jax.grad(seen, argnums=(1, 2)), static_argnums=0)


def dense_positions(model, ticks, axis):
    """Return the posterior of x_0..x_K, u_0..u_K along one axis, as one weighted least squares.

    Valid where heading and stride are known. Each row reads a combination of unknowns.
    """
    count = len(ticks.seconds)
    rows, told, variances = [], [], []

    def reads(value, variance, *terms):
        row = np.zeros(2 * (count + 1))
        for at, factor in terms:
            row[at] += factor
        rows.append(row)
        told.append(value)
        variances.append(variance)

    u = count + 1
    reads(0.0, (model.prior * SD_M) ** 2, (0, 1))
    reads(0.0, 1.0, (u, 1))
    for k in range(count):
        kept = np.exp(
            -np.sqrt((ticks.moved_m[k] ** 2).sum() + 1e-12) / model.shared_m
            - ticks.seconds[k] / model.shared_s
        )
        reads(ticks.moved_m[k, axis], ticks.moved_var[k], (k + 1, 1), (k, -1))
        reads(0.0, 1 - kept**2, (u + k + 1, 1), (u + k, -kept))
        for slot in np.flatnonzero(ticks.weight[k]):
            var = ticks.fix_var[k, slot]
            white = (1 - model.shared) * var + ticks.since_var[k, slot]
            place = ticks.fix_m[k, slot, axis] + ticks.since_m[k, slot, axis]
            reads(place, white, (k + 1, 1), (u + k + 1, np.sqrt(model.shared * var)))
    weighted = np.stack(rows) / np.sqrt(variances)[:, None]
    cov = np.linalg.inv(weighted.T @ weighted)
    return cov @ weighted.T @ (np.array(told) / np.sqrt(variances)), cov


def first(ticks, count):
    return Ticks._make(part[:count] for part in ticks)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_smoother_is_the_posterior_of_one_large_least_squares(axis):
    ticks = random_ticks()
    found = both(LINEAR, ticks)[1]
    mean, cov = dense_positions(LINEAR, ticks, axis)
    count = len(ticks.seconds)
    np.testing.assert_allclose(found.mean[:, axis], mean[1 : count + 1], atol=1e-9)
    np.testing.assert_allclose(found.mean[:, 4 + axis], mean[count + 2 :], atol=1e-9)
    np.testing.assert_allclose(
        found.cov[:, axis, axis], np.diag(cov)[1 : count + 1], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("count", [1, 5, 12])
def test_the_filter_is_the_posterior_of_what_came_before(count):
    ticks = random_ticks(1)
    state = both(LINEAR, ticks)[0].state
    mean, cov = dense_positions(LINEAR, first(ticks, count), 0)
    np.testing.assert_allclose(state.mean[count - 1, 0], mean[count], atol=1e-9)
    np.testing.assert_allclose(state.cov[count - 1, 0, 0], cov[count, count], rtol=1e-9)


@pytest.mark.parametrize("known", [1.0, 0.0])
def test_with_heading_and_stride_or_velocity_it_is_the_posterior_of_the_linearised_walk(known):
    """Every tick is x_k = transition x_{k-1} + c_k + noise, every fix z = H x_k + noise."""
    ticks = random_ticks(2, known=known)
    steps, found = both(CURVED, ticks)
    begin = kalman.start(CURVED, SD_M, known)
    count, size = len(ticks.seconds), kalman.STATE
    information = np.zeros(((count + 1) * size,) * 2)
    pulled = np.zeros(len(information))

    def reads(values, covariance, *terms):
        weight = np.linalg.inv(covariance)
        row = np.zeros((len(values), len(pulled)))
        for at, factor in terms:
            row[:, at * size : (at + 1) * size] += factor
        information[...] += row.T @ weight @ row
        pulled[...] += row.T @ weight @ values

    reads(begin.mean, begin.cov, (0, np.eye(size)))
    mean = begin.mean
    for k in range(count):
        tick = Ticks._make(part[k] for part in ticks)
        transition = steps.transition[k]
        moved, _, noise = motion(CURVED, mean, tick)
        after = np.array(mean)
        after *= np.diag(transition)
        after[:2] += moved
        reads(after - transition @ mean, noise, (k + 1, np.eye(size)), (k, -transition))
        mean = jnp.asarray(after)
        for slot in np.flatnonzero(ticks.weight[k]):
            y, _, h, gain = (part[k, slot] for part in steps.updates)
            fix = Fix._make(part[slot] for part in tick[SLOTTED:])
            white = reading(CURVED, mean, tick.known, fix)[2]
            reads(y + h @ mean, white * np.eye(2), (k + 1, h))
            mean = mean + gain @ y
    cov = np.linalg.inv(information)
    dense = (cov @ pulled).reshape(count + 1, size)[1:]
    np.testing.assert_allclose(found.mean, dense, atol=1e-9)
    blocks = [
        cov[k * size : (k + 1) * size, k * size : (k + 1) * size] for k in range(1, count + 1)
    ]
    np.testing.assert_allclose(found.cov, blocks, atol=1e-9)


# The gradient of a smoother that weighs its fixes again takes long to compile.
SMOOTHERS = [once, pytest.param(offline, marks=pytest.mark.slow)]


@pytest.mark.parametrize("smoother", SMOOTHERS)
def test_gradients_of_every_setting_and_every_fix_are_those_of_differences(smoother):
    ticks = random_ticks(3)
    told = jax.tree.map(jnp.asarray, (Model(), ticks.fix_m))
    flat, rebuilt = ravel_pytree(told)
    slope = ravel_pytree(slopes(smoother, *told, ticks))[0]
    for seed in range(5):
        way = np.random.default_rng(seed).normal(size=len(flat)) * 1e-5
        above, below = (
            float(seen(smoother, *rebuilt(flat + sign * way), ticks)) for sign in (1, -1)
        )
        assert float(slope @ way) * 2 == pytest.approx(above - below, rel=1e-6)


@pytest.mark.parametrize("smoother", SMOOTHERS)
def test_gradients_are_finite_at_rest_and_without_any_fix(smoother):
    still = jax.tree.map(np.zeros_like, random_ticks())
    told = jax.tree.map(jnp.asarray, (Model(), still.fix_m))
    assert np.isfinite(ravel_pytree(slopes(smoother, *told, still))[0]).all()


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_stream_is_located_bit_for_bit_as_the_whole_walk(cut):
    ticks = random_ticks(5)
    run = jax.jit(partial(kalman.filtered, Model()))
    state = kalman.start(Model(), SD_M, 1.0)
    whole = run(state, ticks)[1].state
    parts = []
    for at in range(0, len(ticks.seconds), cut):
        state, steps = run(state, Ticks._make(part[at : at + cut] for part in ticks))
        parts.append(steps.state)
    for told, streamed in zip(whole, map(np.concatenate, zip(*parts, strict=True)), strict=True):
        np.testing.assert_array_equal(told, streamed)


def test_room_that_is_filled_up_changes_nothing():
    ticks = random_ticks(6, ticks=7, slots=1)
    longer = stacked([ticks, random_ticks(7, ticks=11, slots=3)])
    alone = both(CURVED, ticks)[1]
    padded = jax.vmap(both, in_axes=(None, 0))(CURVED, longer)[1]
    for told, found in zip(alone, padded, strict=True):
        np.testing.assert_allclose(found[0, :7], told, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.floats(-np.pi, np.pi), st.integers(0, 100))
def test_turning_a_walk_and_its_fixes_turns_its_track(turn_rad, seed):
    ticks = random_ticks(seed)
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    turn = np.array([[cos, sin], [-sin, cos]])
    turned = ticks._replace(
        **{name: getattr(ticks, name) @ turn for name in ("moved_m", "fix_m", "since_m")}
    )
    found, expected = both(CURVED, turned)[1], both(CURVED, ticks)[1]
    np.testing.assert_allclose(found.mean[:, :2], expected.mean[:, :2] @ turn, atol=1e-9)


def test_where_no_motion_is_known_a_velocity_moves_the_phone_by_hand():
    """One second at (2, -1) m/s that halves; a fix heard two seconds ago lies 4 m behind."""
    model = Model(turning_s=1 / np.log(2), wander_m2_per_s=0.3)
    tick = Ticks._make(part[0] for part in random_ticks(known=0.0))._replace(seconds=1.0)
    mean = jnp.array([5.0, 5, 2, -1, 0, 0])
    moved, transition, noise = motion(model, mean, tick)
    np.testing.assert_allclose(moved, [2, -1])
    np.testing.assert_allclose(
        transition[:4, :4], [[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0.5, 0], [0, 0, 0, 0.5]]
    )
    np.testing.assert_allclose(np.diag(noise)[:3], [0.3, 0.3, 0.75 * model.speed_m_per_s**2])
    fix = Fix(np.zeros(2), 4.0, 2.0, np.zeros(2), 0.0, 1.0)
    expected, h, white = reading(model._replace(shared=0.25, fix_var=1.0), mean, 0.0, fix)
    np.testing.assert_allclose(expected, [5 - 4, 5 + 2])
    np.testing.assert_allclose(h[0], [1, 0, -2, 0, 1, 0])
    assert white == pytest.approx(0.75 * 4 + 2 * 0.3)


def fixes_at(seen, sigma_m=1.0):
    """Return fixes of (arrived ms, heard ms, east, north)."""
    arrived, heard, *xy = np.array(seen, float).reshape(-1, 4).T
    return Fixes(
        arrived.astype(int), heard.astype(int), np.stack(xy, axis=1), np.full(len(heard), sigma_m)
    )


def eastwards(seconds=10, sigma_m=1e-4):
    """Return the moves of a phone that goes east at 1 m/s, well known."""
    t_ms = np.arange(0, 1000 * seconds + 1, 100)
    moved = np.zeros((len(t_ms) - 1, 2))
    moved[:, 0] = 0.1
    return Moves(t_ms, moved, np.full(len(moved), sigma_m))


GAUSSIAN = STILL._replace(tail=0.0, shared=0.0, fix_var=1.0)


def track(fixes, moves, asked_ms, model=GAUSSIAN):
    return located([Walk(np.array(asked_ms), fixes, moves, PRIOR)], model)[0]


def test_a_fix_is_moved_from_when_it_was_heard_to_when_it_arrives():
    """Heard at (3, 0) at 3 s, delivered at 5 s, when the phone is at (5, 0)."""
    found = track(fixes_at([(5000, 3000, 3, 0)], 0.01), eastwards(), [4999, 5000, 8000]).causal
    np.testing.assert_allclose(found.xy_m, [[10, 20], [5, 0], [8, 0]], atol=1e-4)
    assert found.sigma_m[0] == SD_M
    assert found.sigma_m[1] == pytest.approx(0.01, rel=0.01)


def test_offline_a_walk_is_known_before_its_first_fix():
    found = track(fixes_at([(5000, 3000, 3, 0)], 0.01), eastwards(), [0, 1000, 1050, 9000]).offline
    # The first tick ends after 100 ms, which answers for what lies before.
    np.testing.assert_allclose(found.xy_m, [[0.1, 0], [1, 0], [1.05, 0], [9, 0]], atol=1e-3)


def test_two_fixes_of_equal_sigma_meet_half_way():
    """Independent and Gaussian, one place, a prior far wider: variance 1/2 and a mean between."""
    fixes = fixes_at([(1000, 1000, 0, 0), (1100, 1100, 2, 4)])
    found = track(fixes, no_moves(0, 2000), [2000])
    for one in found:
        np.testing.assert_allclose(one.xy_m, [[1, 2]], atol=0.02)
        np.testing.assert_allclose(one.sigma_m, [np.sqrt(0.5)], rtol=1e-3)


def test_what_fixes_share_does_not_average_out():
    """A hundred fixes of one place, and half of their variance in common: sigma stays over half."""
    model = GAUSSIAN._replace(shared=0.5, shared_s=1e9)
    fixes = fixes_at([(100 * k, 100 * k, 0, 0) for k in range(1, 101)])
    found = track(fixes, no_moves(0, 10_000), [10_000], model).causal
    assert found.sigma_m[0] == pytest.approx(np.sqrt(0.5 + 0.005), rel=1e-3)


def test_an_outlier_weighs_less_where_tails_are_heavy():
    fixes = fixes_at([(1000 * k, 1000 * k, 40 * (k == 4), 0) for k in range(1, 9)])
    strolling = no_moves(0, 9000)._replace(sigma_m=np.full(90, 0.1))
    gaussian, heavy = (
        track(fixes, strolling, [4000], GAUSSIAN._replace(tail=tail)) for tail in (0.0, 0.3)
    )
    for plain, robust in zip(gaussian, heavy, strict=True):
        assert 0 < robust.xy_m[0, 0] < plain.xy_m[0, 0] / 3


def test_the_heading_bias_of_a_walk_is_found():
    """Steps say north-east by 30 degrees, scans say east: later moves are turned."""
    turn = np.deg2rad(30)
    moves = eastwards(20)
    moved = 0.1 * np.tile([np.cos(turn), np.sin(turn)], (200, 1))
    fixes = fixes_at([(1000 * k, 1000 * k, k, 0) for k in range(1, 11)], 0.2)
    model = Model(shared=0.0, tail=0.0, fix_var=1.0)
    found = track(fixes, moves._replace(moved_m=moved), [10_000, 20_000], model).causal
    np.testing.assert_allclose(np.diff(found.xy_m, axis=0), [[10, 0]], atol=0.5)


def test_a_first_fix_is_drawn_to_the_middle_of_the_survey_by_the_share_of_its_variance():
    """30 m east of the middle, 15 m off; an expert chose it from the survey: the prior counts less.

    As wide as it is 30 * 900 / (900 + 225) = 24 m are left, four times as wide 29.5.
    """
    fixes = fixes_at([(500, 500, PRIOR.mean_m[0] + 30, PRIOR.mean_m[1])], 15.0)
    for prior, east_m in ((1.0, 24.0), (4.0, 30 * 14400 / 14625)):
        found = track(fixes, None, [500], GAUSSIAN._replace(prior=prior, wander_m2_per_s=0.0))
        assert found.causal.xy_m[0] - PRIOR.mean_m == pytest.approx([east_m, 0.0], abs=0.02)
    assert Model().prior > 1


def test_without_a_fix_both_tracks_are_the_prior():
    for moves in (eastwards(), None):
        for one in track(fixes_at([]), moves, [0, 5000]):
            np.testing.assert_array_equal(one.xy_m, [[10, 20]] * 2)
            np.testing.assert_array_equal(one.sigma_m, [SD_M] * 2)


def test_without_motion_a_fix_ages_and_a_walk_is_carried_on():
    """Along a line at 1 m/s, scans late by a second: the last fix is at 9 m, the phone at 10 m."""
    one = track(fixes_at([(1000, 1000, 3, 4)]), None, [1000, 5000]).causal
    np.testing.assert_allclose(one.xy_m, [[3, 4]] * 2, atol=0.05)
    assert one.sigma_m[1] > 2 * one.sigma_m[0]
    walked = fixes_at([(1000 * k + 1000, 1000 * k, k, 0) for k in range(10)], 0.1)
    east_m, north_m = track(walked, None, [10_000]).causal.xy_m[0]
    assert 9.4 < east_m < 10
    assert abs(north_m) < 0.01


def test_a_walk_is_located_alone_as_among_others():
    walks = [
        Walk(np.array([2000, 4000]), fixes_at([(2500, 2000, 2, 0)]), eastwards(), PRIOR),
        Walk(np.array([500]), fixes_at([(100, 50, 7, 7), (350, 80, 8, 7)]), None, PRIOR),
    ]
    for alone, among in zip(map(located, [[w] for w in walks]), located(walks), strict=True):
        for one, other in zip(alone[0], among, strict=True):
            np.testing.assert_allclose(one.xy_m, other.xy_m, atol=1e-9)
            np.testing.assert_allclose(one.sigma_m, other.sigma_m, atol=1e-9)
    assert located([]) == []


def test_fixes_are_laid_out_in_the_tick_in_which_they_become_known():
    fixes = fixes_at([(-50, -90, 1, 0), (100, 0, 2, 0), (101, 60, 3, 0), (900, 800, 4, 0)])
    laid = arranged(
        eastwards(1)._replace(
            t_ms=np.arange(0, 801, 100), moved_m=np.full((8, 2), 0.1), sigma_m=np.ones(8)
        ),
        fixes,
        fixes.arrived_ms,
        PRIOR,
    )
    assert laid.weight[:3].tolist() == [[1, 1], [1, 0], [0, 0]]
    assert laid.weight.sum() == 3  # the last arrives after the ticks end
    np.testing.assert_allclose(laid.fix_m[0], [[-9, -20], [-8, -20]])
    np.testing.assert_allclose(laid.since_m[0], [[0.1, 0.1], [0.1, 0.1]])
    np.testing.assert_allclose(laid.since_m[1, 0], [0.14, 0.14])
    np.testing.assert_allclose(laid.since_var[1, 0], 1.4)


def test_the_newest_scan_is_held_from_its_arrival():
    fixes = fixes_at([(1000, 100, 1, 2), (2000, 1500, 3, 4)], sigma_m=5.0)
    found = held(fixes, PRIOR, np.array([999, 1000, 1999, 2000]))
    assert found.xy_m.tolist() == [[10, 20], [1, 2], [1, 2], [3, 4]]
    assert found.sigma_m.tolist() == [SD_M, 5, 5, 5]


def test_the_prior_is_the_surveys_mean_and_its_spread_along_an_axis():
    prior = survey_prior(np.array([[0.0, 0], [20, 0], [0, 40], [20, 40]]))
    assert prior.mean_m.tolist() == [10, 20]
    assert prior.sd_m == pytest.approx(np.sqrt((100 + 400) / 2))
    assert survey_prior(np.ones((2, 2))).sd_m == LEAST_PRIOR_M
    with pytest.raises(InputError, match="survey the floor"):
        survey_prior(np.zeros((0, 2)))
