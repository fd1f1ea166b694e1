"""Freeze plans: what a clause means, and that leaves move only as planned."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtloc_jax.core.optim import optimizer
from mtloc_jax.core.train import make_train
from mtloc_jax.errors import InputError
from mtloc_jax.optimizers import Pace
from mtloc_jax.surgery.freeze import Clause, clauses, paces
from mtloc_jax.surgery.tree import leaves
from tests import networks
from tests.conftest import ROOT

PARAMS = {
    "imu": {"kernel": jnp.ones(3), "bias": jnp.zeros(3)},
    "wifi": {"fc1": {"kernel": jnp.full(2, 2.0)}, "fc2": {"kernel": jnp.full(2, 3.0)}},
    "fusion": {"kernel": jnp.ones(4)},
}
PLAN = "imu/bias frozen, imu/kernel x0.1 from epoch 2, fusion from epoch 1"


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("all", ()),
        ("imu frozen", (Clause("imu", 0.0),)),
        ("imu x0", (Clause("imu", 0.0),)),
        ("imu x0.000025", (Clause("imu", 2.5e-5),)),
        ("imu x0.1", (Clause("imu", 0.1),)),
        ("imu from epoch 5", (Clause("imu", from_epoch=5),)),
        ("imu x0.1 from epoch 5", (Clause("imu", 0.1, 5),)),
        ("imu  x0.1\tfrom epoch 1000000", (Clause("imu", 0.1, 10**6),)),
        (
            "imu/kernel x.5, mag frozen,fusion.fc3 from epoch 2",
            (Clause("imu/kernel", 0.5), Clause("mag", 0.0), Clause("fusion.fc3", from_epoch=2)),
        ),
    ],
)
def test_a_clause_is_a_path_and_how_it_trains(text, held):
    assert clauses(text) == held
    assert clauses(", ".join(map(str, held)) or "all") == held


@pytest.mark.parametrize(
    "text", ["", "imu", "imu x", "imu x-1", "imu xnan", "imu at 5", "imu x0.1from epoch 5"]
)
def test_a_text_that_says_nothing_is_refused(text):
    with pytest.raises(InputError, match=r"says of no branch how it trains.*imu x0.1"):
        clauses(text)


@pytest.mark.parametrize("epoch", ["1e20", "1000001", "9" * 5000, "1.5"])
def test_an_epoch_that_no_run_reaches_is_refused(epoch):
    with pytest.raises(InputError, match=r"imu trains from epoch .*; write imu frozen"):
        clauses(f"imu from epoch {epoch}")


@pytest.mark.parametrize("rate", ["9" * 400, "1e400"])
def test_a_rate_that_is_not_finite_is_refused(rate):
    with pytest.raises(InputError, match=r"the rate of imu is no finite number; write imu x0\.1"):
        clauses(f"imu x{rate}")


def test_a_plan_is_checked_without_jax():
    program = (
        "import sys; from mtloc_jax.surgery.freeze import clauses; clauses('imu x0.1');"
        "assert not {'jax', 'optax', 'flax'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_plan_gives_every_leaf_one_pace():
    assert paces(PLAN, PARAMS) == (
        ("fusion/kernel", Pace(from_epoch=1)),
        ("imu/bias", Pace(0.0)),
        ("imu/kernel", Pace(0.1, 2)),
        ("wifi/fc1/kernel", Pace()),
        ("wifi/fc2/kernel", Pace()),
    )
    assert {pace for _, pace in paces("all", PARAMS)} == {Pace()}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("imv/bias frozen", "imv/bias frozen matches no target leaf; did you mean imu/bias frozen"),
        (
            "imu/bias x0.1, imu frozen",
            "imu/bias is matched by both imu/bias x0.1 and imu frozen; "
            "replace imu frozen by imu/kernel frozen$",
        ),
        (
            "wifi/fc* from epoch 3, wifi/fc1 x0.5",
            r"replace wifi/fc\* from epoch 3 by wifi/fc2 from epoch 3$",
        ),
        ("imu x1, imu.* frozen", "imu/bias is matched by both imu x1 and .*; delete one"),
    ],
)
def test_a_wrong_plan_is_answered_with_the_right_one(text, says):
    with pytest.raises(InputError, match=says):
        paces(text, PARAMS)


def _trained(text, name, epochs, *, learning_rate=0.1, steps_an_epoch=2):
    """Return PARAMS after `epochs` under gradients that are 1 + step everywhere."""
    moves = optimizer(name, learning_rate, paces(text, PARAMS))
    update, state, params = jax.jit(moves.update), moves.init(PARAMS), PARAMS
    for step in range(epochs * steps_an_epoch):
        gradient = jax.tree.map(lambda leaf, step=step: jnp.full_like(leaf, 1.0 + step), PARAMS)
        epoch = jnp.int32(step // steps_an_epoch)
        updates, state = update(gradient, state, params, epoch=epoch)
        params = optax.apply_updates(params, updates)
    return jax.device_get(params)


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw", "sgd"])
def test_leaves_move_only_as_planned(name):
    after = {epochs: _trained(PLAN, name, epochs) for epochs in (1, 2, 3)}
    assert np.array_equal(after[3]["imu"]["bias"], PARAMS["imu"]["bias"])
    assert np.array_equal(after[2]["imu"]["kernel"], PARAMS["imu"]["kernel"])
    assert np.all(after[3]["imu"]["kernel"] != PARAMS["imu"]["kernel"])
    assert np.array_equal(after[1]["fusion"]["kernel"], PARAMS["fusion"]["kernel"])
    assert np.all(after[2]["fusion"]["kernel"] != PARAMS["fusion"]["kernel"])
    assert np.all(after[1]["wifi"]["fc1"]["kernel"] != PARAMS["wifi"]["fc1"]["kernel"])


def test_weight_decay_does_not_reach_a_frozen_leaf():
    """Decay moves whatever weighs something, gradient or none: here all but the zero bias."""
    kept = _trained("wifi frozen", "adamw", 2)
    assert np.array_equal(kept["wifi"]["fc1"]["kernel"], PARAMS["wifi"]["fc1"]["kernel"])
    moves = optimizer("adamw", 0.1, paces("all", PARAMS))
    still = jax.tree.map(jnp.zeros_like, PARAMS)
    updates, _ = moves.update(still, moves.init(PARAMS), PARAMS, epoch=jnp.int32(0))
    assert np.all(np.asarray(updates["wifi"]["fc1"]["kernel"]) < 0)


def test_a_tenth_of_the_rate_moves_a_tenth_as_far():
    # sgd here is Nesterov's, momentum 0.9, of gradients 1 and 2: it moves by the learning rate
    # times 1 + 0.9 = 1.9, then, its trace being 0.9 + 2 = 2.9, times 2 + 0.9 * 2.9 = 4.61.
    after = _trained("imu x0.1", "sgd", 1, learning_rate=0.01)
    np.testing.assert_allclose(after["fusion"]["kernel"], 1 - 0.01 * (1.9 + 4.61), rtol=1e-6)
    np.testing.assert_allclose(after["imu"]["kernel"], 1 - 0.001 * (1.9 + 4.61), rtol=1e-6)


def test_a_tenth_of_the_rate_is_a_tenth_of_the_step_not_of_the_gradient():
    # Adam's first step is the learning rate, whatever the gradient's size.
    after = _trained("imu x0.1", "adam", 1, learning_rate=0.01, steps_an_epoch=1)
    np.testing.assert_allclose(after["fusion"]["kernel"], 0.99, rtol=1e-6)
    np.testing.assert_allclose(after["imu"]["kernel"], 0.999, rtol=1e-6)


def test_a_leaf_that_thaws_late_has_forgotten_what_came_before():
    late, fresh = (
        _trained("imu from epoch 1", "sgd", 2, steps_an_epoch=1),
        _trained("all", "sgd", 1, steps_an_epoch=1),
    )
    moved, first = (tree["imu"]["bias"] for tree in (late, fresh))
    # Its one step is a first step: gradient 2 where the other's first was 1, and no momentum.
    np.testing.assert_allclose(moved, 2 * first, rtol=1e-6)


def test_a_frozen_leaf_has_no_moments():
    state = optimizer("rmsprop", 1.0, paces("imu frozen", PARAMS)).init(PARAMS)
    assert sorted(leaf.shape for leaf in jax.tree.leaves(state) if leaf.ndim) == [(2,), (2,), (4,)]


@pytest.fixture(scope="module")
def data():
    return networks.windows(60)


def _after_training(data, text, n_steps):
    """Return leaves before and after `n_steps` of adamw, 3 to an epoch."""
    start = networks.params(networks.HIDDEN, networks.N_APS)
    training = make_train(networks.static(text, batch_size=20, optimizer="adamw"))
    state = jax.jit(training.train)(networks.run(start, data, n_steps=n_steps), data)
    return leaves(start), leaves(jax.device_get(state.params))


def test_training_leaves_a_frozen_branch_bit_for_bit(data):
    before, after = _after_training(data, "imu frozen, wifi/fc1/kernel frozen", 6)
    still = {path for path in before if np.array_equal(before[path], after[path])}
    assert still == {"imu/kernel", "imu/recurrent_kernel", "imu/bias", "wifi/fc1/kernel"}


def test_training_leaves_a_branch_until_its_epoch(data):
    text = "imu from epoch 2"
    before, after_two_epochs = _after_training(data, text, 6)
    _, one_step_later = _after_training(data, text, 7)
    moved = [
        {path for path in before if not np.array_equal(before[path], after[path])}
        for after in (after_two_epochs, one_step_later)
    ]
    assert moved[1] == set(before)
    assert moved[1] - moved[0] == {"imu/kernel", "imu/recurrent_kernel", "imu/bias"}
