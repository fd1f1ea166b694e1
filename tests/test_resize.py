"""Growing a network keeps its predictions; cutting one says what it lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.resize import cut, grown, resize, resizes
from tests import networks

APS = 7


def _resized(params, hidden, seed=0):
    return graft(
        networks.params(hidden, APS, 9), {"d": params}, resize(resizes(params, hidden, seed))
    )


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.sampled_from([(1, 3), (3, 4), (3, 8)]), st.integers(0, 99))
def test_a_grown_network_predicts_the_same(sizes, seed):
    before, windows = networks.params(sizes[0], APS, seed), networks.inputs(APS, seed)
    after, _ = _resized(before, sizes[1], seed)
    np.testing.assert_allclose(
        networks.apply(after, windows), networks.apply(before, windows), rtol=0, atol=1e-5
    )


def test_copies_share_their_outgoing_weight_unequally():
    layer = grown(2, 5, seed=0)
    assert layer.source[:2].tolist() == [0, 1]
    np.testing.assert_allclose(np.bincount(layer.source, layer.share), [1, 1])
    copied = layer.share[np.bincount(layer.source)[layer.source] > 1]
    assert len(set(copied.tolist())) == len(copied)


def test_a_unit_without_a_copy_keeps_its_whole_weight():
    layer = grown(50, 51, seed=3)
    single = np.bincount(layer.source)[layer.source] == 1
    assert single.sum() == 49
    assert np.all(layer.share[single] == 1)


def test_cutting_keeps_the_strongest_units_and_says_what_went():
    layer = cut(np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 7.0]]), 2)
    assert layer.source.tolist() == [0, 2]
    assert layer.lost == pytest.approx(1 / 75)


def test_cutting_units_that_nothing_reads_is_exact():
    params, windows = _silenced(networks.params(4, APS)), networks.inputs(APS)
    smaller, report = _resized(params, 3)
    lost = [e.details["lost_share_of_outgoing_weight"] for e in report.entries if e.details]
    assert lost == [0] * len(lost)
    np.testing.assert_allclose(
        networks.apply(smaller, windows), networks.apply(params, windows), rtol=0, atol=1e-6
    )


def _silenced(params):
    """Zero what reads the last unit of every layer."""
    for kernel, rows in (
        (params["imu"]["recurrent_kernel"], [3]),
        (params["mag"]["recurrent_kernel"], [3]),
        (params["wifi"]["fc2"]["kernel"], [3]),
        *((kernel, [3]) for kernel in params["fusion"]["fc3"]["kernel"].values()),
        (params["fusion"]["fc4"]["kernel"], [3]),
    ):
        kernel[rows] = 0
    return params


def test_a_cut_is_reported():
    params = networks.params(4, APS)
    _, report = _resized(params, 2)
    lost = {e.path: e.details["lost_share_of_outgoing_weight"] for e in report.entries if e.details}
    assert set(lost) == {
        "imu/recurrent_kernel",
        "mag/recurrent_kernel",
        "wifi/fc2/kernel",
        "fusion/fc3/kernel/imu",
        "fusion/fc3/kernel/mag",
        "fusion/fc3/kernel/wifi",
        "fusion/fc4/kernel",
    }
    assert all(0 < share < 1 for share in lost.values())


def test_every_hidden_layer_has_a_size():
    layers = {"imu", "mag", "wifi/fc1", "wifi/fc2", "fusion/fc3"}
    assert set(resizes(networks.params(4, APS), 6)) == layers


def test_a_network_of_other_branches_is_resized_too():
    def with_light(hidden, seed):
        params = networks.params(hidden, APS, seed)
        params["light"] = params.pop("mag")
        kernel = params["fusion"]["fc3"]["kernel"]
        kernel["light"] = kernel.pop("mag")
        return params

    before = with_light(3, 0)
    after, _ = graft(with_light(5, 9), {"d": before}, resize(resizes(before, 5)))
    for params in (before, after):
        kernel = params["fusion"]["fc3"]["kernel"]
        params["mag"], kernel["mag"] = params.pop("light"), kernel.pop("light")
    windows = networks.inputs(APS)
    np.testing.assert_allclose(
        networks.apply(after, windows), networks.apply(before, windows), rtol=0, atol=1e-5
    )


def test_a_branch_of_another_kind_is_refused():
    params = networks.params(4, APS)
    params["mag"] = {"conv": {"kernel": np.zeros((3, 1, 4))}}
    with pytest.raises(InputError, match="branch mag is neither an LSTM nor two dense layers"):
        resizes(params, 6)


def test_no_units_are_refused():
    with pytest.raises(InputError, match="cannot have 0 units"):
        resizes(networks.params(4, APS), 0)


def test_sizes_of_another_network_are_refused():
    with pytest.raises(InputError, match="was to be resized from 6 units"):
        graft(
            networks.params(8, APS),
            {"d": networks.params(4, APS)},
            resize(resizes(networks.params(6, APS), 8)),
        )
