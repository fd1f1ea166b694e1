"""Table I, layer by layer."""

import jax
import numpy as np
import pytest

from mtloc_jax.core.model import MTLoc, apply, count, joined_order
from mtloc_jax.core.problem import PROBLEMS, pretraining
from mtloc_jax.settings import Settings
from mtloc_jax.study.programs import initialised
from tests.networks import fresh

SMALL = MTLoc(hidden=4)


def of_five(rng, n=5):
    """Return random inputs of five windows, or of `n`, that hear three access points."""
    shapes = {"imu": (n, 10, 2), "mag": (n, 10, 1), "wifi": (n, 3)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def paper_params():
    return jax.tree.map(lambda leaf: leaf[0], fresh(network=MTLoc(), n_aps=750))


@pytest.fixture(scope="module")
def small_params():
    return jax.tree.map(lambda leaf: leaf[0], fresh(network=SMALL, n_aps=3))


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
    made = initialised(pretraining(Settings(), 2), {"imu": (10, 2)}, 1)
    pretrained = jax.tree.map(lambda leaf: leaf[0], made)
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
    shapes = {"imu": (10, 2), "mag": (10, 3), "wifi": (750,)}
    params = initialised(PROBLEMS["mtloc"](Settings()), shapes, 1)
    assert params["mag"]["kernel"].shape == (1, 3, 512)


def test_fusion_reads_wifi_then_imu_then_mag(small_params):
    network, params = SMALL, small_params
    rng = np.random.default_rng(0)
    inputs = of_five(rng)
    order = ("wifi", "imu", "mag")
    assert joined_order(("imu", "mag", "wifi")) == order
    parts = [apply(network, params, name, inputs[name], method="encode") for name in order]
    joined = np.concatenate(parts, axis=1)
    fc3, fc4 = params["fusion"]["fc3"], params["fusion"]["fc4"]
    kernel = np.concatenate([fc3["kernel"][name] for name in order])
    hand = np.maximum(joined @ kernel + fc3["bias"], 0) @ fc4["kernel"] + fc4["bias"]
    np.testing.assert_allclose(apply(network, params, inputs), hand, atol=1e-5)


def test_the_kernels_of_the_branches_are_drawn_as_one_that_reads_them_all(paper_params):
    kernels = paper_params["fusion"]["fc3"]["kernel"]
    assert {name: kernel.shape for name, kernel in kernels.items()} == dict.fromkeys(
        ("wifi", "imu", "mag"), (128, 128)
    )
    # Glorot's bound follows from what goes in and comes out: of one branch alone it is greater.
    drawn = np.abs(np.concatenate([*kernels.values()]))
    assert 0.99 * np.sqrt(6 / (384 + 128)) < drawn.max() <= np.sqrt(6 / (384 + 128))


def test_a_decision_follows_from_the_sum_of_the_branches_parts(small_params):
    network, params = SMALL, small_params
    inputs = of_five(np.random.default_rng(0))
    parts = sum(apply(network, params, name, x, method="part") for name, x in inputs.items())
    np.testing.assert_allclose(
        apply(network, params, parts, method="decide"), apply(network, params, inputs), atol=1e-5
    )


@pytest.mark.parametrize("modalities", [("wifi",), ("imu", "mag"), ("imu", "wifi")])
def test_a_network_has_a_branch_for_each_of_its_modalities_and_no_other(modalities):
    network = MTLoc(hidden=4, modalities=modalities)
    params = jax.tree.map(lambda leaf: leaf[0], fresh(network=network, n_aps=3))
    assert set(params) == {*modalities, "fusion"}
    assert set(params["fusion"]["fc3"]["kernel"]) == set(modalities)
    inputs = of_five(np.random.default_rng(0))
    ours = {name: inputs[name] for name in modalities}
    np.testing.assert_array_equal(apply(network, params, inputs), apply(network, params, ours))


def test_features_that_are_known_are_not_computed_again(small_params):
    network, params = SMALL, small_params
    inputs = of_five(np.random.default_rng(0))
    known = {"imu": apply(network, params, "imu", inputs["imu"], method="encode")}
    nothing = inputs | {"imu": np.full_like(inputs["imu"], np.nan)}
    np.testing.assert_array_equal(
        apply(network, params, nothing, 1.0, known), apply(network, params, inputs)
    )


def test_a_relu_output_is_the_linear_one_cut_at_0_with_the_same_parameters(small_params):
    params = small_params
    rng = np.random.default_rng(0)
    inputs = of_five(rng, 50)
    linear = np.asarray(apply(SMALL, params, inputs))
    assert linear.min() < 0 < linear.max()
    relu = apply(MTLoc(hidden=4, output="relu"), params, inputs)
    np.testing.assert_array_equal(relu, np.maximum(linear, 0))


def test_seeds_differ_and_repeat():
    two, again = fresh(2), fresh(2)
    kernels = two["wifi"]["fc1"]["kernel"]
    assert not np.allclose(kernels[0], kernels[1])
    np.testing.assert_array_equal(kernels, again["wifi"]["fc1"]["kernel"])
