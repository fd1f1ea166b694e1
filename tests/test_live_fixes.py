"""Scans placed one by one: as many at once are; what a survey costs is paid once."""

import jax
import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.experts import matcher_fixes
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.matcher import CANDIDATES_AT, FEATURES_OF
from mtloc_jax.experts.matcher_training import PROBLEM
from mtloc_jax.experts.pair_features import FEATURES
from mtloc_jax.prediction.live_fixes import LiveFixes
from mtloc_jax.prediction.placing import SPARE, MatcherPlace, placer
from tests.test_follow import LOG, SURVEY


@pytest.fixture(scope="module")
def params():
    shapes = {FEATURES_OF: (1, CANDIDATES, len(FEATURES)), CANDIDATES_AT: (1, CANDIDATES, 3)}
    nothing = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return PROBLEM.network.init(jax.random.key(1), nothing)["params"]


def scan(table, at):
    listed = table.level[at] > 0
    one = table.at(np.array([at]))
    return one._replace(
        level=one.level[:, listed], age_ms=one.age_ms[:, listed], bssids=table.bssids[listed]
    )


@pytest.mark.parametrize(
    "strange", [(), ("02:aa", "zz"), tuple(f"x{k:03}" for k in range(SPARE + 1))]
)
def test_a_matcher_places_a_scan_as_it_does_without_having_prepared_the_survey(params, strange):
    survey = SURVEY.table
    one = scan(survey, 4)
    order = np.argsort([*one.bssids, *strange])
    one = one._replace(
        level=np.concatenate([one.level, np.full((1, len(strange)), 30.0)], axis=1)[:, order],
        age_ms=np.concatenate([one.age_ms, np.zeros((1, len(strange)))], axis=1)[:, order],
        bssids=np.array([*one.bssids, *strange])[order],
    )
    xy_m, sigma_m = MatcherPlace(params)(survey, one)
    stacked = jax.tree.map(lambda leaf: leaf[None], params)
    wanted_m, wanted_sigma_m = matcher_fixes.locate(stacked, survey, one)
    np.testing.assert_allclose(xy_m, wanted_m[0], atol=1e-4)
    np.testing.assert_allclose(sigma_m, wanted_sigma_m[0], rtol=1e-4)


def test_a_survey_is_prepared_once_for_all_scans_and_logs(params, monkeypatch):
    place, made = MatcherPlace(params), []
    known = matcher_fixes.Known
    monkeypatch.setattr(
        "mtloc_jax.prediction.placing.Known", lambda of: made.append(of) or known(of)
    )
    for _ in range(2):
        fixes, shared = LiveFixes(place, SURVEY.table).until(LOG, 10**6)
        assert len(fixes.arrived_ms) == len(LOG.wifi.t_ms) == shared.sum()
    assert len(made) == 1


def test_scans_are_placed_when_they_have_arrived_and_never_again():
    asked = []

    def place(survey, one):
        asked.append(int(one.arrived_ms[0]))
        return np.zeros((1, 2)), np.ones(1)

    live = LiveFixes(place, SURVEY.table)
    first, second = LOG.wifi.t_ms[:2].tolist()
    assert len(live.until(LOG, first - 1)[0].arrived_ms) == 0
    assert live.until(LOG, first)[0].arrived_ms.tolist() == [first]
    assert live.until(LOG, second)[0].arrived_ms.tolist() == [first, second]
    assert asked == [first, second]


def test_an_expert_without_its_network_says_where_to_get_it():
    with pytest.raises(InputError, match="leave --pretrained out, or give WORKDIR"):
        placer("matcher", None)
