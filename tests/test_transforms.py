"""Named transforms, leaf by leaf, against numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.graft import Keep, Leave, Take, graft
from mtloc_jax.surgery.transforms import (
    chain,
    input_gain,
    input_offset,
    output_affine,
    soup,
    wifi_rows,
)
from tests import networks

OURS = np.array([[-1, -1], [-2, -2], [-3, -3]], np.float32)
THEIRS = np.array([[1, 10], [2, 20], [4, 40]], np.float32)


def test_wifi_rows_follow_their_access_point():
    made = wifi_rows(["a", "b", "c"], ["c", "a", "b"]).apply(OURS, THEIRS)
    assert made.tolist() == [[4, 40], [1, 10], [2, 20]]


@pytest.mark.parametrize(
    ("new", "row"), [("init", [-2, -2]), ("mean", [2.5, 25]), ("zero", [0, 0])]
)
def test_a_new_access_points_row_becomes_the_stated_statistic(new, row):
    made = wifi_rows(["a", "b", "c"], ["a", "x", "c"], new).apply(OURS, THEIRS)
    assert made.tolist() == [[1, 10], row, [4, 40]]


def test_wifi_rows_report_counts_and_names():
    move = wifi_rows(["a", "b", "c"], ["c", "x", "y", "a"])
    assert move.name == "wifi_rows(new=init)"
    assert move.details == {
        "n_carried": 2,
        "n_new": 2,
        "n_dropped": 1,
        "carried": ["c", "a"],
        "new": ["x", "y"],
        "dropped": ["b"],
    }


def test_wifi_rows_pass_stacked_runs_through():
    move = wifi_rows(["a", "b", "c"], ["c", "x"])
    stacked = move.apply(np.stack([OURS[:2]] * 3), np.stack([THEIRS, 2 * THEIRS, 3 * THEIRS]))
    assert stacked.tolist() == [[[4 * k, 40 * k], [-2, -2]] for k in (1, 2, 3)]


@pytest.mark.parametrize(
    ("donor", "target", "says"),
    [
        (["a", "b"], ["x", "y"], r"none of the 2 access points was heard by the donor \(2\)"),
        (["a", "a"], ["a"], "the donor's vocabulary lists a twice"),
        (["a"], ["b", "a", "b"], "the target's vocabulary lists b twice"),
    ],
)
def test_a_vocabulary_that_cannot_be_followed_is_refused(donor, target, says):
    with pytest.raises(InputError, match=says):
        wifi_rows(donor, target)


def test_rows_of_another_vocabulary_are_refused():
    with pytest.raises(InputError, match=r"shape \[3, 2\] does not have one row for each of the 2"):
        wifi_rows(["a", "b"], ["a"]).apply(OURS[:1], THEIRS)


def test_input_gain_and_offset_undo_a_change_of_input():
    # The donor read x; we read z = (x - 1) / 2 in channel 0, and x itself in the others.
    gain, offset = np.array([2.0, 1.0, 1.0]), np.array([1.0, 0.0, 0.0])
    bias = np.array([5, 50], np.float32)
    kernel = input_gain(gain).apply(OURS, THEIRS)
    shifted = input_offset(offset).apply(bias, bias, THEIRS)
    assert kernel.tolist() == [[2, 20], [2, 20], [4, 40]]
    assert shifted.tolist() == [6, 60]
    x, z = np.array([7.0, 8.0, 9.0]), np.array([3.0, 8.0, 9.0])
    assert (x @ THEIRS + bias).tolist() == (z @ kernel + shifted).tolist()


def test_input_transforms_refuse_another_number_of_inputs():
    with pytest.raises(InputError, match="one row for each of the 2 inputs"):
        input_gain(np.ones(2)).apply(OURS, THEIRS)


def test_output_affine_scales_and_shifts():
    bias = np.array([1, 2], np.float32)
    assert output_affine(2.0, np.array([10, 20])).apply(bias, bias).tolist() == [12, 24]
    assert output_affine(0.5).apply(OURS, THEIRS).tolist() == (THEIRS / 2).tolist()


def test_a_soup_is_the_weighted_mean():
    assert soup([0.25, 0.75]).apply(OURS, THEIRS, 5 * THEIRS).tolist() == (4 * THEIRS).tolist()


@pytest.mark.parametrize("weights", [[0.5, 0.6], []])
def test_a_soups_weights_sum_to_1(weights):
    with pytest.raises(InputError, match="the weights of a soup sum to"):
        soup(weights)


def test_a_soup_has_one_weight_for_each_donor():
    with pytest.raises(InputError, match="a soup of 2 was given 3 donors"):
        soup([0.5, 0.5]).apply(OURS, THEIRS, THEIRS, THEIRS)


def test_a_chain_applies_one_after_the_other():
    both = chain(soup([0.5, 0.5]), wifi_rows(["a", "b", "c"], ["b"]))
    assert both.apply(OURS[:1], THEIRS, 3 * THEIRS).tolist() == [[4, 40]]
    assert both.name == "soup + wifi_rows(new=init)"
    assert both.details["weights"] == [0.5, 0.5]
    assert both.details["carried"] == ["b"]


def _wifi_move(donor, target):
    move = Take("wifi/fc1/kernel", "wifi/fc1/kernel", by=wifi_rows(donor, target))
    names = ("imu", "mag", "fusion", "wifi/fc1/bias", "wifi/fc2")
    return (move, *(Take(name, name) for name in names))


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.permutations(list("abcdefg")), st.integers(0, 9))
def test_permuting_access_points_and_their_names_changes_no_prediction(order, seed):
    tree, windows = networks.params(6, 7, seed), networks.inputs(7, seed)
    moved, _ = graft(tree, {"d": tree}, _wifi_move("abcdefg", order))
    permuted = windows["wifi"][:, np.array(["abcdefg".index(name) for name in order])]
    before = networks.apply(tree, windows)
    after = networks.apply(moved, windows | {"wifi": permuted})
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-6)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.sets(st.sampled_from("abcdefghij"), min_size=1), st.integers(0, 9))
def test_to_a_larger_vocabulary_and_back_is_the_identity(small, seed):
    small, large = sorted(small), list("jihgfedcba")
    rows = np.random.default_rng(seed).normal(size=(len(small), 3)).astype(np.float32)
    there = wifi_rows(small, large).apply(np.zeros((10, 3), np.float32), rows)
    assert wifi_rows(large, small).apply(rows * 0, there).tolist() == rows.tolist()


def test_transforms_work_in_a_graft_and_are_reported():
    target = {"wifi": {"kernel": OURS}, "out": np.zeros(2, np.float32)}
    donor = {"wifi": {"kernel": THEIRS[:1]}, "head": np.ones(2, np.float32)}
    by = wifi_rows(["a"], ["a", "x", "y"], new="zero")
    rules = (Take("wifi/kernel", "wifi/kernel", by=by), Keep("out"), Leave("head"))
    params, report = graft(target, {"d": donor}, rules)
    assert params["wifi"]["kernel"].tolist() == [[1, 10], [0, 0], [0, 0]]
    assert next(entry.by for entry in report.entries if entry.by) == "wifi_rows(new=zero)"
    assert report.totals() == {"take": (0, 0), "transform": (1, 6), "keep": (1, 2), "leave": (1, 2)}
