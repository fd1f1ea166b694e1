"""One run: what it reads, what it moves, what it does not."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtloc_jax.core import optim
from mtloc_jax.core.dropped import kept
from mtloc_jax.core.inputs import scaled, scaled_xy
from mtloc_jax.core.model import apply
from mtloc_jax.core.train import _shuffled, make_train
from mtloc_jax.modalities import Held
from tests.networks import NETWORK, fresh, run, static, windows

DATA = windows()
START = jax.tree.map(lambda leaf: leaf[0], fresh())
STATIC = static(batch_size=50)


@cache
def program(plan="all", **settings):
    made = make_train(static(plan, batch_size=50, **settings))
    return made._replace(train=jax.jit(made.train), advance=jax.jit(made.advance))


@pytest.fixture(scope="module")
def training():
    return program()


def moved(before, after):
    pairs = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
    return any(not np.array_equal(a, b) for a, b in pairs)


def test_training_lowers_the_error(training):
    def loss(params):
        one = run(START, DATA)
        predicted = apply(NETWORK, params, scaled(DATA, one.scaler, slice(None)))
        return float(jnp.mean((predicted - scaled_xy(DATA.target, one.scaler)) ** 2))

    trained = training.train(run(START, DATA, n_steps=100), DATA)
    assert loss(trained.params) < 0.3 * loss(START)


def test_it_does_what_a_plain_loop_does(training):
    one = run(START, DATA, n_windows=120, n_steps=7)
    params, optimizer = START, optim.optimizer("rmsprop", 0.005, STATIC.paces)
    moments = optimizer.init(params)

    def mse(params, rows):
        predicted = apply(NETWORK, params, scaled(data, one.scaler, rows))
        return jnp.mean((predicted - scaled_xy(data.target[rows], one.scaler)) ** 2)

    data = jax.tree.map(jnp.asarray, DATA)
    gradient = jax.jit(jax.grad(mse))
    for step in range(7):  # 120 windows are batches of 50, 50 and 20
        order = np.asarray(_shuffled(one, step // 3, 50))[:120]
        rows = order[step % 3 * 50 : step % 3 * 50 + 50]
        updates, moments = optimizer.update(
            gradient(params, rows), moments, params, epoch=step // 3
        )
        params = optax.apply_updates(params, updates)
    for ours, plain in zip(
        jax.tree.leaves(training.train(one, DATA).params), jax.tree.leaves(params), strict=True
    ):
        np.testing.assert_allclose(ours, plain, atol=2e-5)


def test_an_epoch_reads_every_window_in_use_once():
    one = run(START, DATA, n_windows=120)
    first, second = (np.asarray(_shuffled(one, epoch, 50)) for epoch in (0, 1))
    assert sorted(first[:120]) == list(range(120))
    assert sorted(second[:120]) == list(range(120))
    assert not np.array_equal(first, second)


def test_windows_outside_the_plan_do_not_matter(training):
    one = run(START, DATA, n_windows=120)
    imu, target = DATA.inputs["imu"].values.copy(), DATA.target.copy()
    imu[120:], target[120:] = np.nan, 1e9
    spoilt = DATA._replace(inputs=DATA.inputs | {"imu": Held(imu)}, target=target)
    ours, theirs = training.train(one, DATA), training.train(one, spoilt)
    assert not moved(ours.params, theirs.params)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adamw"])
def test_a_frozen_branch_does_not_move_by_a_bit(optimizer):
    trained = program("imu frozen", optimizer=optimizer).train(run(START, DATA), DATA).params
    assert not moved(START["imu"], trained["imu"])
    for branch in ("mag", "wifi", "fusion"):
        assert moved(START[branch], trained[branch])


def test_dropout_silences_its_share_of_the_features_and_keeps_their_mean():
    shape = (500, 40)
    drawn = kept(0, 0.25, jnp.int32(3), shape)
    assert set(np.unique(drawn)) == {np.float32(0), np.float32(1 / 0.75)}
    np.testing.assert_allclose(np.mean(drawn == 0), 0.25, atol=0.01)
    np.testing.assert_allclose(np.mean(drawn), 1, atol=0.02)
    later, other = (kept(seed, 0.25, jnp.int32(step), shape) for seed, step in ((0, 4), (1, 3)))
    for again in (later, other):
        np.testing.assert_allclose(np.mean(drawn == again), 0.75**2 + 0.25**2, atol=0.02)
    np.testing.assert_array_equal(kept(0, 0.0, jnp.int32(3), shape), np.ones(shape))


def test_a_program_that_may_drop_trains_runs_that_do_not_as_one_that_never_does(training):
    one = run(START, DATA)
    assert not moved(program(drops=True).train(one, DATA).params, training.train(one, DATA).params)


def test_features_dropped_for_good_train_nothing_before_them():
    # With all but none of the features left, the branches hardly get a gradient.
    trained = program(drops=True).train(run(START, DATA, n_steps=1, dropout=0.9999), DATA).params
    ours, before = (tree["fusion"]["fc3"]["kernel"] for tree in (trained, START))
    assert all(np.mean(ours[name] == before[name]) > 0.5 for name in before)
    assert moved(START["fusion"]["fc4"], trained["fusion"]["fc4"])


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_features_that_are_known_train_as_those_that_are_computed_anew(dropout):
    # The same branch, held without saying so: by a rate so small that it hardly moves.
    one = run(START, DATA, dropout=dropout)
    known = program("imu frozen", drops=True)
    state = known.train(one, DATA)
    assert list(state.known) == ["imu"]
    assert state.known["imu"].shape == (len(DATA.target), NETWORK.hidden)
    computed = program("imu x0.00000000000000000001", drops=True).train(one, DATA)
    assert not computed.known
    for a, b in zip(jax.tree.leaves(state.params), jax.tree.leaves(computed.params), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_branch_thaws_at_its_epoch_and_not_before():
    def imu_after(steps):  # an epoch is three steps
        one = run(START, DATA, n_windows=120, n_steps=steps)
        return program("imu x0.1 from epoch 2").train(one, DATA).params["imu"]

    assert not moved(START["imu"], imu_after(6))
    # The first step of RMSprop is rate / sqrt(0.1) for every weight, here a tenth of it.
    steps = jax.tree.map(lambda a, b: np.abs(a - b), imu_after(7), START["imu"])
    np.testing.assert_allclose(np.median(steps["kernel"]), 0.0005 / np.sqrt(0.1), rtol=1e-3)


def test_a_schedule_ends_where_it_says():
    # A cosine's last of 100 steps is 0.0002 of the learning rate: hardly a step.
    one = run(START, DATA, n_steps=100)
    made = program(schedule="cosine")
    before = made.advance(made.begin(one, DATA), one, DATA, jnp.int32(99))
    after = made.advance(before, one, DATA, jnp.int32(100))
    largest = max(
        float(jnp.max(jnp.abs(a - b)))
        for a, b in zip(jax.tree.leaves(before.params), jax.tree.leaves(after.params), strict=True)
    )
    assert 0 < largest < 0.005 * 0.0003 / np.sqrt(0.1)


def test_stopping_anywhere_and_going_on_changes_nothing(training):
    one = run(START, DATA, n_steps=11)
    whole = training.train(one, DATA)
    state = make_train(STATIC).begin(one, DATA)
    for stop in (3, 4, 9, 11):
        state = training.advance(state, one, DATA, jnp.int32(stop))
    assert int(state.step) == 11
    assert not moved(whole.params, state.params)


def test_an_access_point_not_heard_in_training_is_never_read(training):
    one = run(START, DATA)
    levels = one.scaler.inputs["wifi"]
    heard = levels.heard.copy()
    heard[2] = False
    inputs = one.scaler.inputs | {"wifi": levels._replace(heard=heard)}
    one = one._replace(scaler=one.scaler._replace(inputs=inputs))
    trained = training.train(one, DATA).params["wifi"]["fc1"]["kernel"]
    np.testing.assert_array_equal(trained[2], START["wifi"]["fc1"]["kernel"][2])
    assert moved(trained[1], START["wifi"]["fc1"]["kernel"][1])
