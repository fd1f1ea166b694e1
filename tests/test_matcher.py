"""The matcher: its loss by hand, what it may not depend on, and that what it learns transfers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtloc_jax.core.model import apply
from mtloc_jax.errors import InputError
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.matcher import matcher_loss
from mtloc_jax.experts.matcher_fixes import locate, locate_each_walk, place
from mtloc_jax.experts.matcher_lessons import Draw, Surveyed, lessons
from mtloc_jax.experts.matcher_training import METRES, PROBLEM, fresh, train_on
from mtloc_jax.experts.nearest import each_walk, nearest_cosine
from mtloc_jax.experts.pair_features import Pairs, pairs
from tests.scan_tables import hall, table

SMALL = {"draws": (Draw(worn=False, scans=40), Draw(3, scans=40))}
FLOOR = hall()


@pytest.fixture(scope="module")
def data():
    return lessons([Surveyed(FLOOR)], **SMALL)


@pytest.fixture(scope="module")
def untrained(data):
    return fresh(data, (3, 4))


@pytest.fixture(scope="module")
def trained(data):
    return train_on(data, (3, 4), epochs=5)[0]


def outputs(xy_m, log_sigma, log_distance, candidates):
    """Return what the network tells of one scan with some candidates, padded."""
    padded = np.zeros((CANDIDATES, 3))
    padded[: len(candidates), :2] = candidates
    padded[: len(candidates), 2] = 1
    told = np.pad(np.array(log_distance, float), (0, CANDIDATES - len(candidates)))
    return jnp.array([[*xy_m, log_sigma, *told, *padded.ravel()]], jnp.float32)


def test_the_loss_by_hand():
    # 5 m off; candidates 4 m and 6 m away; sigma 5 m.
    told = outputs((3, 4), np.log(5), [np.log(5), np.log(7) + 1], [(4, 0), (0, 6)])
    lost = matcher_loss(told, jnp.zeros((1, 2)), jnp.ones(1))
    assert float(lost) == pytest.approx(
        0.5 * (5 + 0.3 * (2 * np.log(5) + 25 / 50)) + 2 * 0.5, rel=1e-5
    )


def test_the_likelihood_trains_sigma_alone_and_is_best_at_the_true_spread():
    def of(x, log_sigma):
        told = outputs((0, 0), 0, [0], [(0, 0)])
        told = told.at[0, 0].set(x).at[0, 2].set(log_sigma)
        return matcher_loss(told, jnp.zeros((1, 2)), jnp.ones(1))

    by_x, by_sigma = jax.grad(of, (0, 1))(5.0, jnp.log(5 / np.sqrt(2)))
    assert float(by_x) == pytest.approx(1, abs=1e-4)
    assert float(by_sigma) == pytest.approx(0, abs=1e-4)


def test_rows_that_only_fill_a_batch_weigh_nothing():
    both = jnp.concatenate([outputs((1, 0), 0, [0], [(0, 0)]), outputs((9, 9), 3, [8], [(5, 5)])])
    weight = jnp.array([1.0, 0.0])
    alone = matcher_loss(both[:1], jnp.zeros((1, 2)), jnp.ones(1))
    assert float(matcher_loss(both, jnp.zeros((2, 2)), weight)) == pytest.approx(float(alone))


def turned(xy_m):
    return xy_m @ np.array([[0.0, -1], [1, 0]]) + (30, -7)


def test_a_floor_turned_and_moved_turns_and_moves_what_is_told(untrained):
    survey, asked = FLOOR.at(FLOOR.walk > 0), FLOOR.at(FLOOR.walk == 0)
    xy_m, sigma_m = locate(untrained, survey, asked)
    moved_m, same_m = locate(untrained, survey._replace(xy_m=turned(survey.xy_m)), asked)
    np.testing.assert_allclose(moved_m, turned(xy_m), atol=1e-3)
    np.testing.assert_allclose(same_m, sigma_m, rtol=1e-4)


def test_the_order_of_access_points_scans_and_candidates_says_nothing(untrained):
    rng = np.random.default_rng(0)
    survey, asked = FLOOR.at(FLOOR.walk > 0), FLOOR.at(FLOOR.walk == 0)
    expected = locate(untrained, survey, asked)
    columns, rows = rng.permutation(len(FLOOR.bssids)), rng.permutation(len(survey.level))

    def moved(scans):
        level, age_ms = scans.level[:, columns], scans.age_ms[:, columns]
        return scans._replace(level=level, age_ms=age_ms)

    for found, told in zip(
        locate(untrained, moved(survey).at(rows), moved(asked)), expected, strict=True
    ):
        np.testing.assert_allclose(found, told, rtol=1e-3, atol=1e-3)


def test_what_padding_holds_says_nothing(untrained):
    found = pairs(FLOOR, FLOOR)._replace()
    mask = found.mask.copy()
    mask[:, 5:] = False
    rng = np.random.default_rng(0)
    noise = np.where(mask[..., None], found.features, rng.normal(size=found.features.shape))
    away = np.where(mask[..., None], found.xy_m, 1e3 * rng.normal(size=found.xy_m.shape))
    quiet = np.where(mask[..., None], found.features, 0)
    one = place(untrained, Pairs(noise.astype(np.float32), away.astype(np.float32), mask))
    other = place(untrained, Pairs(quiet, found.xy_m, mask))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-2)


def test_each_walk_is_located_by_the_others_alone(untrained):
    xy_m, sigma_m = locate_each_walk(untrained, FLOOR)
    for walk in (0, 4):
        own = walk == FLOOR.walk
        alone_m, alone_sigma_m = locate(untrained, FLOOR.at(~own), FLOOR.at(own))
        np.testing.assert_allclose(xy_m[:, own], alone_m, atol=5e-3)
        np.testing.assert_allclose(sigma_m[:, own], alone_sigma_m, rtol=1e-3)
    with pytest.raises(InputError, match="a walk alone has no survey"):
        locate_each_walk(untrained, FLOOR.at(FLOOR.walk == 0))


def test_nothing_in_common_one_scan_and_an_empty_survey_have_their_answers(untrained):
    survey = table([[30], [20]], [(0, 0), (30, 40)], bssids=["a"])
    xy_m, sigma_m = locate(untrained, survey, table([[30], [0]], bssids=["b"]))
    assert xy_m == pytest.approx(np.tile([15.0, 20.0], (2, 2, 1)))
    assert sigma_m == pytest.approx(np.sqrt(625 / 2))
    one = locate(untrained, survey.at(np.array([0])), table([[30]], bssids=["a"]))
    np.testing.assert_allclose(one[0], np.zeros((2, 1, 2)), atol=1e-5)
    assert (one[1] > 0).all()
    nothing = survey.at(np.zeros(0, int))
    with pytest.raises(InputError, match="the survey holds no scan"):
        locate(untrained, nothing, survey)
    assert locate(untrained, survey, nothing)[0].shape == (2, 0, 2)
    # A walk of its own island lies at the mean of all other walks.
    island = table([[30, 0], [20, 0], [0, 30]], [(0, 0), (30, 40), (99, 99)], walk=[0, 1, 2])
    assert locate_each_walk(untrained, island)[0][:, 2] == pytest.approx(np.tile([15, 20], (2, 1)))


def lost(params, data):
    """Return each seed's loss over all lessons."""
    inputs, weight = PROBLEM.batch(data, METRES, slice(None)), jnp.ones(len(data.target))

    def of_one(one):
        return matcher_loss(apply(PROBLEM.network, one, inputs), data.target, weight)

    return jax.vmap(of_one)(params)


