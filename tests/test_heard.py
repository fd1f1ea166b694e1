"""Networks that hear fewer modalities: what they are fed, and what cannot reach them."""

import jax
import numpy as np
import pytest

from mtloc_jax.core.evaluate import predict
from mtloc_jax.core.model import MTLoc
from mtloc_jax.errors import InputError
from mtloc_jax.sites.heard import SUBSETS, hearing
from tests import networks
from tests.test_site import four, recorded, same, site_of
from tests.walks import scans


def fed(site):
    return site.arrays(np.arange(len(site.round)))


def test_every_subset_can_be_named_in_the_order_of_the_whole():
    assert SUBSETS == ("imu+mag+wifi", "imu+mag", "imu+wifi", "mag+wifi", "imu", "mag", "wifi")


@pytest.mark.parametrize("branches", ["", "gps", "imu+imu", "wifi+imu", "imu+mag+wifi+imu"])
def test_unknown_repeated_and_disordered_names_are_answered_with_the_choices(branches):
    with pytest.raises(InputError, match=r"one of imu\+mag\+wifi, imu\+mag, "):
        hearing(site_of(four()), branches)


def test_a_sensor_not_heard_reads_0_and_wifi_is_not_heard():
    site = site_of(four())
    arrays = fed(hearing(site, "imu"))
    assert not arrays.mag.any()
    assert np.isnan(arrays.wifi_dbm[arrays.scan]).all()
    assert same([arrays.imu, arrays.xy_m], [fed(site).imu, fed(site).xy_m])
    assert not fed(hearing(site, "mag+wifi")).imu.any()
    assert same(fed(hearing(site, "imu+mag+wifi")), fed(site))


def test_its_scaler_leaves_it_at_0_in_network_units():
    site = hearing(site_of(four()), "wifi")
    scaler = site.scaler(site.rows("train"))
    assert (scaler.imu_mean.tolist(), scaler.imu_std.tolist()) == ([0, 0], [1, 1])
    assert (scaler.mag_mean.tolist(), scaler.mag_std.tolist()) == ([0], [1])
    deaf = hearing(site_of(four()), "imu+mag")
    assert not deaf.scaler(deaf.rows("train")).wifi_heard.any()


@pytest.mark.parametrize("branches", SUBSETS)
def test_a_prediction_depends_on_what_is_heard_and_on_nothing_else(branches):
    def located(**changed):
        """Locate with one scaler, that of unchanged recordings."""
        heard = hearing(site_of(four(**changed)), branches)
        scaler = hearing(site_of(four()), branches)
        fitted = scaler.scaler(scaler.rows("train"))
        return np.asarray(predict(MTLoc(6), params, fitted, fed(heard)))

    params = networks.params(6, len(site_of(four()).bssids), seed=3)
    plain = located()
    stronger = scans((500, "all", -30, 0), (500, "only-1", -41, 0))
    louder = recorded(1, wifi=stronger)
    assert np.array_equal(located(round_1=louder), plain) == ("wifi" not in branches)
    field = recorded(1)
    field = field.__class__(**{**vars(field), "mag": recorded(9).mag})
    assert np.array_equal(located(round_1=field), plain) == ("mag" not in branches)
    shaken = field.__class__(**{**vars(recorded(1)), "accel": recorded(9).accel})
    assert np.array_equal(located(round_1=shaken), plain) == ("imu" not in branches)


def test_a_branch_that_hears_nothing_acts_as_a_bias():
    site = hearing(site_of(four()), "imu+wifi")
    params = networks.params(6, len(site.bssids), seed=1)
    scaler = site.scaler(site.rows("train"))
    features = MTLoc(6).apply(
        {"params": params}, "mag", np.zeros((1, 10, 1), np.float32), method=MTLoc.encode
    )
    folded = jax.tree.map(np.array, params)
    kernel = folded["fusion"]["fc3"]["kernel"]
    folded["fusion"]["fc3"]["bias"] += np.asarray(features)[0] @ kernel[12:]
    kernel[12:] = 0
    whole, without = (predict(MTLoc(6), p, scaler, fed(site)) for p in (params, folded))
    np.testing.assert_allclose(whole, without, atol=1e-5)
