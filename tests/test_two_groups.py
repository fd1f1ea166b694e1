"""Differences in two groups are seen where a sample shows them, and seldom where there are none."""

from pathlib import Path

import numpy as np
import pytest

from mtloc_jax import rows
from mtloc_jax.report.claims import paired
from mtloc_jax.report.two_groups import critical_share, in_two_groups, share_between
from tests.conftest import ROOT
from tests.coverage_table import SIZES, in_groups, normal


def test_the_share_between_groups_is_worked_out_by_hand() -> None:
    # 0, 0, 3 and 9 about their mean of 3: 9 + 9 + 0 + 36 = 54. Cut before 9: 3 * 2^2 + 6^2 = 48.
    assert share_between(np.array([[3.0, 9, 0, 0]])) == pytest.approx([48 / 54])
    assert share_between(np.array([[1.0, 1, 5, 5]])) == pytest.approx([1])


@pytest.mark.parametrize("n", SIZES)
def test_normal_differences_are_marked_once_in_twenty(n: int) -> None:
    values = normal(np.random.default_rng(n + 100), (20_000, n))
    assert np.mean(share_between(values) > critical_share(n)) == pytest.approx(0.05, abs=0.006)


def test_the_largest_samples_approach_the_share_of_two_halves() -> None:
    # Each half of a normal distribution lies sqrt(2 / pi) from the middle: a share of 2 / pi.
    shares = share_between(normal(np.random.default_rng(0), (20, 20_000)))
    assert np.allclose(shares, 2 / np.pi, atol=0.01)


@pytest.mark.parametrize(("n", "share"), [(4, 0.4), (5, 0.65), (6, 0.85), (8, 0.95), (10, 0.98)])
def test_two_halves_are_seen_the_more_often_the_more_values_there_are(n: int, share: float) -> None:
    values = in_groups(0.5)(np.random.default_rng(n), (5_000, n))
    assert np.mean(share_between(values) > critical_share(n)) >= share - 0.02


def test_few_or_equal_values_are_no_groups() -> None:
    assert not in_two_groups(np.array([0.0, 0, 9]))
    assert not in_two_groups(np.full(8, 0.1))
    assert in_two_groups(np.array([0.0, 0, 9, 9, 9]))


def on_test(study: str, ours: tuple[str, float]) -> np.ndarray:
    table = rows.select(
        rows.read(Path(ROOT / "results" / study / rows.ROWS)), split="test", modality="none"
    )
    our_m, their_m = paired(rows.of_arm(table, ours), rows.of_arm(table, ("scratch", 1.0)))
    return our_m - their_m


def test_real_networks_that_did_or_did_not_see_the_west_of_site1_are_two_groups() -> None:
    found = on_test("table5/location20-reverse", ("finetuned", 0.625))
    assert sorted(np.round(found).astype(int)) == [-6, -3, 60, 62, 70]
    assert in_two_groups(found)


def test_real_differences_of_one_kind_are_none() -> None:
    assert not in_two_groups(on_test("mmloc", ("finetuned", 1.0)))
    assert not in_two_groups(on_test("table5/location20-reverse", ("finetuned", 0.125)))
