"""How a run's loss fell, by epoch: what is kept on the device, where it pauses, what is written."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtloc_jax.core import curve
from mtloc_jax.core.train import make_train
from mtloc_jax.study import memory, pauses, replicas
from mtloc_jax.study.curves import UNMEASURED, Measured, Point, ends, grouped, marks
from mtloc_jax.study.curves import curve as curve_of
from mtloc_jax.study.trainer import Diverged, Trainer, Watched
from tests.networks import fresh, run, static, windows

DATA = windows()
FEW = windows(40, seed=1)
STATIC = static(batch_size=50)


def runs(n):
    starts = fresh(n)
    return [
        run(replicas.take(starts, k), DATA, seed=k, n_windows=60 + 40 * k, n_steps=4 + 3 * k)
        for k in range(n)
    ]


def test_the_loss_of_an_epoch_is_the_mean_of_its_steps_wherever_training_stops():
    training = make_train(STATIC)
    one = run(jax.tree.map(lambda leaf: leaf[0], fresh()), DATA, n_windows=120, n_steps=7)
    advance = jax.jit(training.advance)
    state, losses = training.begin(one, DATA), []
    for stop in range(1, 8):
        state = advance(state, one, DATA, jnp.int32(stop))
        losses.append(float(state.loss))
    whole = advance(training.begin(one, DATA), one, DATA, jnp.int32(7))
    np.testing.assert_array_equal(state.losses.means, whole.losses.means)
    # Epochs of three steps, the last of one: steps 1 to 3, 4 to 6, and 7.
    means = [np.mean(losses[:3]), np.mean(losses[3:6]), losses[6]]
    np.testing.assert_allclose(whole.losses.means[:3], means, rtol=1e-6)
    assert not np.any(whole.losses.means[3:])


def test_of_more_epochs_than_points_several_share_one():
    # 600 epochs of 2 steps: three epochs a point, 200 points.
    assert curve.steps_a_point(1200, 2) == 6
    assert ends(1200, 2).tolist() == list(range(6, 1201, 6))
    assert curve.steps_a_point(curve.POINTS * 2, 2) == 2
    assert curve.steps_a_point(curve.POINTS * 2 + 1, 2) == 4
    assert ends(7, 3).tolist() == [3, 6, 7]


@given(st.integers(1, 5000), st.integers(1, 60), st.integers(1, 20))
def test_every_step_is_in_a_point_that_there_is_room_for(n_steps, batches, times):
    found = ends(n_steps, batches)
    assert len(found) <= curve.POINTS
    assert found[-1] == n_steps
    assert np.all(np.diff([0, *found]) > 0)
    chosen = marks(n_steps, batches, times)
    assert chosen[-1] == n_steps
    assert len(chosen) == min(times, len(found))
    assert set(chosen) <= set(found.tolist())


def test_a_run_is_measured_after_epochs_that_are_spread_evenly():
    assert marks(12, 3, 2) == [6, 12]
    assert marks(20, 2, 4) == [4, 10, 14, 20]  # of ten epochs the 2nd, 5th, 7th and 10th
    assert marks(4, 2, 10) == [2, 4]


def test_runs_that_train_in_turn_wait_at_their_marks_for_those_with_more():
    due = [[2, 4, 6, 8], [10, 20], []]
    found = [pause.tolist() for pause in pauses.in_proportion(due)]
    assert found == [[2, 0, 0], [4, 10, 0], [6, 10, 0], [8, 20, 0]]


def test_lanes_that_step_together_pause_wherever_one_is_due():
    # Of a run 3 steps in, marks 3 and 5 are behind it and 2 steps away; 12 is out of this wave.
    found = pauses.in_step([[3, 5, 12], [4]], np.array([3, 0]), np.array([6, 4]))
    assert [pause.tolist() for pause in found] == [[2, 2], [4, 4], [6, 4]]


def test_a_curve_ends_where_its_run_diverged():
    means = np.array([0.5, np.inf, np.nan, 0.0], np.float32)
    assert curve_of(12, 3, means, {}) == [Point(1, 0.5, UNMEASURED)]
    seen = {6: Measured(0.25, 3.0)}
    assert curve_of(6, 3, means[[0, 0]], seen) == [Point(1, 0.5), Point(2, 0.5, seen[6])]


@pytest.fixture(scope="module")
def watched():
    return Trainer(STATIC, 4).trained(runs(4), DATA, watched=Watched(FEW, 2))


def test_watching_leaves_every_weight_as_it_was(watched):
    alone = Trainer(STATIC, 4).trained(runs(4), DATA)
    for ours, theirs in zip(*map(jax.tree.leaves, (watched.params, alone.params)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for mine, other in zip(watched.curves, alone.curves, strict=True):
        assert [point[:2] for point in mine] == [point[:2] for point in other]
        assert {point.validation for point in other} == {UNMEASURED}


def test_what_a_run_is_measured_at_last_is_what_it_ends_with(watched):
    for k, points in enumerate(watched.curves):
        n_steps, batches = 4 + 3 * k, -(-(60 + 40 * k) // 50)
        assert [point.epoch for point in points] == [*range(1, -(-n_steps // batches) + 1)]
        assert sum(np.isfinite(point.validation.error_m) for point in points) == 2
        scaler = runs(4)[k].scaler
        params = replicas.take(watched.params, k)
        xy = STATIC.problem.network.apply(
            {"params": params}, STATIC.problem.batch(FEW, scaler, ...)
        )
        apart_m = np.linalg.norm(xy * scaler.xy_scale_m + scaler.xy_mean_m - FEW.target, axis=1)
        assert points[-1].validation.error_m == pytest.approx(apart_m.mean(), rel=1e-5)


@pytest.mark.parametrize("lanes", [4, 2])
def test_side_by_side_runs_have_the_curves_they_have_in_turn(lanes, watched, monkeypatch):
    monkeypatch.setattr(replicas, "replica_axis", lambda: "vmap")
    monkeypatch.setattr(memory, "lanes_a_device", lambda: lanes)
    found = Trainer(STATIC, 4).trained(runs(4), DATA, watched=Watched(FEW, 2))
    for ours, theirs in zip(found.curves, watched.curves, strict=True):
        flat = [[(p.epoch, p.loss, *p.validation) for p in points] for points in (ours, theirs)]
        np.testing.assert_allclose(*flat, rtol=1e-4)


def test_a_run_that_diverges_keeps_its_curve_to_there():
    lost = runs(2)[1]._replace(learning_rate=np.float32(np.inf), n_steps=np.int32(9))
    with pytest.raises(Diverged) as caught:
        Trainer(STATIC, 2).trained([runs(2)[0], lost], DATA, watched=Watched(FEW, 2))
    whole, cut = caught.value.trained.curves
    assert (len(whole), len(cut)) == (2, 0)  # it is no number after its first step of two


def test_groups_are_means_over_the_seeds_that_have_an_epoch():
    some = [Point(1, 1.0), Point(2, 0.5, Measured(0.5, 4.0))]
    cut = [Point(1, 3.0)]
    (found,) = grouped([("scratch", 0, some), ("scratch", 2, cut), ("other", 0, [])])
    assert (found.name, found.epoch.tolist()) == ("scratch, seeds 0 to 2", [1, 2])
    assert found.loss.tolist() == [2.0, 0.5]
    assert found.validation_error_m.tolist()[1] == 4.0
    assert np.isnan(found.validation_error_m[0])
