"""Experts by name: a radio map made once, several as one, the one that errs least on a survey."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.experts import nearest, radio_map
from mtloc_jax.experts.joined import joined
from mtloc_jax.locate import EXPERTS, UNTRAINED
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.chosen import each_placer, least, spread
from mtloc_jax.prediction.live import located
from mtloc_jax.prediction.locators import by_survey
from mtloc_jax.prediction.placing import MapPlace, MixedPlace, placer
from mtloc_jax.prediction.survey import Survey
from tests.test_follow import SURVEY
from tests.test_live_fixes import scan
from tests.test_predict import ASKED, line

LINES = Survey("toy", tuple(line(n, 4.0, (2000, "near"), (5000, "far")) for n in (2, 3, 4)))


def off_by(metres):
    """Return an expert that is so far off along y, wherever a scan was."""
    return lambda table: (table.xy_m + np.array([0.0, metres]), np.ones(len(table.level)))


def test_a_radio_map_places_scans_as_it_does_when_it_is_made_for_each(monkeypatch):
    made, mapped = [], radio_map.mapped
    monkeypatch.setattr(radio_map, "mapped", lambda *of: made.append(of) or mapped(*of))
    survey, place = SURVEY.table, MapPlace()
    ones = [scan(survey, at) for at in (1, 4)]
    told = [place(survey, one) for one in ones]
    assert len(made) == 1
    for ours, one in zip(told, ones, strict=True):
        theirs = radio_map.locate(survey, one)
        for part, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(part, other)


def test_a_mixture_is_what_its_experts_say_together():
    survey, one = SURVEY.table, scan(SURVEY.table, 2)
    both = MixedPlace([MapPlace(), nearest.nearest_cosine])(survey, one)
    apart = [radio_map.locate(survey, one), nearest.nearest_cosine(survey, one)]
    for ours, theirs in zip(both, joined(apart), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_expert_is_chosen_that_errs_least_and_of_two_alike_the_first():
    places = {"worst": off_by(3.0), "one": off_by(1.0), "like it": off_by(-1.0)}
    assert least(LINES, places) == "one"
    assert spread(3, 2).tolist() == [0, 2]
    with pytest.raises(InputError, match=r"no two walks of toy have a scan.*name one: worst"):
        least(replace(LINES, walks=LINES.walks[:1]), places)
    silent = Survey("toy", tuple(line(n, 4.0) for n in (1, 2)))
    with pytest.raises(InputError, match="no two walks of toy have a scan to choose an expert by"):
        least(silent, places)


def test_each_expert_places_each_walk_by_the_others_as_scans_are_placed():
    table = SURVEY.table
    for name in ("cosine", "v3", "radio-map"):
        xy_m, _ = each_placer(name, None)(table)
        own = table.walk == 1
        alone_m, _ = placer(name, None)(table.at(~own), table.at(own))
        # A map of the whole table has cells of its own.
        assert np.abs(xy_m[own] - alone_m).max() < (3.0 if name == "radio-map" else 1e-6)


def test_a_walk_of_the_survey_has_no_say_in_the_choice_that_locates_it():
    by = BySurvey(LINES, ARMS["cosine-held"].locate)
    heard = []

    def each(table):
        heard.append(len(table.level))
        return table.xy_m, np.ones(len(table.level))

    by.places |= {"one": nearest.nearest_cosine}
    by.each = {"cosine": off_by(1.0), "one": each}
    assert "one" in located(by, ASKED).spoke
    located(by, ASKED)
    assert heard == [6]  # two scans of each of three walks, once for all logs
    located(by, LINES.walks[0])
    assert heard == [6, 4]


def test_predict_says_which_expert_was_chosen():
    ready = by_survey(LINES, "chosen-held")
    assert ready.note.startswith(ready.locator.expert(LINES))
    assert "errs least on walks of the survey, of cosine, v3, matcher, radio-map" in ready.note
    assert all(len(row) <= 90 for row in ready.note.splitlines())


def test_every_expert_is_untrained_or_says_that_it_is_trained_on_the_survey():
    for name in set(EXPERTS) - set(UNTRAINED):
        with pytest.raises(InputError, match=f"{name}' is trained on the survey"):
            placer(name, None)
