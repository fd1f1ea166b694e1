"""Features of pairs: agree with the formulas, leave out what may not be compared, know no order."""

import numpy as np
import pytest

from mtloc_jax.experts.candidates import CANDIDATES, Searched, candidates
from mtloc_jax.experts.kaggle_distance import kaggle_distance
from mtloc_jax.experts.pair_features import FEATURES, pairs
from mtloc_jax.experts.similarity import SIMILARITIES
from tests.scan_tables import hall, table

FLOOR = hall(walks=6, scans=8)
WALKS = 6
APART = ~np.eye(WALKS, dtype=bool)
NEAR = {"rtol": 1e-3, "atol": 1e-4}
TIE = 2.01 / CANDIDATES


def feature(found, name):
    return found.features[..., FEATURES.index(name)]


def alone(walk):
    """Return the survey without a walk, and that walk."""
    own = walk == FLOOR.walk
    return FLOOR.at(~own), FLOOR.at(own)


def alike(found, expected):
    """Assert that features agree; float32 sums in another order may swap near ties of a rank."""
    ranks = np.array([name.endswith(", rank") for name in FEATURES])
    np.testing.assert_allclose(found[..., ~ranks], expected[..., ~ranks], **NEAR)
    np.testing.assert_allclose(found[..., ranks], expected[..., ranks], rtol=0, atol=TIE)


def same(found, expected):
    assert (found.mask == expected.mask).all()
    alike(found.features, expected.features)
    np.testing.assert_allclose(
        found.xy_m[found.mask], expected.xy_m[expected.mask], rtol=0, atol=1e-5
    )


def test_every_feature_has_a_name_of_its_own_and_is_a_number():
    assert len(set(FEATURES)) == len(FEATURES)
    found = pairs(FLOOR, FLOOR, APART)
    assert found.features.shape == (48, CANDIDATES, len(FEATURES))
    assert np.isfinite(found.features).all()
    varies = found.features[found.mask].std(axis=0) > 1e-6
    assert varies.all(), [name for name, moves in zip(FEATURES, varies, strict=True) if not moves]


NAMED = {
    "cosine fresh 2 s": "cosine fresh 2 s",
    "cosine": "cosine fresh 4 s",
    "cosine age weighted": "cosine age weighted",
    "cosine squared": "cosine squared",
    "cosine idf weighted": "cosine idf weighted",
    "sorensen": "sorensen",
    "ruzicka": "ruzicka",
    "jaccard": "jaccard",
}


@pytest.mark.parametrize("name", SIMILARITIES)
def test_similarities_are_those_of_the_formulas(name):
    survey, asked = alone(2)
    near = candidates(Searched(survey, np.ones((WALKS, WALKS), bool)), asked)
    expected = np.take_along_axis(SIMILARITIES[name](asked, survey), near.scan, axis=1)
    found = feature(pairs(survey, asked), NAMED[name])
    np.testing.assert_allclose(found[near.mask], expected[near.mask], **NEAR)


def test_the_winners_distance_is_that_of_the_formula():
    survey, asked = alone(2)
    near = candidates(Searched(survey, np.ones((WALKS, WALKS), bool)), asked)
    found = pairs(survey, asked)
    parts = kaggle_distance(asked, survey)
    for name, of_pair in (("|d|", parts.apart_db), ("fraction", parts.fraction)):
        expected = np.take_along_axis(of_pair, near.scan, axis=1)[near.mask]
        np.testing.assert_allclose(feature(found, f"winners' {name}")[near.mask], expected, **NEAR)


