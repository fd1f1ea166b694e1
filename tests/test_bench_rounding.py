"""Products as accelerators make them, emulated: what is rounded, and what that does to errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from bench.emulated import rounded_products
from bench.rounding import table
from mtloc_jax import rows
from mtloc_jax.errors import InputError


def drawn(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def cut(x, bits):
    return np.asarray(lax.reduce_precision(jnp.asarray(x, jnp.float32), 8, bits), np.float64)


@pytest.mark.parametrize(("precision", "bits"), [("bf16", 7), ("tf32", 10), ("float32", 23)])
def test_a_products_inputs_are_rounded_and_its_sum_is_not(precision, bits):
    a, b = drawn(8, 65), drawn(65, 3)
    with rounded_products(precision):
        found = jax.jit(lambda a, b: a @ b)(a, b)
    np.testing.assert_allclose(found, cut(a, bits) @ cut(b, bits), atol=1e-5)


def test_gradients_are_products_of_rounded_numbers_too():
    a, b = drawn(8, 65), drawn(65, 3)
    with rounded_products("bf16"):
        found = jax.jit(jax.grad(lambda b: jnp.sum(jnp.sin(jnp.asarray(a) @ b))))(b)
    outer = np.cos(cut(a, 7) @ cut(b, 7))
    np.testing.assert_allclose(found, cut(a, 7).T @ cut(outer, 7), atol=1e-4)


def test_products_are_whole_again_afterwards():
    a, b = drawn(8, 65), drawn(65, 3)
    product = jax.jit(lambda a, b: a @ b)
    with rounded_products("bf16"):
        rounded = np.asarray(product(a, b))
    assert np.abs(rounded - a @ b).max() > 1e-3
    np.testing.assert_allclose(product(a, b), a @ b, atol=1e-5)


def study(folder, errors_m, arm="scratch", rate=1.0):
    """Write the rows of a study whose seeds err so much on the test rounds."""
    folder.mkdir(parents=True, exist_ok=True)
    key = {"study": "s", "site_pair": "a->b", "arm": arm, "finetune_rate": rate, "split": "test"}
    key |= {"modality": "none", "drop_rate": 0.0, "wipe_seed": 0, "n_windows": 9}
    key |= dict.fromkeys(("std_m", "median_m", "p75_m", "p90_m", "p95_m"), 1.0)
    made = [key | {"seed": seed, "mean_m": error} for seed, error in enumerate(errors_m)]
    rows.append(folder / rows.ROWS, made)


def test_errors_stand_beside_float32s_paired_by_seed(tmp_path):
    study(tmp_path / "halls-float32", [2.0, 3.0, 4.0, 5.0])
    study(tmp_path / "halls-float32", [2.0, 2.0, 2.0, 2.0], "finetuned", 0.625)
    study(tmp_path / "halls-bf16", [2.5, 3.5, 4.0, 6.0])
    study(tmp_path / "halls-bf16", [2.0, 2.0, 2.0, 2.0], "finetuned", 0.625)
    lines = table(tmp_path).lines
    assert [line[:3] for line in lines] == [
        ("halls", "scratch", "float32"),
        ("halls", "scratch", "bf16"),
        ("halls", "finetuned 62.5%", "float32"),
        ("halls", "finetuned 62.5%", "bf16"),
    ]
    assert (lines[1][3].value, lines[1][4].value) == (4.0, 0.5)
    # Differences 0.5, 0.5, 0 and 1: standard error 0.408 / 2, Student's t of 3 degrees 3.182.
    assert lines[1][5].low == pytest.approx(0.5 - 3.182 * 0.20412, abs=1e-3)
    assert lines[0][4] is None


def test_without_float32_there_is_nothing_to_compare_with(tmp_path):
    with pytest.raises(InputError, match=r"bench\.emulated float32"):
        table(tmp_path)
