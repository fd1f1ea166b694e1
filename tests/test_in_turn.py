"""Every walk located by the survey of all the others, worked out by hand on six walks."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.predictors import constant
from mtloc_jax.settings import Settings, Window
from mtloc_jax.sites.protocol import dealt_in_turn
from mtloc_jax.sites.recordings import Recordings, cut_by
from mtloc_jax.sites.site import build
from mtloc_jax.sites.splits import Split, in_turn
from mtloc_jax.sites.survey import coverage
from mtloc_jax.study.covering import Covering
from mtloc_jax.study.fitting import fitted
from mtloc_jax.study.plan import plan
from mtloc_jax.study.runs import RunSpec, turns
from tests import walks as made_up
from tests.studies import tiny
from tests.test_protocol import OWN, table_walks

SPEC = RunSpec("wifi-knn-cosine", 1.0, 0)


def lines_at(*y_m, end_ms=2000):
    """Return walks along x, each on a line of its own; walk k is of round k."""
    walks = []
    for number, y in enumerate(y_m, start=1):
        walk = made_up.walk(number, end_ms, name=f"walk {number}")
        walks.append(replace(walk, waypoint_xy_m=walk.waypoint_xy_m + np.array([0.0, y])))
    return walks


def site_of(walks):
    split = in_turn((walk.number for walk in walks), "toy")
    return build("toy", walks, split, Window(), in_turn=True)


def located_by(unit, folds=0):
    """Return for each walk the names of those that it is located by."""
    found = dealt_in_turn("toy", table_walks(), OWN, unit=unit, folds=folds)
    assert found.split.in_turn
    assert set(found.split.test) == {walk.number for walk in found.walks}
    return {
        walk.name: "".join(o.name for o in found.walks if o.number != walk.number)
        for walk in found.walks
    }


def test_each_walk_is_located_by_all_walks_of_other_units():
    assert located_by("walk")["c"] == "abdef"
    assert located_by("round") == {
        "a": "bcef", "d": "bcef", "b": "acdf", "e": "acdf", "c": "abde", "f": "abde"
    }  # fmt: skip
    assert located_by("phone") == {"a": "bef", "c": "bef", "d": "bef"} | dict.fromkeys("bef", "acd")
    assert located_by("session")["e"] == "abcd"


def test_folds_of_units_are_located_by_the_other_folds():
    # Walks are dealt in turn: a c e and b d f.
    assert located_by("walk", folds=2) == dict.fromkeys("ace", "bdf") | dict.fromkeys("bdf", "ace")


def test_one_unit_alone_has_no_others():
    alike = [replace(walk, phone="A520") for walk in table_walks()]
    with pytest.raises(
        InputError, match=r"all walks of toy are of one phone: .*--config.unit=walk"
    ):
        dealt_in_turn("toy", alike, OWN, unit="phone", folds=0)


def test_a_split_whose_parts_meet_is_refused_unless_it_is_meant():
    walks = lines_at(0.0, 1.0)
    split = in_turn((1, 2), "toy")
    with pytest.raises(InputError, match="a round of toy is in two splits"):
        build("toy", walks, split, Window())
    with pytest.raises(InputError, match="a round of toy is in two splits"):
        build("toy", walks, Split((1,), (), (1,)), Window(), in_turn=True)
    assert build("toy", walks, split, Window(), in_turn=True).split.judged == ("test",)


def test_a_study_cuts_its_target_so_and_its_source_by_round():
    walks = table_walks()
    opened = Recordings("toy", walks, OWN, False, walks[0].source.parent)
    settings = Settings(survey="others", unit="walk")
    assert cut_by(opened, settings).split == Split((1, 2, 3, 4, 5, 6), (), (1, 2, 3, 4, 5, 6))
    assert cut_by(opened, settings, "source").split == OWN


def test_no_survey_holds_the_walk_that_it_locates():
    site = site_of(lines_at(0.0, 4.0, 10.0))
    found = turns(SPEC, site, Settings(survey="others"))
    assert [turn.rounds for turn in found] == [(1,), (2,), (3,)]
    for turn in found:
        assert set(site.round[turn.rows]) == {1, 2, 3} - set(turn.rounds)


def test_a_survey_of_two_walks_is_drawn_among_the_others():
    site = site_of(lines_at(0.0, 1.0, 2.0, 3.0))
    drawn = turns(SPEC, site, Settings(survey="others", walks=2))
    for turn in drawn:
        surveyed = set(site.round[turn.rows])
        assert len(surveyed) == 2
        assert not surveyed & set(turn.rounds)
    with pytest.raises(InputError, match="walks is 4, of 3 walks"):
        turns(SPEC, site, Settings(survey="others", walks=4))


def test_a_constant_is_the_middle_of_the_other_walks():
    # Lines at 0, 4 and 10 m: without the first the middle of the others lies at 7 m, 3.5 m along.
    site = site_of(lines_at(0.0, 4.0, 10.0))
    found = fitted(RunSpec("constant", 1.0, 0), site, Settings(survey="others"))
    off_m = found.predicted_m["test"][:, 1]
    assert list(found.predicted_m) == ["test"]
    assert [off_m[site.round == n][0] for n in (1, 2, 3)] == pytest.approx([7.0, 5.0, 2.0])
    alone = constant(site, np.flatnonzero(site.round > 1), np.flatnonzero(site.round == 1))
    assert np.array_equal(found.predicted_m["test"][site.round == 1], alone)


def test_coverage_is_by_the_other_walks():
    site, settings = site_of(lines_at(0.0, 4.0, 10.0)), Settings(survey="others")
    found = Covering().of(SPEC, site, settings)["test"]
    assert [found.position_m[site.round == n].max() for n in (1, 2, 3)] == pytest.approx([4, 4, 6])
    first = coverage(site, np.flatnonzero(site.round > 1), np.flatnonzero(site.round == 1))
    assert np.array_equal(found.position_m[site.round == 1], first.position_m)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arms": ("scratch",)}, "the arm 'scratch' trains on the target"),
        ({"arms": ("wifi-knn",)}, "the arm 'wifi-knn' chooses on the target"),
        ({"arms": ("matcher-scratch-held",)}, "the arm 'matcher-scratch-held' trains on"),
        ({"arms": ("chosen-held",)}, "the arm 'chosen-held' chooses on the target"),
        ({"arms": ("constant",), "test_round": 2}, "survey='others' tests every round"),
    ],
)
def test_nothing_that_trains_or_chooses_on_the_target_is_tested_on_all_of_it(changes, says):
    with pytest.raises(InputError, match=says):
        plan(tiny(survey="others", **changes))
