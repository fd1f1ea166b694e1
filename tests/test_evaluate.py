"""The evaluation shortcut against the naive way, and what wiping must do."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.core import missing
from mtloc_jax.core.evaluate import judge_clean, make_judge_wiped
from mtloc_jax.core.inputs import metres, scaled
from mtloc_jax.core.model import apply
from mtloc_jax.core.problem import positions_m
from mtloc_jax.errors import InputError
from mtloc_jax.modalities import MODALITIES, Held
from mtloc_jax.settings import DECLARED, Settings, Wipe, replaced
from mtloc_jax.sites.site import Arrays
from tests.networks import NETWORK, PROBLEM, fresh, run, windows

DATA = windows(90)
PARAMS = jax.tree.map(lambda leaf: leaf[0], fresh())
SCALER = run(PARAMS, DATA).scaler
MODES, FILLS = DECLARED["wipe.mode"].names(), DECLARED["wipe.fill"].names()


def judged(**settings):
    wipe = Wipe(drop_rates=(0.0, 0.4, 1.0), seeds=2, burst_windows=10, **settings)
    return wipe, jax.jit(make_judge_wiped(PROBLEM, wipe))(PARAMS, SCALER, DATA)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", FILLS)
def test_the_shortcut_equals_running_the_whole_network_on_wiped_inputs(mode, fill):
    wipe, wiped = judged(mode=mode, fill=fill)
    inputs = scaled(DATA, SCALER, slice(None))
    for m, modality in enumerate(MODALITIES):
        key = jax.random.fold_in(jax.random.key(1), m)
        draw = missing.draw(key, mode, inputs[modality], wipe.burst_windows)
        blank = MODALITIES[modality].blank(fill, SCALER.inputs[modality])
        lost = missing.wiped(inputs[modality], draw < 0.4, blank)
        predicted = metres(apply(NETWORK, PARAMS, inputs | {modality: lost}), SCALER)
        error_m = np.linalg.norm(predicted - DATA.target, axis=1)
        np.testing.assert_allclose(wiped.metrics[m, 1, 1, 0], error_m.mean(), atol=1e-4)
        np.testing.assert_allclose(wiped.metrics[m, 1, 1, 1], error_m.std(), atol=1e-4)
        quantiles = np.percentile(error_m, [0, 50, 100])
        np.testing.assert_allclose(wiped.cdf_m[m, 1, [0, 25, 50]], quantiles, atol=1e-4)


def test_the_shortcut_cuts_positions_at_0_as_a_relu_network_does():
    relu = replace(PROBLEM, network=replace(NETWORK, output="relu"))
    wipe = Wipe(drop_rates=(0.0, 1.0), seeds=1, cdf_drop_rate=0.0)
    wiped = jax.jit(make_judge_wiped(relu, wipe))(PARAMS, SCALER, DATA)
    clean = judge_clean(relu, PARAMS, SCALER, DATA)
    linear = judge_clean(PROBLEM, PARAMS, SCALER, DATA)
    assert not np.allclose(clean.metrics, linear.metrics, atol=1e-2)
    np.testing.assert_allclose(wiped.metrics[:, 0, 0], np.tile(clean.metrics, (3, 1)), atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_wiped_is_the_clean_network_and_everything_wiped_knows_nothing(mode):
    _, wiped = judged(mode=mode)
    clean = judge_clean(PROBLEM, PARAMS, SCALER, DATA)
    for m in range(3):
        np.testing.assert_allclose(wiped.metrics[m, 0, 0], clean.metrics, atol=1e-4)
    # All lost: the seed that draws what is lost no longer matters.
    np.testing.assert_allclose(wiped.metrics[:, 0, 2], wiped.metrics[:, 1, 2], atol=1e-4)
    assert not np.allclose(wiped.metrics[:, 0, 1], wiped.metrics[:, 1, 1], atol=1e-4)


def test_errors_are_in_metres_whatever_the_frame():
    shifted = DATA._replace(target=DATA.target + np.float32(100.0))
    scaler = SCALER._replace(xy_mean_m=SCALER.xy_mean_m + np.float32(100.0))
    ours = judge_clean(PROBLEM, PARAMS, SCALER, DATA)
    theirs = judge_clean(PROBLEM, PARAMS, scaler, shifted)
    np.testing.assert_allclose(ours.metrics, theirs.metrics, atol=1e-3)


def test_a_prediction_does_not_depend_on_the_other_windows():
    whole = positions_m(PROBLEM, PARAMS, SCALER, DATA)
    rows = jnp.array([3, 50])
    held = {name: Held(one.at(rows)) for name, one in DATA.inputs.items()}
    part = Arrays(held, DATA.target[rows])
    np.testing.assert_allclose(positions_m(PROBLEM, PARAMS, SCALER, part), whole[rows], atol=1e-4)


def test_the_order_of_access_points_does_not_matter():
    wifi = DATA.inputs["wifi"]
    order = np.random.default_rng(0).permutation(wifi.values.shape[1])
    params = jax.tree.map(np.asarray, PARAMS)
    params["wifi"]["fc1"]["kernel"] = params["wifi"]["fc1"]["kernel"][order]
    levels = SCALER.inputs["wifi"]
    levels = levels._replace(heard=levels.heard[order], mean=levels.mean[order])
    scaler = SCALER._replace(inputs=SCALER.inputs | {"wifi": levels})
    moved = wifi._replace(values=wifi.values[:, order])
    data = DATA._replace(inputs=DATA.inputs | {"wifi": moved})
    permuted = positions_m(PROBLEM, params, scaler, data)
    np.testing.assert_allclose(permuted, positions_m(PROBLEM, PARAMS, SCALER, DATA), atol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"wipe.mode": "rounds"},
        {"wipe.fill": "noise"},
        {"wipe.drop_rates": (0.0, 0.4, 1.5)},
        {"wipe.drop_rates": (0.0, 0.5)},
        {"wipe.drop_rates": (0.0, 0.4, 0.4)},
        {"wipe.seeds": 0},
        {"wipe.burst_windows": 0},
    ],
)
def test_an_impossible_wipe_is_refused(settings):
    with pytest.raises(InputError, match=r"wipe\.|cdf_drop_rate"):
        replaced(Settings(), settings)