def test_differences_of_levels_by_hand():
    # |d| of 5 and 2 on the levels 25 and 15; the third is heard by the one asked alone.
    found = pairs(table([[30, 13, 0]], [(1, 2)]), table([[25, 15, 40]]))
    assert found.mask.tolist() == [[True] + [False] * (CANDIDATES - 1)]
    assert (found.features[0, 1:] == 0).all()
    assert found.xy_m[0, 0].tolist() == [1, 2]
    told = dict(zip(FEATURES, found.features[0, 0].tolist(), strict=True))
    assert told["mean |d|"] == 3.5
    assert told["rms d"] == pytest.approx(np.sqrt(14.5))
    assert told["mean d"] == 1.5
    assert told["spread of d"] == pytest.approx(3.5)
    assert told["level weighted |d|"] == pytest.approx((25 * 5 + 15 * 2) / 40)
    assert told["correlation"] == pytest.approx(8.5 * 5 / (8.5 * 5 + 20))
    assert told["level asked alone"] == pytest.approx(0.5)
    assert told["level surveyed alone"] == pytest.approx(0)
    assert told["5 strongest shared"] == pytest.approx(0.4)
    assert told["share at level 1, |d| 0"] == pytest.approx(0.5)
    assert told["share at level 2, |d| 1"] == pytest.approx(0.5)
    assert told["share asked alone at level 3"] == pytest.approx(1 / 3)
    assert told["share of access points in the survey"] == pytest.approx(2 / 3)
    assert sum(told[f"share at level {b}, |d| {a}"] for b in range(4) for a in range(5)) == 1


def test_the_best_candidate_is_behind_none():
    found = pairs(FLOOR, FLOOR, APART)
    for rival, best in (("cosine fresh 4 s", np.argmax), ("winners' distance", np.argmin)):
        worst = -np.inf if best is np.argmax else np.inf
        at = best(np.where(found.mask, feature(found, rival), worst), axis=1)[:, None]
        for name, least in (("behind the best", 1e-3), ("rank", TIE)):
            of_best = np.take_along_axis(feature(found, f"{rival}, {name}"), at, axis=1)
            np.testing.assert_allclose(of_best, 0, atol=least)
            assert (feature(found, f"{rival}, {name}") >= -1e-3).all()


@pytest.mark.parametrize("walk", [0, 5])
def test_a_walk_that_may_not_be_compared_is_as_if_it_were_not_surveyed(walk):
    survey, asked = alone(walk)
    own = walk == FLOOR.walk
    whole = pairs(FLOOR, FLOOR, APART)
    same(whole._replace(**{k: getattr(whole, k)[own] for k in whole._fields}), pairs(survey, asked))


def test_the_order_of_access_points_says_nothing():
    order = np.random.default_rng(0).permutation(len(FLOOR.bssids))
    moved = FLOOR._replace(level=FLOOR.level[:, order], age_ms=FLOOR.age_ms[:, order])
    same(pairs(moved, moved, APART), pairs(FLOOR, FLOOR, APART))


def test_the_order_of_surveyed_scans_and_walks_says_nothing():
    survey, asked = alone(3)
    order = np.random.default_rng(1).permutation(len(survey.level))
    moved = survey.at(order)
    same(pairs(moved._replace(walk=(7 * moved.walk) % 6), asked), pairs(survey, asked))


def test_access_points_that_nobody_heard_say_nothing():
    survey, asked = alone(0)
    more = np.concatenate([FLOOR.bssids, ["zz1", "zz2"]])
    same(pairs(survey.over(more), asked.over(more)), pairs(survey, asked))


def test_a_floor_turned_and_moved_has_the_same_features():
    survey, asked = alone(4)
    turned = survey._replace(xy_m=survey.xy_m @ np.array([[0, -1], [1, 0]]) + (100, -50))
    found, expected = pairs(turned, asked), pairs(survey, asked)
    assert (found.mask == expected.mask).all()
    alike(found.features, expected.features)


def test_scans_that_share_no_access_point_have_no_candidate():
    survey, asked = table([[30, 0], [20, 0]], [(0, 0), (1, 1)]), table([[0, 30], [0, 0], [9, 9]])
    assert pairs(survey, asked).mask.sum(axis=1).tolist() == [0, 0, 2]
    nowhere = table(np.zeros((2, 0)))
    assert not pairs(nowhere, nowhere).mask.any()


def test_many_scans_are_told_in_parts_as_they_are_one_by_one():
    big = hall(walks=20, scans=8)
    found = pairs(big, big)
    one = pairs(big, big.at(np.array([130])))
    alike(found.features[130:131], one.features)