def test_training_lowers_the_loss_of_every_seed(data, untrained, trained):
    assert (lost(trained, data) < 0.8 * lost(untrained, data)).all()


def test_seeds_differ_and_repeat(data, trained):
    again, _ = train_on(data, (3, 4), epochs=5)
    jax.tree.map(np.testing.assert_array_equal, trained, again)
    assert np.abs(trained["fc1"]["kernel"][0] - trained["fc1"]["kernel"][1]).max() > 1e-3


def test_a_matcher_is_fine_tuned_on_a_survey_and_standardises_as_at_its_source(trained):
    other = lessons([Surveyed(hall(5))], **SMALL)
    tuned, _ = train_on(other, (3, 4), start=trained, epochs=3)
    assert (lost(tuned, other) < lost(trained, other)).all()
    jax.tree.map(np.testing.assert_array_equal, tuned["standard"], trained["standard"])


@pytest.mark.slow
def test_one_of_several_seeds_learns_as_it_does_alone(data):
    both, alone = (train_on(data, seeds, epochs=1)[0] for seeds in ((3, 4), (4,)))
    for a, b in zip(jax.tree.leaves(both), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a[1], b[0], rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_a_matcher_trained_in_one_hall_beats_nearest_neighbours_in_another():
    source = [Surveyed(hall(seed, walks=12, noise_db=6)) for seed in (1, 2)]
    other = hall(9, walks=12, noise_db=6)
    learnt = lessons(source, draws=(Draw(worn=False), Draw(8, worn=False)))
    params, _ = train_on(learnt, (0, 1), epochs=40, batch_size=64, learning_rate=1e-2)
    off_m = np.linalg.norm(locate_each_walk(params, other)[0] - other.xy_m, axis=-1).mean(axis=1)
    nearest_m = np.linalg.norm(each_walk(nearest_cosine, other)[0] - other.xy_m, axis=-1).mean()
    assert (off_m < 0.9 * nearest_m).all(), (off_m, nearest_m)
