"""A modality that is not there: who says so, what stands for it, and how it is judged and kept."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest

from mtloc_jax.core import missing
from mtloc_jax.core.evaluate import judge_clean, make_judge_wiped
from mtloc_jax.core.inputs import metres, scaled
from mtloc_jax.core.model import MTLoc, apply
from mtloc_jax.core.problem import PROBLEMS, positions_m
from mtloc_jax.modalities import MODALITIES, motionless, nothing_heard
from mtloc_jax.settings import Settings, Wipe
from mtloc_jax.surgery.export import read_program, write_export
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.resize import resize, resizes
from tests import networks
from tests.networks import HIDDEN, N_APS, fresh, run, windows

DATA = windows(90)
BRANCHES = ("imu", "mag", "wifi")


def with_absence(params, seed=1):
    """Return parameters with features of absence that are not zero."""
    random = np.random.default_rng(seed)
    hidden = params["fusion"]["fc3"]["bias"].shape[-1]
    absent = {name: random.normal(size=hidden).astype(np.float32) for name in BRANCHES}
    fc3 = params["fusion"]["fc3"] | {"absent": absent}
    return params | {"fusion": params["fusion"] | {"fc3": fc3}}


def problem(presence):
    return PROBLEMS["mtloc"](Settings(hidden=HIDDEN, presence=presence))


PARAMS = with_absence(jax.tree.map(lambda leaf: leaf[0], fresh()))
PUBLISHED = jax.tree.map(lambda leaf: leaf[0], fresh())
SCALER = run(PUBLISHED, DATA).scaler
INPUTS = scaled(DATA, SCALER, slice(None))
JUDGED = (PUBLISHED, SCALER, DATA)
TOLD, SEEN = problem("told"), problem("seen")


def test_only_a_network_with_presence_has_features_of_absence():
    made = fresh(network=MTLoc(HIDDEN, presence="told"))
    absent = made["fusion"]["fc3"].pop("absent")
    assert {name: leaf.shape for name, leaf in absent.items()} == dict.fromkeys(
        BRANCHES, (1, HIDDEN)
    )
    assert not any(leaf.any() for leaf in absent.values())
    assert jax.tree.structure(made) == jax.tree.structure(fresh())
    for ours, published in zip(jax.tree.leaves(made), jax.tree.leaves(fresh()), strict=True):
        np.testing.assert_array_equal(ours, published)  # drawn as the published network's are


@pytest.mark.parametrize("presence", ["told", "seen"])
def test_while_all_is_there_presence_changes_nothing(presence):
    heard = {**INPUTS, "wifi": np.maximum(INPUTS["wifi"], 0.1)}
    ours = apply(problem(presence).network, PARAMS, heard)
    np.testing.assert_array_equal(ours, apply(problem("none").network, PUBLISHED, heard))


@pytest.mark.parametrize("modality", BRANCHES)
def test_what_is_told_to_be_lost_is_not_read_and_its_learned_features_stand_for_it(modality):
    lost = np.arange(90) % 3 == 0
    spoilt = {**INPUTS, modality: missing.wiped(INPUTS[modality], lost, np.float32(1e6))}
    ours = apply(TOLD.network, PARAMS, spoilt, 1.0, None, {modality: lost})
    features = {
        name: np.asarray(apply(TOLD.network, PARAMS, name, x, method="encode"))
        for name, x in INPUTS.items()
    }
    fc3, fc4 = PARAMS["fusion"]["fc3"], PARAMS["fusion"]["fc4"]
    features[modality] = np.where(lost[:, None], fc3["absent"][modality], features[modality])
    joined = sum(features[name] @ fc3["kernel"][name] for name in BRANCHES) + fc3["bias"]
    hand = np.maximum(joined, 0) @ fc4["kernel"] + fc4["bias"]
    np.testing.assert_allclose(ours, hand, atol=1e-4)


def test_a_sensor_that_stands_still_and_a_scan_that_heard_nothing_are_seen():
    moving, still = np.zeros((2, 3, 2), np.float32)
    moving[2, 1] = 1e-6
    assert motionless(np.stack([moving, still + 7])).tolist() == [False, True]
    assert motionless(np.ones((2, 1, 2), np.float32)).tolist() == [False, False]  # one sample
    assert nothing_heard(np.array([[0, 0.0], [0, 1e-6]])).tolist() == [True, False]


def test_seen_to_be_absent_is_as_told_and_not_told_is_read():
    still = {**INPUTS, "imu": np.full_like(INPUTS["imu"], 0.25)}
    everywhere = {"imu": np.ones(90, bool), "wifi": nothing_heard(INPUTS["wifi"])}
    told = apply(TOLD.network, PARAMS, still, 1.0, None, everywhere)
    np.testing.assert_array_equal(apply(SEEN.network, PARAMS, still), told)
    assert not np.allclose(apply(TOLD.network, PARAMS, still), told, atol=1e-2)


@pytest.mark.parametrize(
    ("of", "notice", "mode"),
    [(TOLD, "told", "windows"), (TOLD, "told", "samples"), (SEEN, "silent", "bursts")],
    ids=["told", "told-samples", "seen"],
)
def test_the_judges_shortcut_is_the_whole_network_told_of_whole_windows(of, notice, mode):
    wipe = Wipe(drop_rates=(0.0, 0.4, 1.0), seeds=2, burst_windows=10, mode=mode, notice=notice)
    wiped = jax.jit(make_judge_wiped(of, wipe))(PARAMS, SCALER, DATA)
    for m, modality in enumerate(BRANCHES):
        key = jax.random.fold_in(jax.random.key(1), m)
        x, blank = INPUTS[modality], MODALITIES[modality].blank("least", SCALER.inputs[modality])
        draw = missing.draw(key, mode, x, wipe.burst_windows)
        for at, rate in enumerate(wipe.drop_rates):
            gone = np.asarray(draw < rate)
            left = INPUTS | {modality: missing.wiped(x, gone, blank)}
            said = {modality: gone.reshape(90, -1).all(axis=1)} if notice == "told" else None
            predicted = metres(apply(of.network, PARAMS, left, 1.0, None, said), SCALER)
            error_m = np.linalg.norm(predicted - DATA.target, axis=1)
            np.testing.assert_allclose(wiped.metrics[m, 1, at, 0], error_m.mean(), atol=1e-4)


def test_a_published_network_cannot_be_told():
    wipe, of = Wipe(drop_rates=(0.0, 0.4), seeds=1), problem("none")
    silent, told = (
        str(jax.make_jaxpr(make_judge_wiped(of, replace(wipe, notice=notice)))(*JUDGED))
        for notice in ("silent", "told")
    )
    assert silent == told


def test_wiping_a_still_sensor_needs_no_word_where_the_network_sees():
    silent, told = (
        jax.jit(make_judge_wiped(SEEN, Wipe(drop_rates=(0.0, 0.4), seeds=1, notice=notice)))(
            PARAMS, SCALER, DATA
        ).metrics
        for notice in ("silent", "told")
    )
    np.testing.assert_allclose(silent, told, atol=1e-5)
    clean = judge_clean(SEEN, PARAMS, SCALER, DATA).metrics
    np.testing.assert_allclose(told[:, 0, 0], np.tile(clean, (3, 1)), atol=1e-4)


def test_features_of_absence_are_resized_with_their_branch():
    before = with_absence(networks.params(4, N_APS))
    after, report = graft(
        with_absence(networks.params(6, N_APS, 9)), {"d": before}, resize(resizes(before, 6))
    )
    assert after["fusion"]["fc3"]["absent"]["wifi"].shape == (6,)
    lost = {name: np.ones(4, bool) for name in ("imu", "wifi")}
    small, large = (
        apply(MTLoc(size, presence="told"), tree, networks.inputs(N_APS), 1.0, None, lost)
        for size, tree in ((4, before), (6, after))
    )
    np.testing.assert_allclose(small, large, atol=1e-5)
    assert {entry.action for entry in report.entries} == {"transform", "take"}


def test_an_exported_network_sees_for_itself_what_is_not_there(tmp_path):
    params = with_absence(networks.params(6, 5))
    card = networks.card("abcde", presence="seen")
    write_export(tmp_path / "net", params, card)
    imu, mag = np.full((3, 10, 2), 9.8, np.float32), np.full((3, 10, 1), 45, np.float32)
    wifi_dbm = np.full((3, 5), np.nan, np.float32)
    found = read_program(tmp_path / "net")(imu, mag, wifi_dbm)
    lost = {name: np.ones(3, bool) for name in BRANCHES}
    made = PROBLEMS["mtloc"](Settings(hidden=6, presence="told"))
    scaler = networks.scaler(5)
    inputs = scaled(networks.arrays(imu, mag, wifi_dbm), scaler, slice(None))
    told = metres(apply(made.network, params, inputs, 1.0, None, lost), scaler)
    np.testing.assert_allclose(found, told, atol=1e-4)
    seen = PROBLEMS["mtloc"](Settings(hidden=6, presence="seen"))
    located = jax.jit(partial(positions_m, seen))(
        params, scaler, networks.arrays(imu, mag, wifi_dbm)
    )
    np.testing.assert_allclose(found, located, atol=1e-4)
