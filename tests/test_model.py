"""Table I, layer by layer."""

import jax
import numpy as np
import pytest

from mtloc_jax.core.model import ImuRegressor, MTLoc, apply, count
from mtloc_jax.sweep.trainer import initialised
from tests.networks import fresh


@pytest.fixture(scope="module")
def paper_params():
    return jax.tree.map(lambda leaf: leaf[0], fresh(network=MTLoc(), n_aps=750))


def test_every_layer_has_the_parameters_of_table_i(paper_params):
    wifi, fusion = paper_params["wifi"], paper_params["fusion"]
    counts = [
        count(tree)
        for tree in (
            wifi["fc1"],
            wifi["fc2"],
            paper_params["imu"],
            paper_params["mag"],
            fusion["fc3"],
            fusion["fc4"],
        )
    ]
    assert counts == [96_128, 16_512, 67_072, 66_560, 49_280, 258]
    assert count(paper_params) == 295_810


def test_the_transferred_layer_has_67072_parameters_on_both_sides(paper_params):
    example = (np.zeros((1, 10, 2), np.float32),)
    pretrained = jax.tree.map(lambda leaf: leaf[0], initialised(ImuRegressor(), example, 1))
    assert count(pretrained["imu"]) == 67_072
    assert count(pretrained["head"]) == 258
    shapes = jax.tree.map(np.shape, pretrained["imu"])
    assert shapes == jax.tree.map(np.shape, paper_params["imu"])


def test_an_lstm_has_one_bias_with_its_forget_gates_open(paper_params):
    bias = paper_params["imu"]["bias"]
    assert bias.shape == (512,)
    assert np.all(bias[128:256] == 1)
    assert not np.any(bias[:128])
    assert not np.any(bias[256:])


def test_three_magnetic_channels_are_a_matter_of_the_input():
    example = tuple(np.zeros(shape, np.float32) for shape in [(1, 10, 2), (1, 10, 3), (1, 750)])
    params = initialised(MTLoc(), example, 1)
    assert params["mag"]["kernel"].shape == (1, 3, 512)


def test_fusion_reads_wifi_then_imu_then_mag():
    network = MTLoc(hidden=4)
    params = jax.tree.map(lambda leaf: leaf[0], fresh(network=network, n_aps=3))
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=s).astype(np.float32) for s in [(5, 10, 2), (5, 10, 1), (5, 3)]]
    parts = [
        apply(network, params, name, x, method=MTLoc.encode)
        for name, x in [("wifi", inputs[2]), ("imu", inputs[0]), ("mag", inputs[1])]
    ]
    joined = np.concatenate(parts, axis=1)
    fc3, fc4 = params["fusion"]["fc3"], params["fusion"]["fc4"]
    hand = np.maximum(joined @ fc3["kernel"] + fc3["bias"], 0) @ fc4["kernel"] + fc4["bias"]
    np.testing.assert_allclose(apply(network, params, *inputs), hand, atol=1e-5)


def test_a_relu_output_is_the_linear_one_cut_at_0_with_the_same_parameters():
    params = jax.tree.map(lambda leaf: leaf[0], fresh(network=MTLoc(hidden=4), n_aps=3))
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=s).astype(np.float32) for s in [(50, 10, 2), (50, 10, 1), (50, 3)]]
    linear = np.asarray(apply(MTLoc(hidden=4), params, *inputs))
    assert linear.min() < 0 < linear.max()
    relu = apply(MTLoc(hidden=4, output="relu"), params, *inputs)
    np.testing.assert_array_equal(relu, np.maximum(linear, 0))


def test_seeds_differ_and_repeat():
    two, again = fresh(2), fresh(2)
    kernels = two["wifi"]["fc1"]["kernel"]
    assert not np.allclose(kernels[0], kernels[1])
    np.testing.assert_array_equal(kernels, again["wifi"]["fc1"]["kernel"])
