"""Modalities taken from windows in training: how many, which together, and what is read instead."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.core import dropped
from mtloc_jax.core.inputs import scaled, scaled_xy
from mtloc_jax.core.missing import taken, wiped
from mtloc_jax.core.model import apply
from mtloc_jax.core.problem import PROBLEMS
from mtloc_jax.core.train import Static, make_train
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.settings import Settings
from mtloc_jax.surgery.freeze import paces
from tests import networks
from tests.networks import HIDDEN, N_APS, run, windows

BRANCHES = ("imu", "wifi")
_ALL = windows(120)
DATA = _ALL._replace(inputs={name: _ALL.inputs[name] for name in BRANCHES})
N = len(DATA.target)
KEY = jax.random.key(3)


def problem(presence="none"):
    made = Settings(
        hidden=HIDDEN, modalities=BRANCHES, presence=presence, modality_fill="zero", loss="distance"
    )
    return PROBLEMS["mtloc"](made)


def start(presence="none"):
    tree = networks.params(HIDDEN, N_APS)
    fc3 = tree["fusion"]["fc3"]
    fc3 = fc3 | {"kernel": {name: fc3["kernel"][name] for name in BRANCHES}}
    if presence != "none":
        fc3["absent"] = {name: np.zeros(HIDDEN, np.float32) for name in BRANCHES}
    return {name: tree[name] for name in BRANCHES} | {"fusion": tree["fusion"] | {"fc3": fc3}}


@cache
def program(plan="all", presence="none", takes=True):
    made = Static(problem(presence), paces(plan, start(presence)), batch_size=50, takes=takes)
    training = make_train(made)
    begin, advance = jax.jit(training.begin), jax.jit(training.advance)
    return training._replace(begin=begin, advance=advance)


def trained(one, **how):
    training = program(**how)
    return training.advance(training.begin(one, DATA), one, DATA, one.n_steps)


def dropping(share, presence="none", burst=1, **how):
    return run(start(presence), DATA, **how)._replace(
        modality_dropout=np.float32(share), modality_burst=np.int32(burst)
    )


def lost_in(one, epoch):
    how = one.modality_dropout, one.modality_burst
    return dropped.taken(one.seed, *how, jnp.int32(epoch), N, BRANCHES)


def same(ours, theirs):
    pairs = zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("burst", [1, 5])
def test_the_share_of_windows_is_as_asked_and_none_of_0(burst):
    n = 4000
    lost = np.asarray(taken(KEY, n, np.float32(0.3), np.int32(burst)))
    assert lost.mean() == pytest.approx(0.3, abs=5 * np.sqrt(0.3 * 0.7 * burst / n))
    assert not taken(KEY, n, np.float32(0), np.int32(burst)).any()


def test_windows_are_taken_in_stretches_as_long_as_asked_but_at_the_ends():
    for seed in range(20):
        lost = np.asarray(taken(jax.random.key(seed), 60, np.float32(0.5), np.int32(7)))
        lengths = np.diff(np.flatnonzero(np.diff(lost.astype(int))))
        assert np.all(lengths % 7 == 0)
    # As long as all windows together, there are at most two.
    assert np.abs(np.diff(taken(KEY, 60, 0.5, np.int32(60)).astype(int))).sum() <= 1


def test_each_branch_and_epoch_loses_windows_of_its_own_and_seeds_repeat():
    one = dropping(0.5)
    first, later = (lost_in(one, epoch) for epoch in (0, 1))
    assert same(first, lost_in(one, 0))
    for a, b in ((first["imu"], first["wifi"]), (first["imu"], later["imu"])):
        assert 0.3 < np.mean(np.asarray(a) == np.asarray(b)) < 0.7


def test_a_step_is_on_the_windows_as_they_were_left():
    one = dropping(0.5, n_windows=50, n_steps=1)
    lost = lost_in(one, 0)
    inputs = scaled(jax.tree.map(jnp.asarray, DATA), one.scaler, slice(0, 50))
    left = {
        name: wiped(x, lost[name][:50], MODALITIES[name].blank("zero", one.scaler.inputs[name]))
        for name, x in inputs.items()
    }
    assert not same(left, inputs)
    predicted = apply(problem().network, one.start, left)
    apart = np.linalg.norm(predicted - scaled_xy(DATA.target[:50], one.scaler), axis=1)
    assert float(trained(one).loss) == pytest.approx(apart.mean(), rel=1e-4)


def test_what_is_told_to_be_lost_is_not_read():
    one = dropping(0.5, "told", n_windows=50, n_steps=1)
    lost = lost_in(one, 0)
    inputs = scaled(jax.tree.map(jnp.asarray, DATA), one.scaler, slice(0, 50))
    told = {name: of[:50] for name, of in lost.items()}
    predicted = apply(problem("told").network, one.start, inputs, 1.0, None, told)
    apart = np.linalg.norm(predicted - scaled_xy(DATA.target[:50], one.scaler), axis=1)
    state = trained(one, presence="told")
    assert float(state.loss) == pytest.approx(apart.mean(), rel=1e-4)
    for name in BRANCHES:
        assert np.any(state.params["fusion"]["fc3"]["absent"][name])  # learned from what was lost


def test_nothing_taken_is_training_without_a_word_of_it():
    # A dropout too small for any of the draws against none, which skips them.
    assert same(trained(dropping(1e-9)).params, trained(dropping(0.0)).params)
    assert same(trained(dropping(0.0)).params, trained(dropping(0.0), takes=False).params)
    assert not same(trained(dropping(0.3)).params, trained(dropping(0.0)).params)


def test_known_features_lose_windows_as_those_that_are_computed_anew():
    known = trained(dropping(0.5), plan="imu frozen")
    assert list(known.known) == ["imu"]
    computed = trained(dropping(0.5), plan="imu x0.00000000000000000001")
    for a, b in zip(jax.tree.leaves(known.params), jax.tree.leaves(computed.params), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_stopping_anywhere_and_going_on_takes_the_same_windows():
    one, training = dropping(0.5, burst=3, n_steps=11), program()
    state = training.begin(one, DATA)
    for stop in (2, 4, 9, 11):
        state = training.advance(state, one, DATA, jnp.int32(stop))
    assert same(trained(one).params, state.params)


def test_runs_of_one_program_drop_as_they_would_alone():
    runs = [dropping(share, burst=burst) for share, burst in ((0.0, 1), (0.6, 10))]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *runs)
    together = jax.jit(jax.vmap(program().train, in_axes=(0, None)))(stacked, DATA).params
    for k, one in enumerate(runs):
        pairs = zip(jax.tree.leaves(together), jax.tree.leaves(trained(one).params), strict=True)
        for a, b in pairs:
            np.testing.assert_allclose(a[k], b, atol=2e-5)
