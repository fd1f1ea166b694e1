"""What is exported predicts what the network predicts, without this package."""

import json
import subprocess
import sys
from functools import partial

import jax
import numpy as np
import pytest

from mtloc_jax.core.problem import PROBLEMS, positions_m
from mtloc_jax.errors import InputError
from mtloc_jax.prediction.by_network import ByNetwork
from mtloc_jax.prediction.live import located
from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import levels_over
from mtloc_jax.sites.windows import cut
from mtloc_jax.surgery.export import CARD, PROGRAM, WEIGHTS, locator, read_program, write_export
from mtloc_jax.surgery.network import Network, read_network
from mtloc_jax.surgery.network_card import scaler_of
from mtloc_jax.surgery.tree import tree_digest
from tests import networks
from tests import walks as made_up

BSSIDS = "abcde"
PROBLEM = PROBLEMS["mtloc"](Settings(hidden=6))


def _windows(n=30):
    random = np.random.default_rng(1)
    wifi_dbm = random.uniform(-100, -30, (n, len(BSSIDS))).astype(np.float32)
    wifi_dbm[random.random(wifi_dbm.shape) < 0.4] = np.nan
    imu = random.normal(9, 1, (n, 10, 2)).astype(np.float32)
    return imu, random.normal(45, 5, (n, 10, 1)).astype(np.float32), wifi_dbm


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "net"
    write_export(folder, networks.params(6, len(BSSIDS)), networks.card(BSSIDS))
    return folder


def _expected(windows):
    scaler = scaler_of(networks.card(BSSIDS))
    found = jax.jit(partial(positions_m, PROBLEM))(
        networks.params(6, len(BSSIDS)), scaler, networks.arrays(*windows)
    )
    return np.asarray(found)


