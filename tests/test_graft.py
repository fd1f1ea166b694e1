"""Checkpoint surgery: every leaf accounted for, every mistake answered with the right rule."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.graft import (
    GraftReport,
    Keep,
    Leave,
    Take,
    Transform,
    assemble,
    assign,
    graft,
    unchanged_since,
)
from mtloc_jax.surgery.graft_report import proof
from mtloc_jax.surgery.tree import cover, digest, leaves, match, nest, tree_digest

SPINE = (Take("imu", "imu"), Keep("mag"), Keep("wifi"), Keep("fusion"), Leave("head"))


def _lstm(channels, hidden, value):
    return {
        "kernel": np.full((channels, 4 * hidden), value, np.float32),
        "recurrent_kernel": np.full((hidden, 4 * hidden), value, np.float32),
        "bias": np.full(4 * hidden, value, np.float32),
    }


def _dense(inputs, outputs, value):
    return {
        "kernel": np.full((inputs, outputs), value, np.float32),
        "bias": np.full(outputs, value, np.float32),
    }


def _joined(hidden, value):
    square = np.full((hidden, hidden), value, np.float32)
    kernel = dict.fromkeys(("wifi", "imu", "mag"), square)
    return {"kernel": kernel, "bias": np.full(hidden, value, np.float32)}


def _network(value=0.0, hidden=4, aps=5):
    return {
        "imu": _lstm(2, hidden, value),
        "mag": _lstm(1, hidden, value),
        "wifi": {"fc1": _dense(aps, hidden, value), "fc2": _dense(hidden, hidden, value)},
        "fusion": {"fc3": _joined(hidden, value), "fc4": _dense(hidden, 2, value)},
    }


def _pretrained(value=7.0, hidden=4):
    return {"imu": _lstm(2, hidden, value), "head": _dense(hidden, 2, value)}


@pytest.mark.parametrize(
    ("pattern", "path", "meets"),
    [
        ("imu", "imu", True),
        ("imu", "imu/kernel", True),
        ("imu", "imu2/kernel", False),
        ("imu", "imu_lstm/kernel", False),
        ("imu", "mag/imu", False),
        ("imu/lstm", "imu_lstm", False),
        ("imu/lstm", "imu/lstm/kernel", True),
        ("imu.lstm", "imu/lstm/kernel", True),
        ("imu/lstm/kernel", "imu/lstm", False),
        ("*", "imu/kernel", True),
        ("im*", "imu/kernel", True),
        ("*/kernel", "imu/kernel", True),
        ("*/kernel", "wifi/fc1/kernel", False),
        ("wifi/fc*/bias", "wifi/fc12/bias", True),
        ("fc.", "fcx", False),
        ("i[m]u", "imu", False),
    ],
)
def test_a_pattern_meets_whole_segments_only(pattern, path, meets):
    assert (match(pattern, path) is not None) == meets


def test_the_spines_graft_takes_the_imu_lstm_and_keeps_the_rest():
    params, report = graft(_network(), {"pretrained": _pretrained()}, SPINE)
    assert np.all(params["imu"]["kernel"] == 7)
    assert np.all(params["mag"]["kernel"] == 0)
    assert report.totals() == {
        "take": (3, 2 * 16 + 4 * 16 + 16),
        "transform": (0, 0),
        "keep": (13, 16 + 64 + 16 + 20 + 4 + 16 + 4 + 3 * 16 + 4 + 8 + 2),
        "leave": (2, 10),
    }


def test_the_papers_graft_transfers_67072_parameters():
    donors = {"pretrained": _pretrained(hidden=128)}
    _, report = graft(_network(hidden=128, aps=750), donors, SPINE)
    assert report.totals()["take"] == (3, 67_072)
    assert sum(report.totals()[action][1] for action in ("take", "keep")) == 295_810


def test_a_report_gives_norms_shapes_and_digests():
    _, report = graft(_network(1.0), {"pretrained": _pretrained(2.0)}, SPINE)
    entry = next(entry for entry in report.entries if entry.path == "imu/bias")
    assert (entry.action, entry.donors) == ("take", ("pretrained:imu/bias",))
    assert (entry.shape, entry.donor_shapes) == ((16,), ((16,),))
    assert (entry.norm_before, entry.norm_after) == ((4.0,), (8.0,))
    assert entry.digest == (digest(np.full(16, 2.0, np.float32)),)


def test_a_report_survives_json():
    _, report = graft(_network(), {"pretrained": _pretrained()}, SPINE)
    assert GraftReport.from_json(report.to_json()) == report
    assert json.loads(report.to_json())["donors"] == {"pretrained": tree_digest(_pretrained())}


def test_a_report_that_is_none_is_refused():
    with pytest.raises(InputError, match="not a graft report"):
        GraftReport.from_json('{"entries": 3}')
    _, report = graft(_network(), {"pretrained": _pretrained()}, SPINE)
    odd = {
        "path": 5,
        "action": ["take"],
        "by": None,
        "donors": "abc",
        "shape": [10**30],
        "donor_shapes": [3],
        "norm_after": ["1"],
        "digest": [None],
        "details": {"n_carried": 10**400},
        "more": 1,
    }
    for name, value in odd.items():
        raw = json.loads(report.to_json())
        raw["entries"][0][name] = value
        with pytest.raises(InputError, match=f"this is not a graft report .*{name}"):
            GraftReport.from_json(json.dumps(raw))
    for name in ("donors", "stacked"):
        raw = json.loads(report.to_json()) | {name: "abc"}
        with pytest.raises(InputError, match="donors or stacked is of another kind"):
            GraftReport.from_json(json.dumps(raw))


def test_numpy_and_jax_arrays_graft_alike():
    donors = {"pretrained": jax.tree.map(jnp.asarray, _pretrained())}
    _, from_jax = graft(jax.tree.map(jnp.asarray, _network()), donors, SPINE)
    _, from_numpy = graft(_network(), {"pretrained": _pretrained()}, SPINE)
    assert from_jax == from_numpy


def test_assemble_may_be_traced():
    donors = {"pretrained": _pretrained()}
    assignments = assign(_network(), donors, SPINE)
    traced = jax.jit(lambda t, d: assemble(assignments, t, d))(_network(), donors)
    assert np.all(traced["imu"]["recurrent_kernel"] == 7)


def test_several_donors_graft_at_once():
    donors = {"a": {"imu": _lstm(2, 4, 1.0)}, "b": {"lstm": _lstm(1, 4, 2.0)}}
    rules = (Take("imu", "a:imu"), Take("mag", "b:lstm"), Keep("wifi"), Keep("fusion"))
    params, _ = graft(_network(), donors, rules)
    assert np.all(params["imu"]["bias"] == 1)
    assert np.all(params["mag"]["bias"] == 2)


def test_a_star_carries_its_text_to_the_donor():
    donor = {"dense1": _dense(5, 4, 1.0), "dense2": _dense(4, 4, 2.0)}
    rules = (Take("wifi/fc*", "dense*"), Keep("imu"), Keep("mag"), Keep("fusion"))
    params, _ = graft(_network(), {"d": donor}, rules)
    assert np.all(params["wifi"]["fc1"]["kernel"] == 1)
    assert np.all(params["wifi"]["fc2"]["kernel"] == 2)


def test_a_named_transform_may_change_shapes_and_combine_leaves():
    halve = Transform("mean", lambda ours, *theirs: sum(theirs) / len(theirs), {"donors": 2})
    donors = {"a": _pretrained(1.0), "b": _pretrained(3.0)}
    rules = (Take("imu", ("a:imu", "b:imu"), by=halve), *SPINE[1:])
    params, report = graft(_network(), donors, rules)
    assert np.all(params["imu"]["kernel"] == 2)
    entry = next(entry for entry in report.entries if entry.path == "imu/kernel")
    assert entry.donors == ("a:imu/kernel", "b:imu/kernel")
    assert (entry.by, entry.details) == ("mean", {"donors": 2})


def _graft(rules, target=None, **donors):
    return graft(_network() if target is None else target, donors or {"d": _pretrained()}, rules)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ((Take("imv", "imu"), *SPINE[1:]), r'matches no target leaf.*mean Take\("imu", "imu"\)'),
        ((Take("imu", "inu"), *SPINE[1:]), r'matches no donor leaf.*mean Take\("imu", "imu"\)'),
        ((*SPINE[:-1], Leave("heat")), r'Leave\("heat"\) matches no donor.*Leave\("head"\)'),
        ((*SPINE, Keep("im")), r'Keep\("im"\) matches no target leaf'),
        (SPINE[:-1], r'takes or leaves the donor\'s head; add Leave\("head"\)'),
        (SPINE[:1] + SPINE[2:], r'no rule covers mag; add Keep\("mag"\)'),
        ((*SPINE[:1], Leave("head")), r'add Keep\("fusion"\), Keep\("mag"\), Keep\("wifi"\)'),
        (
            (*SPINE, Keep("imu/bias")),
            r'replace Take\("imu", "imu"\) by Take\("imu/kernel", "imu/kernel"\), '
            r'Take\("imu/recurrent_kernel", "imu/recurrent_kernel"\)',
        ),
        (
            (*SPINE, Keep("*")),
            r'matched by both.*replace Keep\("\*"\) by Keep\("imu"\), Keep\("mag"\)',
        ),
        ((*SPINE, Leave("imu/bias")), r"leaves imu/bias, which another rule takes; delete it"),
        ((*SPINE[:-1], Leave("*")), r'replace it by Leave\("head"\)'),
        ((Take("imu", "head"), *SPINE[1:-1]), r'no leaf "head/recurrent_kernel".*Keep\("imu/recu'),
        ((Take("im*", "*/*"), *SPINE[1:]), r"has 1 and 2 stars"),
        ((Take("imu", ("imu", "imu")), *SPINE[1:]), r"cannot come from 2 leaves.*by=\.\.\.\)"),
        ((Take("imu", "e:imu"), *SPINE[1:]), r"names the donor 'e'; the donors are d"),
    ],
)
def test_a_wrong_rule_is_answered_with_the_right_one(rules, says):
    with pytest.raises(InputError, match=says):
        _graft(rules)


def test_with_several_donors_a_rule_must_name_one():
    with pytest.raises(InputError, match=r'Take\("imu", "a:imu"\) or Take\("imu", "b:imu"\)'):
        _graft(SPINE, a=_pretrained(), b=_pretrained())


def test_a_difference_of_shape_needs_a_named_transform():
    with pytest.raises(InputError, match=r"imu/bias is float32\[16\] but d:imu/bias is .*by="):
        _graft(SPINE, d=_pretrained(hidden=8))


def test_a_difference_of_dtype_needs_a_named_transform():
    half = jax.tree.map(lambda a: a.astype(np.float16), _pretrained())
    with pytest.raises(InputError, match="but d:imu/bias is float16"):
        _graft(SPINE, d=half)


def test_one_network_cannot_take_stacked_runs():
    stacked = jax.tree.map(lambda a: np.stack([a, a]), _pretrained())
    with pytest.raises(InputError, match="stacked runs: load one run"):
        _graft(SPINE, d=stacked)


def test_a_transform_must_make_what_the_target_needs():
    rules = (Take("imu", "imu", by=Transform("ravel", lambda _, a: a.ravel())), *SPINE[1:])
    with pytest.raises(InputError, match=r"transform ravel made float32\[32\] for imu/kernel"):
        _graft(rules)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_donor_leaf_that_is_not_finite_is_refused_where_it_is_taken(value):
    donor = _pretrained()
    donor["head"]["bias"][0] = value
    _graft(SPINE, d=donor)
    donor["imu"]["bias"][3] = value
    with pytest.raises(InputError, match="d:imu/bias holds a value that is not a finite"):
        _graft(SPINE, d=donor)


def test_names_with_separators_are_refused():
    with pytest.raises(InputError, match="'a/b' holds a path separator"):
        leaves({"a/b": np.zeros(1)})
    with pytest.raises(InputError, match="donor name 'x:y'"):
        _graft(SPINE, **{"x:y": _pretrained()})


def test_training_shows_in_unchanged_since():
    params, report = graft(_network(), {"d": _pretrained()}, SPINE)
    params["mag"]["bias"] = params["mag"]["bias"] + 1
    moved = [path for path, same in unchanged_since(report, params).items() if not same.all()]
    assert moved == ["mag/bias"]


def test_unchanged_since_tells_stacked_runs_apart():
    target = jax.tree.map(lambda a: np.stack([a, a, a]), _network())
    donor = jax.tree.map(lambda a: np.stack([a, a, a]), _pretrained())
    params, report = graft(target, {"d": donor}, SPINE, stacked=True)
    trained = params["imu"]["bias"].copy()
    trained[1] += 1e-6
    params["imu"]["bias"] = trained
    assert unchanged_since(report, params)["imu/bias"].tolist() == [True, False, True]
    assert unchanged_since(report, params)["imu/kernel"].all()


def test_a_proof_names_the_taken_leaves_that_training_left_alone():
    target = jax.tree.map(lambda a: np.stack([a, a]), _network())
    donor = jax.tree.map(lambda a: np.stack([a, a + 1]), _pretrained())
    _, report = graft(target, {"d": donor}, SPINE, stacked=True)
    trained = _network(8.0)
    trained["imu"]["bias"] = trained["imu"]["bias"] + 1
    taken = "imu/bias imu/kernel imu/recurrent_kernel"
    assert proof(report, trained, 1) == {
        "taken": taken,
        "unchanged": "imu/kernel imu/recurrent_kernel",
    }
    assert proof(report, trained, 0) == {"taken": taken, "unchanged": ""}


def test_unchanged_since_refuses_another_network():
    _, report = graft(_network(), {"d": _pretrained()}, SPINE)
    with pytest.raises(InputError, match="differ in fusion"):
        unchanged_since(report, _pretrained())


def test_a_cover_is_the_fewest_subtrees():
    every = ["imu/a", "imu/b", "wifi/fc1/a", "wifi/fc1/b", "wifi/fc2/a"]
    assert cover(["imu/a", "imu/b", "wifi/fc1/a", "wifi/fc1/b"], every) == ["imu", "wifi/fc1"]
    assert cover(["imu/a"], every) == ["imu/a"]


def test_a_digest_sees_dtype_shape_and_every_bit():
    zeros = np.zeros((2, 3), np.float32)
    others = [zeros.T, zeros.ravel(), zeros.astype(np.int32), -zeros]
    assert digest(zeros) == digest(np.asfortranarray(zeros)) == digest(jnp.asarray(zeros))
    assert digest(zeros) not in {digest(other) for other in others}


_NAMES = st.text("abc_1", min_size=1, max_size=3)
_TREES = st.recursive(
    st.integers(0, 99).map(lambda value: np.full(2, value, np.float32)),
    lambda children: st.dictionaries(_NAMES, children, min_size=1, max_size=3),
    max_leaves=8,
).filter(lambda tree: isinstance(tree, dict))


@settings(deadline=None, derandomize=True, max_examples=50)
@given(_TREES)
def test_nest_is_the_inverse_of_leaves(tree):
    assert tree_digest(nest(leaves(tree))) == tree_digest(tree)
    assert leaves(nest(leaves(tree))).keys() == leaves(tree).keys()


@settings(deadline=None, derandomize=True, max_examples=50)
@given(_TREES, st.data())
def test_a_graft_and_its_inverse_are_the_identity(tree, data):
    paths = list(leaves(tree))
    chosen = data.draw(st.sets(st.sampled_from(paths), min_size=1))
    parts, rest = cover(chosen, paths), cover(set(paths) - chosen, paths)
    rules = [Take(p, p) for p in parts] + [Keep(p) for p in rest] + [Leave(p) for p in rest]
    other = nest({path: leaf + 1 for path, leaf in leaves(tree).items()})
    there, _ = graft(other, {"d": tree}, rules)
    back, _ = graft(tree, {"d": there}, rules)
    assert tree_digest(back) == tree_digest(tree)
    assert all(leaves(there)[p][0] == leaves(tree)[p][0] + (p not in chosen) for p in paths)
