"""On real recordings: another scaler, frame or order of access points changes no prediction."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest

from mtloc_jax.core.problem import PROBLEMS, positions_m
from mtloc_jax.settings import Settings
from mtloc_jax.sites.recordings import open_recordings
from mtloc_jax.sites.splits import in_use
from mtloc_jax.surgery.graft import Take, graft
from mtloc_jax.surgery.new_network import cut
from mtloc_jax.surgery.refit import at_access_points, refit, refit_frame, with_floor_of
from mtloc_jax.surgery.transforms import wifi_rows
from tests import networks

HIDDEN = 128
PREDICT = jax.jit(partial(positions_m, PROBLEMS["mtloc"](Settings(hidden=HIDDEN))))
ATOL_M = 1e-4
ALL_BUT_FC1 = ("imu", "mag", "fusion", "wifi/fc1/bias", "wifi/fc2")


@pytest.fixture(scope="module", params=["location20/site1/B1", "mmloc/bucharest"])
def site(request, data_dir):
    return cut(open_recordings(request.param, str(data_dir)), Settings())


def _scaler(site, rate):
    train = site.rows("train")
    return site.scaler(train[in_use(site.round[train], site.split.train, rate, 0, "first")])


def _predict(params, scaler, site):
    return np.asarray(PREDICT(params, scaler, site.arrays(site.rows("test"))))


@pytest.fixture(scope="module")
def before(site):
    params, scaler = networks.params(HIDDEN, len(site.bssids)), _scaler(site, 1.0)
    return params, scaler, _predict(params, scaler, site)


def _unmoved(found_m, before_m):
    # A 32-bit position hundreds of metres from its origin is itself known to 3e-5 m.
    np.testing.assert_allclose(found_m, before_m, rtol=0, atol=ATOL_M)


def test_folding_another_scaler_changes_no_prediction(site, before):
    params, old, before_m = before
    new = with_floor_of(old, _scaler(site, 0.5))
    moved, _ = graft(params, {"d": params}, refit(old, new))
    assert float(new.inputs["imu"].std[0]) != float(old.inputs["imu"].std[0])
    _unmoved(_predict(moved, new, site), before_m)


def test_changing_the_frame_changes_no_prediction(site, before):
    params, old, before_m = before
    new = old._replace(xy_mean_m=old.xy_mean_m + np.float32(12.5), xy_scale_m=np.float32(7))
    rest = [Take(name, name) for name in ("imu", "mag", "wifi", "fusion/fc3")]
    moved, _ = graft(params, {"d": params}, [*refit_frame(old, new), *rest])
    _unmoved(_predict(moved, new, site), before_m)


def test_permuting_the_vocabulary_changes_no_prediction(site, before):
    params, old, before_m = before
    order = np.random.default_rng(0).permutation(len(site.bssids))
    bssids = tuple(site.bssids[k] for k in order)
    permuted = replace(site, bssids=bssids, wifi_dbm=site.wifi_dbm[:, order])
    kernel = "wifi/fc1/kernel"
    move = Take(kernel, kernel, by=wifi_rows(site.bssids, bssids))
    moved, _ = graft(params, {"d": params}, [move, *(Take(name, name) for name in ALL_BUT_FC1)])
    _unmoved(_predict(moved, at_access_points(old, order), permuted), before_m)