def test_a_fresh_process_without_this_package_gets_the_same_metres(exported, tmp_path):
    windows = _windows()
    for name, array in zip(("imu", "mag", "wifi"), windows, strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    script = f"""
import sys
sys.modules["mtloc_jax"] = None
import numpy as np
from jax import export
program = export.deserialize(bytearray(open({str(exported / PROGRAM)!r}, "rb").read()))
windows = [np.load({str(tmp_path)!r} + f"/{{name}}.npy") for name in ("imu", "mag", "wifi")]
np.save({str(tmp_path / "out.npy")!r}, program.call(*windows))
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), _expected(windows), rtol=0, atol=1e-5)
    in_process = read_program(exported)(*windows)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), in_process, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n", [1, 7])
def test_the_program_takes_any_number_of_windows(exported, n):
    windows = _windows(n)
    found = read_program(exported)(*windows)
    assert found.shape == (n, 2)
    np.testing.assert_allclose(found, _expected(windows), rtol=0, atol=1e-5)


def test_the_locator_is_what_the_studies_judge():
    locate = jax.jit(locator(networks.params(6, len(BSSIDS)), networks.card(BSSIDS)))
    np.testing.assert_allclose(locate(*_windows()), _expected(_windows()), rtol=0, atol=1e-5)


def test_the_program_reads_modalities_in_the_order_of_the_card(tmp_path):
    card = networks.card(BSSIDS)
    card["site"]["shapes"] = {name: card["site"]["shapes"][name] for name in ("wifi", "mag", "imu")}
    write_export(tmp_path / "net", networks.params(6, len(BSSIDS)), card)
    found = read_program(tmp_path / "net")(*_windows()[::-1])
    np.testing.assert_allclose(found, _expected(_windows()), rtol=0, atol=1e-5)


def test_a_network_of_fewer_modalities_is_exported_as_one(tmp_path):
    card, params = networks.card(BSSIDS, modalities=["imu", "wifi"]), networks.params(6, 5)
    del card["site"]["shapes"]["mag"], card["run"]["scaler"]["inputs"]["mag"]
    del params["mag"], params["fusion"]["fc3"]["kernel"]["mag"]
    write_export(tmp_path / "net", params, card)
    imu, _, wifi_dbm = _windows()
    whole = networks.params(6, 5)
    whole["fusion"]["fc3"]["kernel"]["mag"] *= 0
    wanted = jax.jit(locator(whole, networks.card(BSSIDS)))(*_windows())
    found = read_program(tmp_path / "net")(imu, wifi_dbm)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("branches", ["imu", "wifi", "mag+wifi"])
def test_what_training_silenced_is_silent_in_the_program_too(tmp_path, branches):
    card = networks.card(BSSIDS, branches=branches)
    write_export(tmp_path / "net", networks.params(6, len(BSSIDS)), card)
    found = read_program(tmp_path / "net")(*_windows())
    silence = {"imu": 0.0, "mag": 0.0, "wifi": np.nan}
    seen = [
        x if name in branches.split("+") else np.full_like(x, silence[name])
        for name, x in zip(silence, _windows(), strict=True)
    ]
    np.testing.assert_allclose(found, _expected(seen), rtol=0, atol=1e-5)
    assert not np.allclose(found, _expected(_windows()), atol=1e-2)


@pytest.mark.parametrize("branches", ["all", "imu"])
def test_a_log_is_located_by_the_export_as_by_the_network(tmp_path, branches):
    card, params = networks.card(BSSIDS, branches=branches), networks.params(6, len(BSSIDS))
    heard = ((t_ms, bssid, -40.0 - k, 0) for t_ms in (0, 2000) for k, bssid in enumerate("abx"))
    log = made_up.walk(1, 4000, level=9.0, wifi=made_up.scans(*heard))
    windows = cut(log, Settings().window, ("imu", "mag", "wifi"))
    wifi_dbm = levels_over(log.wifi, np.array(list(BSSIDS)))[windows.scan]
    write_export(tmp_path / "net", params, card)
    told = read_program(tmp_path / "net")(*windows.inputs.values(), wifi_dbm)
    said = located(ByNetwork(Network("net", params, card, None)), log)
    np.testing.assert_allclose(said.xy_m, told, rtol=0, atol=1e-4)


def test_a_network_of_stretched_rounds_is_neither_exported_nor_asked(tmp_path):
    card, params = networks.card(BSSIDS, scaling="round"), networks.params(6, len(BSSIDS))
    with pytest.raises(InputError, match="this network was trained on rounds stretched one by"):
        write_export(tmp_path / "net", params, card)
    with pytest.raises(InputError, match="runs@0: this network was trained on rounds stretched"):
        ByNetwork(Network("runs@0", params, card, None))
    assert not list(tmp_path.iterdir())


def test_a_relu_network_is_exported_as_one(tmp_path):
    card = networks.card(BSSIDS, output="relu")
    write_export(tmp_path / "net", networks.params(6, len(BSSIDS)), card)
    least_m = scaler_of(card).xy_mean_m
    cut = np.maximum(_expected(_windows()), least_m)
    assert not np.allclose(cut, _expected(_windows()), atol=1e-2)
    np.testing.assert_allclose(read_program(tmp_path / "net")(*_windows()), cut, rtol=0, atol=1e-5)


def test_the_weights_come_back_with_their_card(exported):
    network = read_network(str(exported / WEIGHTS))
    assert tree_digest(network.params) == tree_digest(networks.params(6, len(BSSIDS)))
    assert network.card == networks.card(BSSIDS)


def test_a_folder_in_use_is_not_overwritten(exported):
    with pytest.raises(InputError, match="net: this folder exists"):
        write_export(exported, networks.params(6, len(BSSIDS)), networks.card(BSSIDS))


def _pretrained():
    head = {"kernel": np.ones((6, 2), np.float32), "bias": np.zeros(2, np.float32)}
    return {"imu": networks.params(6, 5)["imu"], "head": head}


@pytest.mark.parametrize(
    ("params", "card", "says"),
    [
        (networks.params(6, 5), networks.card("abcd"), r"fc1/kernel is \(5, 6\), .* \(4, 6\)"),
        (networks.params(6, 5), networks.card(BSSIDS, hidden=8), r"fc3/bias is \(6,\), .* \(8,\)"),
        (_pretrained(), networks.card(BSSIDS), "fusion/fc3/bias is absent"),
    ],
)
def test_a_card_of_another_network_is_refused(tmp_path, params, card, says):
    with pytest.raises(InputError, match=says):
        write_export(tmp_path / "net", params, card)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_network_that_diverged_is_not_handed_on(tmp_path, value):
    params = networks.params(6, 5)
    params["mag"]["bias"][3] = value
    with pytest.raises(InputError, match="mag/bias holds a value that is not a finite number"):
        write_export(tmp_path / "net", params, networks.card(BSSIDS))
    assert not list(tmp_path.iterdir())


def test_a_network_without_scaler_cannot_be_exported(tmp_path):
    with pytest.raises(InputError, match="holds no scaler"):
        write_export(tmp_path / "net", networks.params(6, 5), {"site": {"name": "x"}})


def test_a_network_whose_card_says_nothing_of_what_it_reads_is_named(tmp_path):
    params, card = networks.params(6, len(BSSIDS)), networks.card(BSSIDS)
    with pytest.raises(InputError, match=r"w\.h5: the card .* does not say what it reads"):
        ByNetwork(Network("w.h5", params, {}, None))
    del card["site"]["shapes"]
    with pytest.raises(InputError, match=r"the card .*\(site1/B1\) does not say what it reads"):
        write_export(tmp_path / "net", params, card)


def test_a_damaged_export_is_named(tmp_path):
    folder = tmp_path / "net"
    write_export(folder, networks.params(6, len(BSSIDS)), networks.card(BSSIDS))
    program = bytearray((folder / PROGRAM).read_bytes())
    program[len(program) // 2] ^= 1
    (folder / PROGRAM).write_bytes(program)
    with pytest.raises(InputError, match=r"network\.stablehlo: is not what was exported"):
        read_program(folder)
    (folder / CARD).write_text(json.dumps([]))
    with pytest.raises(InputError, match="net: this is not a whole export"):
        read_program(folder)
