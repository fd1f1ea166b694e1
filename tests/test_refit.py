"""A network moved to another scaler predicts the same metres."""

from functools import partial

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.core.problem import PROBLEMS, positions_m
from mtloc_jax.errors import InputError
from mtloc_jax.modalities import Levels, Moments
from mtloc_jax.settings import Settings
from mtloc_jax.sites import scaling
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.refit import (
    refit,
    refit_around_wifi,
    refit_frame,
    refit_lstm,
    refit_wifi,
    with_floor_of,
)
from mtloc_jax.surgery.rules import Keep
from tests import networks

PREDICT = jax.jit(partial(positions_m, PROBLEMS["mtloc"](Settings(hidden=6))))


def _data(seed=0, n=40, aps=5):
    random = np.random.default_rng(seed)
    wifi = random.uniform(-95, -40, (n, aps))
    wifi[random.random((n, aps)) < 0.4] = np.nan
    return networks.arrays(
        random.normal((9.8, 0.5), (1.5, 0.4), (n, 10, 2)),
        random.normal(45, 6, (n, 10, 1)),
        wifi,
        random.uniform(0, 60, (n, 2)),
    )


def _fit(data):
    return scaling.fit(data.inputs, data.target)


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.integers(0, 99))
def test_a_refitted_network_predicts_the_same_metres(seed):
    data, others = _data(seed), _data(seed + 1)
    old = _fit(data)
    new = with_floor_of(old, _fit(others))
    params = networks.params(6, 5, seed)
    moved, _ = graft(params, {"d": params}, refit(old, new))
    before, after = (PREDICT(p, s, others) for p, s in ((params, old), (moved, new)))
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-4)


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.integers(0, 99))
def test_refit_there_and_back_is_the_identity(seed):
    data = _data(seed)
    old = _fit(data)
    new = with_floor_of(old, _fit(_data(seed + 1)))
    params = networks.params(6, 5, seed)
    there, _ = graft(params, {"d": params}, refit(old, new))
    back, _ = graft(params, {"d": there}, refit(new, old))
    for ours, theirs in zip(jax.tree.leaves(back), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def _scaler(imu=None, mag=None, wifi=None, **changes):
    inputs = {
        "imu": imu or Moments(np.array([10.0, 1.0]), np.array([2.0, 0.5])),
        "mag": mag or Moments(np.array([40.0]), np.array([5.0])),
        "wifi": Levels(
            np.float32(-96), np.float32(50), np.array([True, True, False]), np.zeros(3)
        )._replace(**(wifi or {})),
    }
    return Scaler(inputs, np.array([10.0, 20.0]), np.float32(4))._replace(**changes)


def test_refit_numbers_worked_by_hand():
    other = _scaler(imu=Moments(np.array([12.0, 1.0]), np.array([1.0, 1.0])))
    kernel, recurrent, bias = refit_lstm("imu", _scaler(), other)
    assert kernel.by.details == {"gain": [0.5, 2.0]}
    assert bias.by.details == {"offset": [1.0, 0.0]}
    assert bias.donor == ("imu/bias", "imu/kernel")
    assert recurrent.by is None


def test_the_frame_change_keeps_metres():
    kernel, bias = refit_frame(
        _scaler(), _scaler(xy_mean_m=np.array([8.0, 30.0]), xy_scale_m=np.float32(2))
    )
    # 4 y + (10, 20) = 2 y' + (8, 30), so y' = 2 y + (1, -5).
    assert kernel.by.details["gain"] == bias.by.details["gain"] == 2.0
    assert bias.by.details["offset"] == [1.0, -5.0]


def test_an_access_point_muted_before_stays_without_weight():
    new = _scaler(wifi={"heard": np.ones(3, bool), "span_db": np.float32(25)})
    (rule,) = refit_wifi(_scaler(), new)
    assert rule.by.details == {"span_gain": 0.5, "n_muted": 1, "floor_shift_db": 0.0}
    assert rule.by.apply(None, np.full((3, 1), 8, np.float32)).tolist() == [[4], [4], [0]]


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ({"floor_dbm": np.float32(-90)}, r"floors differ \(-96 and -90 dBm\).*with_floor_of"),
        ({"heard": np.array([True, False, True])}, "mutes 1 access points"),
        ({"heard": np.ones(2, bool)}, "know 3 and 2 access points.*wifi_rows"),
    ],
)
def test_what_cannot_be_folded_exactly_is_refused(levels, says):
    with pytest.raises(InputError, match=says):
        refit_wifi(_scaler(), _scaler(wifi=levels))


def test_another_number_of_channels_is_refused():
    three = _scaler(mag=Moments(np.zeros(3), np.ones(3)))
    with pytest.raises(InputError, match="mag scalers have 1 and 3 channels"):
        refit_lstm("mag", _scaler(), three)


def _without(scaler, name):
    return scaler._replace(inputs={k: v for k, v in scaler.inputs.items() if k != name})


def test_scalers_of_other_modalities_are_refused():
    with pytest.raises(InputError, match=r"of imu, mag, wifi and of imu, wifi; .*modalities"):
        refit(_scaler(), _without(_scaler(), "mag"))


def test_every_leaf_but_the_wifi_rows_has_a_rule():
    params = networks.params(6, 3)
    rules = (Keep("wifi/fc1/kernel"), *refit_around_wifi(_scaler(), _scaler()))
    with pytest.raises(InputError, match="takes or leaves the donor's wifi/fc1/kernel"):
        graft(params, {"d": params}, rules)


def test_a_network_without_wifi_is_refitted_too():
    params = networks.params(6, 3)
    del params["wifi"], params["fusion"]["fc3"]["kernel"]["wifi"]
    old, new = (_without(scaler, "wifi") for scaler in (_scaler(), _scaler(xy_scale_m=2.0)))
    moved, _ = graft(params, {"d": params}, refit(old, new))
    assert np.array_equal(moved["fusion"]["fc4"]["kernel"], 2 * params["fusion"]["fc4"]["kernel"])


def test_with_floor_of_keeps_the_strongest_reading_at_1():
    new = with_floor_of(_scaler(), _scaler(wifi={"floor_dbm": np.float32(-90)}))
    assert (new.inputs["wifi"].floor_dbm, new.inputs["wifi"].span_db) == (-96, 56)
