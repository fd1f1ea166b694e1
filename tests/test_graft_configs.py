"""The shipped rules do what their docstrings say."""

import importlib
from functools import partial

import jax
import numpy as np
import pytest

from mtloc_jax.core.problem import positions_m
from mtloc_jax.errors import InputError
from mtloc_jax.surgery.checkpoint import plain
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.grafting import check_positions
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.network_card import problem_of, scaler_of
from mtloc_jax.surgery.refit import with_levels
from tests import networks

OLD, NEW = "abcdef", "fxdbc"


def _graft(rules, target, **donors):
    module = importlib.import_module(f"configs.graft.{rules}")
    trees = {name: donor.params for name, donor in donors.items()}
    return graft(target.params, trees, module.get_rules(target, donors))


def _network(seed, bssids=OLD, **config):
    config = {"hidden": 6} | config
    params = networks.params(config["hidden"], len(bssids), seed)
    return Network(f"net{seed}", params, networks.card(bssids, seed, **config), None)


def _pretrained(seed):
    head = {"kernel": np.ones((6, 2), np.float32), "bias": np.zeros(2, np.float32)}
    return Network(
        "pretrained", {"imu": networks.params(6, 3, seed)["imu"], "head": head}, {}, None
    )


@pytest.mark.parametrize("donor", [_pretrained(1), _network(1)])
def test_imu_takes_the_imu_branch_alone(donor):
    params, report = _graft("imu", _network(2, NEW), donor=donor)
    taken = [entry.path for entry in report.entries if entry.action == "take"]
    assert taken == ["imu/bias", "imu/kernel", "imu/recurrent_kernel"]
    assert np.array_equal(params["imu"]["kernel"], donor.params["imu"]["kernel"])
    assert report.totals()["transform"] == (0, 0)


def test_soup_averages_the_imu_branches():
    donors = {f"donor{k}": _pretrained(k) for k in (1, 2, 3)}
    params, _ = _graft("soup", _network(4, NEW), **donors)
    mean = np.mean([donor.params["imu"]["bias"] for donor in donors.values()], axis=0)
    np.testing.assert_allclose(params["imu"]["bias"], mean, rtol=1e-5)


def test_keras_takes_the_layer_it_names():
    donor = Network(
        "weights.h5",
        {"lstm": networks.params(6, 3, 1)["imu"], "dense": {"k": np.ones(1)}},
        {},
        None,
    )
    params, _ = _graft("keras", _network(2, NEW), donor=donor)
    assert np.array_equal(params["imu"]["kernel"], donor.params["lstm"]["kernel"])


def test_resurvey_carries_wifi_rows_by_access_point():
    donor, target = _network(1), _network(2, NEW)
    params, report = _graft("resurvey", target, donor=donor)
    details = next(e.details for e in report.entries if e.path == "wifi/fc1/kernel")
    assert (details["carried"], details["new"]) == (["f", "d", "b", "c"], ["x"])
    assert details["dropped"] == ["a", "e"]
    rows, old = np.asarray(params["wifi"]["fc1"]["kernel"]), donor.params["wifi"]["fc1"]["kernel"]
    np.testing.assert_allclose(rows[0], old[5] * details["span_gain"], rtol=1e-6)
    assert np.array_equal(rows[1], target.params["wifi"]["fc1"]["kernel"][1])


def test_resurvey_keeps_every_prediction_where_the_floor_stayed():
    donor, target = _network(1, OLD), _network(2, OLD[::-1])
    old, new = scaler_of(donor.card), scaler_of(target.card)
    floor_dbm = old.inputs["wifi"].floor_dbm
    new = with_levels(new, new.inputs["wifi"]._replace(floor_dbm=floor_dbm))
    target.card["run"]["scaler"] = plain(new.plain())
    params, _ = _graft("resurvey", target, donor=donor)
    random = np.random.default_rng(0)
    imu, mag = random.normal(9, 1, (20, 10, 2)), random.normal(45, 5, (20, 10, 1))
    wifi_dbm = random.uniform(-90, -40, (20, 6))
    wifi_dbm[random.random(wifi_dbm.shape) < 0.3] = np.nan
    locate = jax.jit(partial(positions_m, problem_of(donor.card)))
    before = locate(donor.params, old, networks.arrays(imu, mag, wifi_dbm))
    after = locate(params, new, networks.arrays(imu, mag, wifi_dbm[:, ::-1]))
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-4)


def _without_wifi(seed):
    made = _network(seed, modalities=["imu", "mag"])
    del made.card["site"]["shapes"]["wifi"], made.card["run"]["scaler"]["inputs"]["wifi"]
    del made.params["wifi"], made.params["fusion"]["fc3"]["kernel"]["wifi"]
    return made


def test_resurvey_takes_a_network_without_wifi_and_refuses_one_of_other_modalities():
    donor, target = _without_wifi(1), _without_wifi(2)
    params, report = _graft("resurvey", target, donor=donor)
    assert params.keys() == {"imu", "mag", "fusion"}
    assert report.totals()["keep"] == (0, 0)
    for ours, theirs in ((_network(2), donor), (target, _network(1))):
        with pytest.raises(InputError, match=r"scalers are of .*; give the new network the donor"):
            _graft("resurvey", ours, donor=theirs)


def test_wider_keeps_every_prediction():
    donor, target = _network(1), _network(1, hidden=9)
    params, _ = _graft("wider", target, donor=donor)
    windows = networks.inputs(len(OLD))
    before, after = networks.apply(donor.params, windows), networks.apply(params, windows)
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-5)


def test_wider_refuses_another_scaler():
    with pytest.raises(InputError, match="scaler is not this site's"):
        _graft("wider", _network(2, hidden=9), donor=_network(1))


def test_branches_of_a_relu_network_may_be_taken_its_positions_not():
    relu = _network(1, output="relu")
    _, of_branches = _graft("imu", _network(2, NEW), donor=relu)
    check_positions(of_branches, {"donor": relu}, "linear")
    _, of_all = _graft("resurvey", _network(2, NEW), donor=relu)
    with pytest.raises(InputError, match=r"donor was trained with the output 'relu'.*Keep fusion"):
        check_positions(of_all, {"donor": relu}, "linear")
    check_positions(of_all, {"donor": relu}, "relu")
    check_positions(of_all, {"donor": _network(1)}, "linear")
    older = _network(1, hiden=6)  # its branches may be taken all the same
    check_positions(of_branches, {"donor": older}, "linear")


@pytest.mark.parametrize("rules", ["imu", "keras", "soup"])
def test_a_network_of_other_branches_keeps_what_it_has(rules):
    target = _network(2, NEW)
    del target.params["mag"], target.params["fusion"]["fc3"]["kernel"]["mag"]
    imu = networks.params(6, 3, 1)["imu"]
    tree = {"lstm": imu} if rules == "keras" else {"imu": imu}
    params, _ = _graft(rules, target, donor=Network("donor", tree, {}, None))
    assert params.keys() == {"imu", "wifi", "fusion"}
    np.testing.assert_allclose(params["imu"]["bias"], imu["bias"], rtol=1e-6)
