"""Similarities of scans by hand, and what no similarity may depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtloc_jax.experts.kaggle_distance import kaggle_distance
from mtloc_jax.experts.similarity import (
    SIMILARITIES,
    aged,
    aligned,
    cosine,
    fresh,
    jaccard,
    rarity,
    ruzicka,
    sorensen,
)
from tests.scan_tables import hall, table

ONE, OTHERS = np.array([[30, 40, 0]], np.float32), np.array([[30, 40, 0], [0, 20, 10]], np.float32)


def test_similarities_by_hand():
    assert cosine(ONE, OTHERS).tolist() == [[1, pytest.approx(800 / 50 / np.sqrt(500))]]
    assert sorensen(ONE, OTHERS).tolist() == [[1, pytest.approx(40 / 100)]]
    assert ruzicka(ONE, OTHERS).tolist() == [[1, pytest.approx(20 / 80)]]
    assert jaccard(ONE, OTHERS).tolist() == [[1, pytest.approx(1 / 3)]]


@pytest.mark.parametrize("alike", [cosine, sorensen, ruzicka, jaccard])
def test_a_silent_scan_is_like_none(alike):
    silent = np.zeros((1, 3), np.float32)
    assert alike(silent, OTHERS).tolist() == [[0, 0]]
    assert alike(silent, silent).tolist() == [[0]]


def test_old_entries_are_not_fresh_and_fade():
    scans = table([[20, 30]], age_ms=[[4000, 4001]])
    assert fresh(scans).tolist() == [[20, 0]]
    assert fresh(scans, 2000).tolist() == [[0, 0]]
    assert aged(scans)[0, 0] == pytest.approx(20 / np.e)


def test_what_all_hear_is_less_rare_than_what_one_hears():
    assert rarity(np.array([9, 1, 0]), 10) == pytest.approx(np.log([2, 6, 11]))


def test_tables_are_aligned_over_what_either_hears():
    survey, asked = aligned(table([[1, 2]], bssids=["a", "c"]), table([[3]], bssids=["b"]))
    assert survey.bssids.tolist() == asked.bssids.tolist() == ["a", "b", "c"]
    assert (survey.level.tolist(), asked.level.tolist()) == ([[1, 0, 2]], [[0, 3, 0]])


def test_the_winners_distance_by_hand():
    # Shared: the first access point, heard by two walks, 2 s after the newest entry of either scan.
    asked = table([[20, 50, 0]], age_ms=[[3000, 0, 0]])
    survey = table([[26, 0, 40], [10, 10, 0]], walk=[0, 1], age_ms=[[2500, 0, 500], [0, 0, 0]])
    found = kaggle_distance(asked, survey)
    assert found.apart_db[0] == pytest.approx(
        [6, (10 * 2**-0.2 * 0.92**2 + 40) / (2**-0.2 * 0.92**2 + 1)]
    )
    mine = 20 * 0.8**2 + 50
    both = 26 * 0.8 + mine
    assert found.fraction[0, 0] == pytest.approx(both / (both + 50 + 40))
    assert found.fraction[0, 1] == 1
    assert found.distance[0, 0] == pytest.approx(6 + 50 * (90 / (both + 90)) ** 2)


def test_what_the_survey_never_heard_does_not_move_the_winners_distance():
    survey = table([[26, 12, 0]])
    heard, more = table([[20, 12, 0]]), table([[20, 12, 60]])
    assert kaggle_distance(more, survey).distance == kaggle_distance(heard, survey).distance


def winners(asked, survey):
    return kaggle_distance(asked, survey).distance


@pytest.mark.parametrize("alike", [*SIMILARITIES.values(), winners])
@given(seed=st.integers(0, 2**16))
def test_the_order_of_access_points_and_of_scans_says_nothing(alike, seed):
    both, rng = hall(seed % 50, walks=3, scans=3, access_points=8), np.random.default_rng(seed)
    asked, survey = both.at(np.arange(3)), both.at(np.arange(3, 9))
    columns, rows = rng.permutation(8), rng.permutation(6)

    def moved(scans):
        level, age_ms = scans.level[:, columns], scans.age_ms[:, columns]
        return scans._replace(level=level, age_ms=age_ms)

    # Scans of a walk lie together.
    rows = rows[np.argsort(survey.walk[rows], kind="stable")]
    found = alike(moved(asked), moved(survey).at(rows))
    np.testing.assert_allclose(found, alike(asked, survey)[:, rows], rtol=1e-4, atol=1e-5)
