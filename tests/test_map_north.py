"""A map may lie any way to the compass: surveyed walks say which."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtloc_jax.arms import ARMS
from mtloc_jax.evidence import Moves
from mtloc_jax.locate import Locate
from mtloc_jax.motion.map_north import legs_of, legs_told, turn_rad, turned
from mtloc_jax.motion.network import fresh
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.live import located
from mtloc_jax.prediction.said import truth_m
from mtloc_jax.prediction.survey import Survey
from mtloc_jax.settings import Settings, Window
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites.site import build
from mtloc_jax.sites.splits import in_turn
from mtloc_jax.study.joining import Learnt
from mtloc_jax.study.locating import Locator, Networks
from mtloc_jax.study.runs import RunSpec
from tests import walks as made_up

NORTH = Moves(np.arange(0, 6001, 1000), np.tile([0.0, 1.0], (6, 1)), np.full(6, 0.1))
"""One metre to the north in each of six seconds."""
WALKS = [replace(walk, extra={}) for walk in simulate(building_a(0), 0, n_rounds=5, round_s=20.0)]
"""No rotation vectors: yaw is the compass's, and this building does not face it."""


def along(direction, *at_s):
    """Return a walk at 2 m/s along a direction, with waypoints at these seconds."""
    marks = {"waypoint_t_ms": np.array(at_s) * 1000}
    return replace(
        made_up.walk(1, 6000),
        waypoint_xy_m=np.outer(at_s, 2.0 * np.array(direction)),
        **marks,
    )


def too_strong(walk):
    """Return a walk whose magnetometer was not calibrated: no field of the Earth is so strong."""
    return replace(walk, mag=replace(walk.mag, values=10 * walk.mag.values))


def turned_map(walk, by_rad):
    sin, cos = np.sin(by_rad), np.cos(by_rad)
    return replace(walk, waypoint_xy_m=walk.waypoint_xy_m @ np.array([[cos, sin], [-sin, cos]]))


def test_a_walk_told_to_the_north_that_was_surveyed_along_x_says_a_quarter_turn():
    # Legs of 1 and 4 s: told 1j and 4j, surveyed 2 and 8, so that their products add up to -34j.
    found = legs_of(along((1.0, 0.0), 0, 1, 5), NORTH)
    assert found == pytest.approx(-34j)
    assert turn_rad([found, 0j]) == pytest.approx(-np.pi / 2)
    assert turned(NORTH, -np.pi / 2).moved_m == pytest.approx(np.tile([1.0, 0.0], (6, 1)))


def test_legs_before_and_after_what_was_told_count_for_nothing():
    later = NORTH._replace(t_ms=NORTH.t_ms + 1500)
    assert legs_of(along((1.0, 0.0), 0, 1, 5), later) == 0
    assert turn_rad([]) == 0


def test_a_walk_of_which_nothing_is_told_says_nothing_of_how_a_map_lies():
    assert legs_told(along((1.0, 0.0), 0, 1, 5), lambda _: None) == 0


@given(st.floats(-3.1, 3.1))
def test_a_turned_map_turns_the_angle_as_much(by_rad):
    walk = along((0.0, 1.0), 0, 2, 3, 6)
    assert turn_rad([legs_of(turned_map(walk, by_rad), NORTH)]) == pytest.approx(by_rad)


@pytest.mark.parametrize("arm", ["cosine-steps-filter", "cosine-steps-smoother"])
def test_a_track_lies_on_the_map_however_that_lies(arm):
    def track(by_rad):
        walks = [turned_map(walk, by_rad) for walk in WALKS]
        return located(BySurvey(Survey("toy", tuple(walks[:4])), ARMS[arm].locate), walks[4]).xy_m

    as_it_lies, quarter = track(0.0), track(np.pi / 2)
    assert quarter == pytest.approx(as_it_lies @ np.array([[0.0, 1.0], [-1.0, 0.0]]), abs=1e-3)


@pytest.mark.parametrize("arm", ["cosine-steps-filter", "cosine-steps-smoother"])
def test_a_study_lays_motion_on_the_map_however_that_lies(arm):
    def said_m(by_rad):
        walks = [turned_map(walk, by_rad) for walk in WALKS]
        split = in_turn((walk.number for walk in walks), "toy")
        settings = Settings(survey="others", window=Window(wifi_max_age_ms=600_000))
        site = build("toy", walks, split, settings.window, in_turn=True)
        spec = RunSpec(arm, 1.0, 0)
        networks = Networks()
        return (
            Locator(walks, site).located(ARMS[arm].locate, spec, settings, (), networks).clean.xy_m
        )

    as_it_lies, quarter = said_m(0.0), said_m(np.pi / 2)
    assert quarter == pytest.approx(as_it_lies @ np.array([[0.0, 1.0], [-1.0, 0.0]]), abs=1e-3)


@pytest.mark.slow
def test_steps_by_the_compass_help_on_a_map_that_does_not_face_it():
    walks = [replace(w, extra={}) for w in simulate(building_a(0), 0, n_rounds=11, round_s=40.0)]

    def error_m(arm):
        by, off_m = BySurvey(Survey("toy", tuple(walks)), ARMS[arm].locate), []
        for walk in walks:
            said = located(by, walk)
            found_m = np.linalg.norm(said.xy_m - truth_m(walk, said.t_ms), axis=1)
            off_m.append(found_m[~np.isnan(found_m) & ~np.isnan(said.scan_age_s)])
        return np.concatenate(off_m).mean()

    assert error_m("cosine-steps-smoother") < 0.9 * error_m("cosine-held")


@pytest.mark.parametrize("join", ["filter", "smoother", "grid", "grid-smoother"])
def test_a_log_without_a_magnetic_north_is_located_as_without_motion(join):
    def rows(motion):
        log = BySurvey(Survey("toy", tuple(WALKS[:4])), Locate("cosine", motion, join)).begin()
        said = log.advance(too_strong(WALKS[4]), None)
        return said, log.note

    (by_steps, note), (by_none, nothing) = rows("steps"), rows("none")
    for one, other in zip(by_steps, by_none, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (note, nothing) == ("no usable magnetic field: located without motion", "")


@pytest.mark.parametrize("motion", ["steps", "network"])
def test_a_study_locates_walks_without_a_magnetic_north_as_without_motion(motion, caplog):
    walks = [too_strong(walk) if walk.number < 3 else walk for walk in WALKS]
    split = in_turn((walk.number for walk in walks), "toy")
    settings = Settings(survey="others", window=Window(wifi_max_age_ms=600_000))
    site = build("toy", walks, split, settings.window, in_turn=True)
    locator, spec = Locator(walks, site), RunSpec("cosine-held", 1.0, 0)

    def said_m(motion, network=None):
        locate = Locate("cosine", motion, "filter")
        networks = Networks(motion=network)
        return locator.located(locate, spec, settings, (), networks).clean.xy_m

    lost = np.isin(site.round, (1, 2))
    for seed in (0, 1):
        network = Learnt(fresh(seed), seed) if motion == "network" else None
        same = (said_m(motion, network) == said_m("none")).all(axis=1)
        assert same[lost].all()
        assert not same[~lost].all()
    told = [record.getMessage() for record in caplog.records]
    note = "no usable magnetic field: located without motion"
    assert told == [f"{walk.name}: {note}" for walk in walks[:2]]  # once, whatever asks
