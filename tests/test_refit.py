"""A network moved to another scaler predicts the same metres."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.core.evaluate import predict
from mtloc_jax.core.model import MTLoc
from mtloc_jax.errors import InputError
from mtloc_jax.sites.scaling import Scaler, fit
from mtloc_jax.sites.site import Arrays
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.refit import refit, refit_frame, refit_lstm, refit_wifi, with_floor_of
from tests import networks

NETWORK = MTLoc(hidden=6)


def _data(seed=0, n=40, aps=5):
    random = np.random.default_rng(seed)
    wifi = random.uniform(-95, -40, (n, aps))
    wifi[random.random((n, aps)) < 0.4] = np.nan
    return Arrays(
        random.normal((9.8, 0.5), (1.5, 0.4), (n, 10, 2)).astype(np.float32),
        random.normal(45, 6, (n, 10, 1)).astype(np.float32),
        wifi.astype(np.float32),
        np.arange(n, dtype=np.int32),
        random.uniform(0, 60, (n, 2)).astype(np.float32),
    )


def _fit(data):
    return fit(data.imu, data.mag, data.wifi_dbm, data.scan, data.xy_m)


PREDICT = jax.jit(predict, static_argnums=0)


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.integers(0, 99))
def test_a_refitted_network_predicts_the_same_metres(seed):
    data, others = _data(seed), _data(seed + 1)
    old = _fit(data)
    new = with_floor_of(old, _fit(others))
    params = networks.params(6, 5, seed)
    moved, _ = graft(params, {"d": params}, refit(old, new))
    before, after = (PREDICT(NETWORK, p, s, others) for p, s in ((params, old), (moved, new)))
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


def _scaler(**changes):
    plain = Scaler(
        imu_mean=np.array([10.0, 1.0]),
        imu_std=np.array([2.0, 0.5]),
        mag_mean=np.array([40.0]),
        mag_std=np.array([5.0]),
        wifi_floor_dbm=np.float32(-96),
        wifi_span_db=np.float32(50),
        wifi_heard=np.array([True, True, False]),
        wifi_mean=np.zeros(3),
        xy_mean_m=np.array([10.0, 20.0]),
        xy_scale_m=np.float32(4),
    )
    return plain._replace(**changes)


def test_refit_numbers_worked_by_hand():
    kernel, recurrent, bias = refit_lstm(
        "imu", _scaler(), _scaler(imu_mean=np.array([12.0, 1.0]), imu_std=np.array([1.0, 1.0]))
    )
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
    new = _scaler(wifi_heard=np.ones(3, bool), wifi_span_db=np.float32(25))
    by = refit_wifi(_scaler(), new)[0].by
    assert by.details == {"span_gain": 0.5, "n_muted": 1, "floor_shift_db": 0.0}
    assert by.apply(None, np.full((3, 1), 8, np.float32)).tolist() == [[4], [4], [0]]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"wifi_floor_dbm": np.float32(-90)}, r"floors differ \(-96 and -90 dBm\).*with_floor_of"),
        ({"wifi_heard": np.array([True, False, True])}, "mutes 1 access points"),
        ({"wifi_heard": np.ones(2, bool)}, "know 3 and 2 access points.*wifi_rows"),
    ],
)
def test_what_cannot_be_folded_exactly_is_refused(changes, says):
    with pytest.raises(InputError, match=says):
        refit_wifi(_scaler(), _scaler(**changes))


def test_another_number_of_channels_is_refused():
    three = _scaler(mag_mean=np.zeros(3), mag_std=np.ones(3))
    with pytest.raises(InputError, match="mag scalers have 1 and 3 channels"):
        refit_lstm("mag", _scaler(), three)


def test_with_floor_of_keeps_the_strongest_reading_at_1():
    new = with_floor_of(_scaler(), _scaler(wifi_floor_dbm=np.float32(-90)))
    assert (new.wifi_floor_dbm, new.wifi_span_db) == (-96, 56)
