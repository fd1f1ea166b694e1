"""One run: what it reads, what it moves, what it does not."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtloc_jax.core import optim
from mtloc_jax.core.inputs import scaled, scaled_xy
from mtloc_jax.core.model import apply
from mtloc_jax.core.train import Static, _kept, _shuffled, make_train
from tests.networks import NETWORK, fresh, run, windows

DATA = windows()
START = jax.tree.map(lambda leaf: leaf[0], fresh())
STATIC = Static(NETWORK, batch_size=50)


@pytest.fixture(scope="module")
def training():
    made = make_train(STATIC)
    return made._replace(train=jax.jit(made.train), advance=jax.jit(made.advance))


def moved(before, after):
    pairs = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
    return any(not np.array_equal(a, b) for a, b in pairs)


def test_training_lowers_the_error(training):
    def loss(params):
        one = run(START, DATA)
        predicted = apply(NETWORK, params, *scaled(DATA, one.scaler, slice(None)))
        return float(jnp.mean((predicted - scaled_xy(DATA.xy_m, one.scaler)) ** 2))

    trained = training.train(run(START, DATA, n_steps=100), DATA)
    assert loss(trained.params) < 0.3 * loss(START)


def test_it_does_what_a_plain_loop_does(training):
    one = run(START, DATA, n_windows=120, n_steps=7)
    params, optimizer = START, optim.rmsprop(0.005)
    moments = optimizer.init(params)

    def mse(params, rows):
        predicted = apply(NETWORK, params, *scaled(data, one.scaler, rows))
        return jnp.mean((predicted - scaled_xy(data.xy_m[rows], one.scaler)) ** 2)

    data = jax.tree.map(jnp.asarray, DATA)
    gradient = jax.jit(jax.grad(mse))
    for step in range(7):  # 120 windows are batches of 50, 50 and 20
        order = np.asarray(_shuffled(one, step // 3, 50))[:120]
        rows = order[step % 3 * 50 : step % 3 * 50 + 50]
        updates, moments = optimizer.update(gradient(params, rows), moments)
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
    spoilt = DATA._replace(imu=DATA.imu.copy(), xy_m=DATA.xy_m.copy())
    spoilt.imu[120:] = np.nan
    spoilt.xy_m[120:] = 1e9
    ours, theirs = training.train(one, DATA), training.train(one, spoilt)
    assert not moved(ours.params, theirs.params)


def test_a_frozen_branch_does_not_move_by_a_bit(training):
    trained = training.train(run(START, DATA, training="imu frozen"), DATA).params
    assert not moved(START["imu"], trained["imu"])
    for branch in ("mag", "wifi", "fusion"):
        assert moved(START[branch], trained[branch])


def test_dropout_silences_its_share_of_the_features_and_keeps_their_mean():
    shape = (500, 40)
    kept = _kept(run(START, DATA, dropout=0.25), jnp.int32(3), shape)
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1 / 0.75)}
    np.testing.assert_allclose(np.mean(kept == 0), 0.25, atol=0.01)
    np.testing.assert_allclose(np.mean(kept), 1, atol=0.02)
    later, other = (
        _kept(run(START, DATA, seed=seed, dropout=0.25), jnp.int32(step), shape)
        for seed, step in ((0, 4), (1, 3))
    )
    for drawn in (later, other):
        np.testing.assert_allclose(np.mean(kept == drawn), 0.75**2 + 0.25**2, atol=0.02)
    np.testing.assert_array_equal(_kept(run(START, DATA), jnp.int32(3), shape), np.ones(shape))


def test_features_dropped_for_good_train_nothing_before_them(training):
    # With all but none of the features left, the branches hardly get a gradient.
    trained = training.train(run(START, DATA, n_steps=1, dropout=0.9999), DATA).params
    still = np.mean(trained["fusion"]["fc3"]["kernel"] == START["fusion"]["fc3"]["kernel"])
    assert still > 0.5
    assert moved(START["fusion"]["fc4"], trained["fusion"]["fc4"])


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("plan", ["imu frozen", "imu from epoch 2", "all"])
def test_sharing_frozen_features_changes_nothing(training, plan, dropout):
    one = run(START, DATA, training=plan, dropout=dropout)
    plain = training.train(one, DATA)
    for features in ("while_frozen", "once") if plan == "imu frozen" else ("while_frozen",):
        shared = make_train(Static(NETWORK, 50, features))
        ours = jax.jit(shared.train)(one, DATA)
        assert moved(START["imu"], ours.params["imu"]) != (plan == "imu frozen")
        for a, b in zip(jax.tree.leaves(ours.params), jax.tree.leaves(plain.params), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_branch_thaws_at_its_epoch_and_not_before(training):
    def imu_after(steps):  # an epoch is three steps
        plan = "imu x0.1 from epoch 2"
        one = run(START, DATA, n_windows=120, n_steps=steps, training=plan)
        return training.train(one, DATA).params["imu"]

    assert not moved(START["imu"], imu_after(6))
    # The first step of RMSprop is rate / sqrt(0.1) for every weight, here a tenth of it.
    steps = jax.tree.map(lambda a, b: np.abs(a - b), imu_after(7), START["imu"])
    np.testing.assert_allclose(np.median(steps["kernel"]), 0.0005 / np.sqrt(0.1), rtol=1e-3)


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
    heard = one.scaler.wifi_heard.copy()
    heard[2] = False
    one = one._replace(scaler=one.scaler._replace(wifi_heard=heard))
    trained = training.train(one, DATA).params["wifi"]["fc1"]["kernel"]
    np.testing.assert_array_equal(trained[2], START["wifi"]["fc1"]["kernel"][2])
    assert moved(trained[1], START["wifi"]["fc1"]["kernel"][1])
