"""A modality that is not there: who says so, what stands for it, and how it is judged and kept."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from mtloc_jax.core import missing
from mtloc_jax.core.evaluate import make_judge_wiped
from mtloc_jax.core.inputs import metres, scaled
from mtloc_jax.core.model import MTLoc, apply
from mtloc_jax.core.problem import PROBLEMS
from mtloc_jax.modalities import MODALITIES, motionless, nothing_heard
from mtloc_jax.settings import Settings, Wipe
from mtloc_jax.surgery.export import read_program, write_export
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.resize import resize, resizes
from tests import networks
from tests.networks import HIDDEN, N_APS, run, windows

BRANCHES = ("imu", "wifi")
N = 60
_ALL = windows(N)
DATA = _ALL._replace(inputs={name: _ALL.inputs[name] for name in BRANCHES})


def problem(presence, hidden=HIDDEN):
    made = Settings(hidden=hidden, modalities=BRANCHES, presence=presence)
    return PROBLEMS["mtloc"](made)


def params(hidden=HIDDEN, n_aps=N_APS, branches=BRANCHES, absent=True, seed=0):
    """Return plausible parameters of these branches, features of absence among them."""
    tree, random = networks.params(hidden, n_aps, seed), np.random.default_rng(seed)
    fc3 = tree["fusion"]["fc3"]
    fc3 = fc3 | {"kernel": {name: fc3["kernel"][name] for name in branches}}
    if absent:
        fc3["absent"] = {n: random.normal(size=hidden).astype(np.float32) for n in branches}
    return {name: tree[name] for name in branches} | {"fusion": tree["fusion"] | {"fc3": fc3}}


PARAMS, PUBLISHED = params(), params(absent=False)
SCALER = run(PUBLISHED, DATA).scaler
INPUTS = scaled(DATA, SCALER, slice(None))
TOLD, SEEN = problem("told"), problem("seen")


@jax.jit
def told(tree, inputs, lost):
    return apply(TOLD.network, tree, inputs, 1.0, None, lost)


@jax.jit
def seen(tree, inputs):
    return apply(SEEN.network, tree, inputs)


def test_only_a_network_with_presence_has_features_of_absence():
    def shapes(presence):
        network, example = problem(presence).network, {n: x[:1] for n, x in INPUTS.items()}
        return jax.eval_shape(lambda: network.init(jax.random.key(0), example)["params"])

    made = shapes("told")
    absent = made["fusion"]["fc3"].pop("absent")
    assert {name: leaf.shape for name, leaf in absent.items()} == dict.fromkeys(BRANCHES, (HIDDEN,))
    assert made == shapes("none")


def test_while_all_is_there_presence_changes_nothing():
    heard = {**INPUTS, "wifi": np.maximum(INPUTS["wifi"], 0.1)}
    nothing = dict.fromkeys(BRANCHES, np.zeros(N, bool))
    published = jax.jit(lambda: apply(problem("none").network, PUBLISHED, heard))()
    np.testing.assert_allclose(told(PARAMS, heard, nothing), published, atol=1e-6)
    np.testing.assert_allclose(seen(PARAMS, heard), published, atol=1e-6)


@pytest.mark.parametrize("modality", BRANCHES)
def test_what_is_told_to_be_lost_is_not_read_and_its_learned_features_stand_for_it(modality):
    lost = np.arange(N) % 3 == 0
    said = dict.fromkeys(BRANCHES, np.zeros(N, bool)) | {modality: lost}
    spoilt = {**INPUTS, modality: missing.wiped(INPUTS[modality], lost, np.float32(1e6))}
    features = {
        name: np.asarray(apply(TOLD.network, PARAMS, name, x, method="encode"))
        for name, x in INPUTS.items()
    }
    fc3, fc4 = PARAMS["fusion"]["fc3"], PARAMS["fusion"]["fc4"]
    features[modality] = np.where(lost[:, None], fc3["absent"][modality], features[modality])
    joined = sum(features[name] @ fc3["kernel"][name] for name in BRANCHES) + fc3["bias"]
    hand = np.maximum(joined, 0) @ fc4["kernel"] + fc4["bias"]
    np.testing.assert_allclose(told(PARAMS, spoilt, said), hand, atol=1e-4)


def test_a_sensor_that_stands_still_and_a_scan_that_heard_nothing_are_seen():
    moving, still = np.zeros((2, 3, 2), np.float32)
    moving[2, 1] = 1e-6
    assert motionless(np.stack([moving, still + 7])).tolist() == [False, True]
    assert motionless(np.ones((2, 1, 2), np.float32)).tolist() == [False, False]  # one sample
    assert nothing_heard(np.array([[0, 0.0], [0, 1e-6]])).tolist() == [True, False]


def test_seen_to_be_absent_is_as_told_and_not_told_is_read():
    still = {**INPUTS, "imu": np.full_like(INPUTS["imu"], 0.25)}
    everywhere = {"imu": np.ones(N, bool), "wifi": nothing_heard(INPUTS["wifi"])}
    as_told = told(PARAMS, still, everywhere)
    np.testing.assert_allclose(seen(PARAMS, still), as_told, atol=1e-6)
    unsaid = dict.fromkeys(BRANCHES, np.zeros(N, bool))
    assert not np.allclose(told(PARAMS, still, unsaid), as_told, atol=1e-2)


@pytest.mark.parametrize(
    ("of", "notice", "mode"),
    [(TOLD, "told", "windows"), (TOLD, "told", "samples"), (SEEN, "silent", "bursts")],
    ids=["told", "told-samples", "seen"],
)
def test_the_judges_shortcut_is_the_whole_network_told_of_whole_windows(of, notice, mode):
    wipe = Wipe(drop_rates=(0.0, 0.4, 1.0), seeds=1, burst_windows=10, mode=mode, notice=notice)
    wiped = jax.jit(make_judge_wiped(of, wipe))(PARAMS, SCALER, DATA)
    for m, modality in enumerate(BRANCHES):
        key = jax.random.fold_in(jax.random.key(0), m)
        x, blank = INPUTS[modality], MODALITIES[modality].blank("least", SCALER.inputs[modality])
        draw = missing.draw(key, mode, x, wipe.burst_windows)
        for at, rate in enumerate(wipe.drop_rates):
            gone = np.asarray(draw < rate)
            left = INPUTS | {modality: missing.wiped(x, gone, blank)}
            said = dict.fromkeys(BRANCHES, np.zeros(N, bool))
            said[modality] = gone.reshape(N, -1).all(axis=1)
            found = told(PARAMS, left, said) if notice == "told" else seen(PARAMS, left)
            error_m = np.linalg.norm(metres(found, SCALER) - DATA.target, axis=1)
            np.testing.assert_allclose(wiped.metrics[m, 0, at, 0], error_m.mean(), atol=1e-4)


@pytest.mark.parametrize(
    ("presence", "tree", "alike"), [("none", PUBLISHED, True), ("told", PARAMS, False)]
)
def test_only_a_network_with_presence_can_be_told(presence, tree, alike):
    wipe = Wipe(drop_rates=(0.0, 0.4), seeds=1)
    silent, said = (
        str(jax.make_jaxpr(make_judge_wiped(problem(presence), one))(tree, SCALER, DATA))
        for one in (wipe, replace(wipe, notice="told"))
    )
    assert (silent == said) == alike


def test_a_still_sensor_needs_no_word_where_the_network_sees():
    x, lost = np.full((2, 10, 2), -3, np.float32), np.ones(2, bool)
    silent, said = (
        apply(SEEN.network, PARAMS, "imu", x, *of, method="part") for of in ((), (lost,))
    )
    np.testing.assert_array_equal(silent, said)


def test_features_of_absence_are_resized_with_their_branch():
    before, target = params(4), params(6, seed=9)
    after, report = graft(target, {"d": before}, resize(resizes(before, 6)))
    assert {entry.action for entry in report.entries} == {"transform", "take"}
    lost = dict.fromkeys(BRANCHES, np.ones(N, bool))
    small, large = (
        apply(MTLoc(size, modalities=BRANCHES, presence="told"), tree, INPUTS, 1.0, None, lost)
        for size, tree in ((4, before), (6, after))
    )
    np.testing.assert_allclose(small, large, atol=1e-5)


def test_an_exported_network_sees_for_itself_what_is_not_there(tmp_path):
    tree = params(6, 5, networks.card("abcde")["site"]["shapes"])
    write_export(tmp_path / "net", tree, networks.card("abcde", presence="seen"))
    still = np.full((3, 10, 2), 9.8, np.float32), np.full((3, 10, 1), 45, np.float32)
    silent = np.full((3, 5), np.nan, np.float32)
    found = read_program(tmp_path / "net")(*still, silent)
    fc3, fc4 = tree["fusion"]["fc3"], tree["fusion"]["fc4"]
    joined = sum(fc3["absent"][name] @ fc3["kernel"][name] for name in fc3["kernel"])
    hand = np.maximum(joined + fc3["bias"], 0) @ fc4["kernel"] + fc4["bias"]
    np.testing.assert_allclose(found, [metres(hand, networks.scaler(5))] * 3, atol=1e-4)
