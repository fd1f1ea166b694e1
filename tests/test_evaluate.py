"""The evaluation shortcut against the naive way, and what wiping must do."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.core import missing
from mtloc_jax.core.evaluate import Wipes, judge_clean, make_judge_wiped, predict
from mtloc_jax.core.inputs import metres, scaled
from mtloc_jax.core.missing import FILLS, MODES
from mtloc_jax.core.model import MODALITIES, apply
from mtloc_jax.errors import InputError
from tests.networks import NETWORK, fresh, run, windows

DATA = windows(90)
PARAMS = jax.tree.map(lambda leaf: leaf[0], fresh())
SCALER = run(PARAMS, DATA).scaler


def judged(**settings):
    wipes = Wipes(drop_rates=(0.0, 0.4, 1.0), seeds=2, burst_windows=10, **settings)
    return wipes, jax.jit(make_judge_wiped(NETWORK, wipes))(PARAMS, SCALER, DATA)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fill", FILLS)
def test_the_shortcut_equals_running_the_whole_network_on_wiped_inputs(mode, fill):
    wipes, wiped = judged(mode=mode, fill=fill)
    inputs = scaled(DATA, SCALER, slice(None))
    for m, modality in enumerate(MODALITIES):
        key = jax.random.fold_in(jax.random.key(1), m)
        draw = missing.draw(key, mode, getattr(inputs, modality), wipes.burst_windows)
        blank = missing.filler(modality, fill, SCALER)
        whole = missing.wiped_inputs(inputs, modality, draw < 0.4, blank)
        predicted = metres(apply(NETWORK, PARAMS, *whole), SCALER)
        error_m = np.linalg.norm(predicted - DATA.xy_m, axis=1)
        np.testing.assert_allclose(wiped.metrics[m, 1, 1, 0], error_m.mean(), atol=1e-4)
        np.testing.assert_allclose(wiped.metrics[m, 1, 1, 1], error_m.std(), atol=1e-4)
        quantiles = np.percentile(error_m, [0, 50, 100])
        np.testing.assert_allclose(wiped.cdf_m[m, 1, [0, 25, 50]], quantiles, atol=1e-4)


def test_the_shortcut_cuts_positions_at_0_as_a_relu_network_does():
    network = replace(NETWORK, output="relu")
    wipes = Wipes(drop_rates=(0.0, 1.0), seeds=1, cdf_drop_rate=0.0)
    wiped = jax.jit(make_judge_wiped(network, wipes))(PARAMS, SCALER, DATA)
    clean = judge_clean(network, PARAMS, SCALER, DATA)
    linear = judge_clean(NETWORK, PARAMS, SCALER, DATA)
    assert not np.allclose(clean.metrics, linear.metrics, atol=1e-2)
    np.testing.assert_allclose(wiped.metrics[:, 0, 0], np.tile(clean.metrics, (3, 1)), atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_wiped_is_the_clean_network_and_everything_wiped_knows_nothing(mode):
    _, wiped = judged(mode=mode)
    clean = judge_clean(NETWORK, PARAMS, SCALER, DATA)
    for m in range(3):
        np.testing.assert_allclose(wiped.metrics[m, 0, 0], clean.metrics, atol=1e-4)
    # All lost: the seed that draws what is lost no longer matters.
    np.testing.assert_allclose(wiped.metrics[:, 0, 2], wiped.metrics[:, 1, 2], atol=1e-4)
    assert not np.allclose(wiped.metrics[:, 0, 1], wiped.metrics[:, 1, 1], atol=1e-4)


def test_errors_are_in_metres_whatever_the_frame():
    shifted = DATA._replace(xy_m=DATA.xy_m + np.float32(100.0))
    scaler = SCALER._replace(xy_mean_m=SCALER.xy_mean_m + np.float32(100.0))
    ours = judge_clean(NETWORK, PARAMS, SCALER, DATA)
    theirs = judge_clean(NETWORK, PARAMS, scaler, shifted)
    np.testing.assert_allclose(ours.metrics, theirs.metrics, atol=1e-3)


def test_a_prediction_does_not_depend_on_the_other_windows():
    whole = predict(NETWORK, PARAMS, SCALER, DATA)
    rows = jnp.array([3, 50])
    part = DATA._replace(**{n: getattr(DATA, n)[rows] for n in ("imu", "mag", "scan", "xy_m")})
    np.testing.assert_allclose(predict(NETWORK, PARAMS, SCALER, part), whole[rows], atol=1e-4)


def test_the_order_of_access_points_does_not_matter():
    order = np.random.default_rng(0).permutation(DATA.wifi_dbm.shape[1])
    params = jax.tree.map(np.asarray, PARAMS)
    wifi = params["wifi"] | {
        "fc1": params["wifi"]["fc1"] | {"kernel": params["wifi"]["fc1"]["kernel"][order]}
    }
    scaler = SCALER._replace(wifi_heard=SCALER.wifi_heard[order], wifi_mean=SCALER.wifi_mean[order])
    permuted = predict(
        NETWORK, params | {"wifi": wifi}, scaler, DATA._replace(wifi_dbm=DATA.wifi_dbm[:, order])
    )
    np.testing.assert_allclose(permuted, predict(NETWORK, PARAMS, SCALER, DATA), atol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "rounds"},
        {"fill": "noise"},
        {"drop_rates": (0.0, 0.4, 1.5)},
        {"drop_rates": (0.0, 0.5)},
        {"seeds": 0},
        {"burst_windows": 0},
    ],
)
def test_an_impossible_wipe_is_refused(settings):
    with pytest.raises(InputError):
        Wipes(**settings)
