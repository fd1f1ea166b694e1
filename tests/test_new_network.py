"""A fresh network: by which settings its site is cut, and what it is."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from mtloc_jax.core.model import count
from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings, Window
from mtloc_jax.sites.recordings import Recordings
from mtloc_jax.sites.splits import Split
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.network_card import problem_of, scaler_of, settings_of
from mtloc_jax.surgery.new_network import cut, fresh, settings_for
from tests import networks, walks


def _recordings():
    heard = walks.scans((0, "ap1", -50, 0), (500, "ap2", -60, 0), (500, "ap3", -60, 5000))
    rounds = [walks.walk(k, 3000, name=f"walk{k}", level=k, wifi=heard) for k in range(1, 6)]
    return Recordings("hall", rounds, Split((1, 2, 3), (4,), (5,)), False, Path())


def _donor(**config):
    return Network("donor", {}, networks.card("abc", **config), None)


def test_the_first_donor_that_knows_its_settings_decides():
    foreign = Network("weights.h5", {}, {}, None)
    donors = {"donor1": foreign, "donor2": _donor(hidden=32), "donor3": _donor(hidden=64)}
    assert settings_for("hall", donors) == Settings(hidden=32, target="hall")
    assert settings_for("hall", {"donor": foreign}) == Settings(target="hall")


def test_a_test_round_is_of_one_building():
    donors = {"donor": _donor(target="hall", test_round=3, survey="twice")}
    assert settings_for("hall", donors) == Settings(hidden=6, target="hall", test_round=3)
    assert settings_for("mall", donors) == Settings(hidden=6, target="mall")


def test_every_setting_of_a_site_shapes_it():
    plain = Settings(window=Window(hop_ms=200))
    site = cut(_recordings(), plain)
    assert site.bssids == ("ap1", "ap2")
    assert len(cut(_recordings(), Settings()).round) > len(site.round)
    older = cut(_recordings(), replace(plain, wifi_entry_max_age_ms=9000))
    assert older.bssids == ("ap1", "ap2", "ap3")
    assert cut(_recordings(), replace(plain, test_round=1)).split == Split((3, 4, 5), (2,), (1,))
    assert np.ptp(cut(_recordings(), replace(plain, scaling="round")).windows.inputs["mag"]) == 0
    assert np.ptp(site.windows.inputs["mag"]) > 0
    fewer = cut(_recordings(), replace(plain, modalities=("imu", "wifi")))
    assert set(fewer.shapes()) == {"imu", "wifi"}
    silent = cut(_recordings(), replace(plain, branches="mag")).windows.inputs
    assert not silent["imu"].any()
    assert silent["mag"].any()


def test_a_network_is_of_one_survey():
    with pytest.raises(InputError, match=r"for one survey; set --config\.survey=once"):
        cut(_recordings(), Settings(survey="twice"))


def test_a_fresh_network_is_what_its_card_says():
    settings = Settings(hidden=5, forget_bias=0.5, output="relu", modalities=("imu", "wifi"))
    site = cut(_recordings(), settings)
    network = fresh(site, settings, seed=3)
    assert settings_of(network.card) == settings
    assert network.card["run"]["seed"] == 3
    made = jax.eval_shape(
        problem_of(network.card).network.init,
        jax.random.key(0),
        {name: np.zeros((1, *shape), np.float32) for name, shape in site.shapes().items()},
    )["params"]
    assert jax.tree.map(np.shape, network.params) == jax.tree.map(np.shape, made)
    assert network.params["imu"]["bias"].tolist() == [0] * 5 + [0.5] * 5 + [0] * 10
    # An output that is never negative needs positions from 0 on.
    assert scaler_of(network.card).xy_mean_m.tolist() == [
        *site.windows.xy_m[site.rows("train")].min(axis=0).astype(np.float32)
    ]


def test_the_papers_network_has_the_papers_parameters():
    site = cut(_recordings(), Settings())
    many = tuple(f"{k:04d}" for k in range(750))
    wide = replace(site, bssids=many, wifi_dbm=np.full((len(site.wifi_dbm), 750), np.nan))
    assert count(fresh(wide, Settings(), 0).params) == 295_810
