"""Whole walks located, worked out by hand on walks along a line."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Fixes
from mtloc_jax.experts import matcher_fixes
from mtloc_jax.experts.joined import joined
from mtloc_jax.locate import EXPERTS, Locate
from mtloc_jax.settings import Settings, Window, replaced
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.sites.losses import LOSSES, Delivered, every, first_half
from mtloc_jax.sites.site import build
from mtloc_jax.sites.splits import Split, in_turn
from mtloc_jax.study import matchers, replicas
from mtloc_jax.study.joining import Learnt
from mtloc_jax.study.judging import counted
from mtloc_jax.study.locating import Locator, Networks
from mtloc_jax.study.plan import plan
from mtloc_jax.study.runs import RunSpec
from tests import walks as made_up
from tests.networks import untrained_matcher
from tests.studies import tiny

HELD = Settings(
    survey="others", window=Window(wifi_max_age_ms=600_000), wifi_entry_max_age_ms=10_000
)
WITHOUT_NETWORKS = (
    "cosine-held",
    "v3-held",
    "radio-map-held",
    "cosine-none-filter",
    "cosine-none-smoother",
    "cosine-none-grid",
    "cosine-none-grid-smoother",
    Locate("radio-map", "none", "grid"),
)
THROTTLED = "wifi: a scan in 2 s"


def line(number, y_m, heard, end_ms=6000):
    """Return a walk of 6 s along x at 1 m/s, `y_m` beside the axis; heard: (t_ms, bssid, ..)."""
    wifi = made_up.scans(*heard) if heard else None
    walk = made_up.walk(number, end_ms, name=f"walk {number}", wifi=wifi)
    return replace(walk, waypoint_xy_m=walk.waypoint_xy_m + np.array([0.0, y_m]))


def heard_at(*bssids_at):
    return [(t_ms, bssid, -50.0, 0) for t_ms, bssid in bssids_at]


def locator_of(walks, plan=None):
    split = in_turn((walk.number for walk in walks), "toy")
    return Locator(walks, build("toy", walks, split, HELD.window, in_turn=True), plan)


def three_lines():
    """Return three lines that hear near at x = 1, 2 and 2 m, and far at 5 m."""
    return [
        line(n, y_m, heard_at((near_ms, "near"), (5000, "far")))
        for n, y_m, near_ms in ((1, 0.0, 1000), (2, 4.0, 2000), (3, 8.0, 2000))
    ]


def said_of(locator, arm, losses=(), settings=HELD, matcher=None):
    networks = Networks(None if matcher is None else Learnt(matcher, "matcher"))
    locate = arm if isinstance(arm, Locate) else ARMS[arm].locate
    return locator.located(locate, RunSpec("cosine-held", 1.0, 0), settings, losses, networks)


def test_the_newest_scan_is_held_where_the_other_walks_heard_its_access_point():
    locator = locator_of(three_lines())
    site, said = locator.site, said_of(locator, "cosine-held").clean
    first = site.round == 1
    end_ms, xy_m = site.windows.end_ms[first], said.xy_m[first]
    # The others heard near at (2, 4) and (2, 8), far at (5, 4) and (5, 8).
    assert xy_m[(end_ms >= 1000) & (end_ms < 5000)] == pytest.approx(np.array([[2.0, 6.0]] * 40))
    assert xy_m[end_ms >= 5000] == pytest.approx(np.array([[5.0, 6.0]] * 11))
    third = site.round == 3
    # Near at (1, 0) and (2, 4) of the others.
    at_3_s = third & (site.windows.end_ms == 3000)
    assert said.xy_m[at_3_s] == pytest.approx(np.array([[1.5, 2.0]]))


def test_before_the_first_scan_a_walk_is_where_its_survey_is():
    locator = locator_of(three_lines())
    said, second = said_of(locator, "cosine-held").clean, locator.site.round == 2
    before = second & (locator.site.windows.end_ms < 2000)
    # The others' scans lie at (1, 0), (5, 0), (2, 8) and (5, 8).
    assert said.xy_m[before] == pytest.approx(np.array([[3.25, 4.0]] * before.sum()))
    for arm in ("cosine-none-filter", "cosine-none-smoother"):
        assert np.isfinite(said_of(locator, arm).clean.xy_m).all()
    causal = said_of(locator, "cosine-none-filter").clean
    assert causal.xy_m[before] == pytest.approx(said.xy_m[before])


def test_a_walk_without_wifi_is_where_its_survey_is_and_stands_apart():
    walks = [*three_lines()[:2], line(3, 8.0, ())]
    locator = locator_of(walks)
    site, silent = locator.site, locator.site.round == 3
    for arm in WITHOUT_NETWORKS:
        said = said_of(locator, arm).clean
        # The survey's scans lie at (1, 0), (5, 0), (2, 4) and (5, 4).
        assert said.xy_m[silent] == pytest.approx(np.array([[3.25, 2.0]] * silent.sum()))
        assert (said.sigma_m[silent] > 0).all()
    counts = counted(site, replaced(HELD, {"before_scan": "apart"}))["test"]
    assert not counts[silent].any()
    assert counts[~silent].sum() == (6000 - 1000) // 100 + 1 + (6000 - 2000) // 100 + 1
    assert counted(site, HELD)["test"].all()


def test_a_scan_that_shares_nothing_with_its_survey_is_where_that_is():
    walks = [*three_lines()[:2], line(3, 8.0, heard_at((1000, "elsewhere")))]
    locator = locator_of(walks)
    silent = locator.site.round == 3
    for arm in ("cosine-held", "v3-held"):
        said = said_of(locator, arm).clean
        assert said.xy_m[silent] == pytest.approx(np.array([[3.25, 2.0]] * silent.sum()))


def test_a_scan_that_shares_nothing_is_about_its_survey_by_the_radio_map():
    walks = [*three_lines()[:2], line(3, 8.0, heard_at((1000, "elsewhere")))]
    locator = locator_of(walks)
    silent = locator.site.round == 3
    said = said_of(locator, "radio-map-held").clean
    # On 3 m cells, near the middle of the survey, and not sure.
    assert said.xy_m[silent][-1] == pytest.approx([3.25, 2.0], abs=3)
    assert said.sigma_m[silent][-1] > 5


@pytest.mark.parametrize("arm", WITHOUT_NETWORKS)
def test_one_scan_is_a_survey(arm):
    """Near was heard at (1, 0) and at (2, 4), and each walk is located by the other."""
    walks = [line(1, 0.0, heard_at((1000, "near"))), line(2, 4.0, heard_at((2000, "near")))]
    locator = locator_of(walks)
    said, first = said_of(locator, arm).clean, locator.site.round == 1
    # But for cells 3 m wide, and what a map of one scan knows.
    assert said.xy_m[first] == pytest.approx(np.array([[2.0, 4.0]] * first.sum()), abs=3)
    assert (said.sigma_m[first] > 2).all()


@pytest.mark.parametrize("arm", WITHOUT_NETWORKS)
def test_a_survey_without_a_scan_is_refused(arm):
    locator = locator_of([line(1, 0.0, heard_at((1000, "near"))), line(2, 4.0, ())])
    with pytest.raises(InputError, match=r"the survey (holds no scan|heard nothing); survey at"):
        said_of(locator, arm)


MATCHED = ("matcher-held", "matcher-none-grid", "matcher-and-map-held")


@pytest.mark.parametrize("arm", MATCHED)
def test_a_matcher_answers_where_wifi_says_little(arm):
    """A walk without WiFi, one that shares nothing, and a survey of one scan."""
    near = heard_at((1000, "near"))
    for heard in ((), heard_at((1000, "elsewhere")), near):
        locator = locator_of([line(1, 0.0, near), line(2, 4.0, heard)])
        with nullcontext() if heard else pytest.raises(InputError, match="the survey holds no"):
            said = said_of(locator, arm, matcher=untrained_matcher()).clean
            second = locator.site.round == 2
            assert said.xy_m[second] == pytest.approx(np.array([[1, 0]] * second.sum()), abs=3)
            assert (said.sigma_m[second] > 0.1).all()
        if not heard:  # of whom nobody was asked, nothing is said but where the survey was
            silent = locator_of([*three_lines()[:2], line(3, 8.0, ())])
            said = said_of(silent, arm, matcher=untrained_matcher()).clean
            third = silent.site.round == 3
            assert said.xy_m[third] == pytest.approx(np.array([[3.25, 2]] * third.sum()))


def test_on_cells_a_walk_is_followed_where_its_scans_were():
    locator = locator_of(three_lines())
    site, first = locator.site, locator.site.round == 1
    for arm in ("cosine-none-grid", "cosine-none-grid-smoother"):
        found = said_of(locator, arm).clean.xy_m
        assert np.linalg.norm(found[first][-1] - [5, 6]) < 3
        assert found[first][-1][0] > found[first & (site.windows.end_ms == 1500)][0][0] + 0.2
    before = first & (site.windows.end_ms < 1000)
    causal = said_of(locator, "cosine-none-grid").clean.xy_m[before]
    assert causal == pytest.approx(said_of(locator, "cosine-held").clean.xy_m[before])


def test_what_is_lost_says_nothing_of_cells_either():
    """Of all scans on the second half nothing is left: a walk stays about where it was heard."""
    locator = locator_of(three_lines())
    lost = "wifi: second half of each walk lost"
    last = np.flatnonzero(locator.site.round == 1)[-1]
    for arm in ("cosine-none-grid", "cosine-none-grid-smoother"):
        found = said_of(locator, arm, (lost,))
        assert found.lost[lost].xy_m[last][0] < found.clean.xy_m[last][0] - 0.2
        assert np.isfinite(found.lost[lost].sigma_m).all()


def test_a_plan_keeps_a_walk_on_its_floor():
    """A floor of 9 x 12 m whose corridor lies along y = 0..3 m: the second line is pulled to it."""
    drawn = np.full((12, 9), 0.9)
    drawn[9:, :] = 1.0
    drawn[[0, -1], :] = drawn[:, [0, -1]] = 0.0
    plan = FloorPlan(Path("drawn"), 9.0, 12.0, drawn)
    free, kept = locator_of(three_lines()), locator_of(three_lines(), plan)
    second = free.site.round == 2
    north_m = [said_of(of, "cosine-none-grid").clean.xy_m[second][-1][1] for of in (free, kept)]
    assert north_m[1] < north_m[0] - 0.1


def test_a_mixture_is_that_of_its_experts(monkeypatch):
    both = replace(EXPERTS["matcher-and-map"], joins=("cosine", "radio-map"), origin="")
    monkeypatch.setitem(EXPERTS, "matcher-and-map", both)
    locator = locator_of(three_lines())
    parts = [said_of(locator, f"{expert}-held").clean for expert in both.joins]
    expected = joined([(one.xy_m, one.sigma_m) for one in parts])
    found = said_of(locator, "matcher-and-map-held").clean
    heard = locator.site.windows.end_ms >= 2000
    assert found.xy_m[heard] == pytest.approx(expected[0][heard])
    assert found.sigma_m[heard] == pytest.approx(expected[1][heard])
    assert found.sigma_m[~heard][0] == pytest.approx(parts[0].sigma_m[~heard][0])


def test_a_site_without_a_scan_after_which_windows_count_is_one_error():
    walks = [line(1, 0.0, ()), line(2, 4.0, ())]
    site = locator_of(walks).site
    assert counted(site, replaced(HELD, {"before_scan": "apart"}))["test"].all()  # none has a scan
    walks = [line(1, 0.0, heard_at((1000, "near"))), line(2, 4.0, ()), line(3, 8.0, ())]
    own = build("toy", walks, Split((1,), (2,), (3,)), HELD.window)
    with pytest.raises(InputError, match="no walk of toy in validation has a scan"):
        counted(own, replaced(HELD, {"before_scan": "apart"}))


def test_scans_that_come_within_2_s_of_the_last_kept_are_lost_and_it_is_held():
    heard = heard_at((1000, "near"), (2000, "far"), (3000, "far"))
    walks = [line(1, 0.0, heard), *three_lines()[1:]]
    locator = locator_of(walks)
    found = said_of(locator, "cosine-held", (THROTTLED,))
    first, end_ms = locator.site.round == 1, locator.site.windows.end_ms
    at_2_s = first & (end_ms == 2500)
    assert found.clean.xy_m[at_2_s] == pytest.approx(np.array([[5.0, 6.0]]))
    assert found.lost[THROTTLED].xy_m[at_2_s] == pytest.approx(np.array([[2.0, 6.0]]))
    at_3_s = first & (end_ms == 3000)
    assert found.lost[THROTTLED].xy_m[at_3_s] == pytest.approx(np.array([[5.0, 6.0]]))


def test_losses_say_which_scans_still_arrive():
    scans = Delivered(np.array([0, 1999, 2000, 3900, 4000]), 0, 6000)
    assert every(2000)(scans).tolist() == [True, False, True, False, True]
    assert first_half(scans).tolist() == [True, True, True, False, False]
    assert first_half(Delivered(np.array([3999, 4000]), 2000, 6000)).tolist() == [True, False]
    assert every(2000)(Delivered(np.zeros(0, np.int64), 0, 6000)).tolist() == []


def test_a_survey_is_what_was_heard_between_the_waypoints_of_its_walks():
    early, late = heard_at((-500, "near"), (2000, "near")), heard_at((2000, "near"), (6500, "near"))
    walks = [line(1, 0.0, early), line(2, 4.0, late), line(3, 8.0, heard_at((1000, "near")))]
    locator = locator_of(walks)
    survey = locator.survey(np.flatnonzero(locator.site.round < 3))
    assert survey.table.heard_ms.tolist() == [2000, 2000]
    assert survey.table.walk.tolist() == [0, 1]
    assert survey.started_ms is None


def test_fixes_are_in_the_order_in_which_scans_arrived():
    locator = locator_of(three_lines())
    said_of(locator, "cosine-held")
    (by_walk,) = locator._fixes.values()
    assert all(isinstance(heard.fixes, Fixes) for heard in by_walk.values())
    assert all((np.diff(heard.fixes.arrived_ms) >= 0).all() for heard in by_walk.values())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arms": ("cosine-none-filter",)}, r"joined over time, without .*add cosine-held to"),
        (
            {"arms": ("matcher-steps-filter", "cosine-held")},
            r"matcher is joined over time, without its newest scan held",
        ),
        (
            {"arms": ("cosine-held",), "wipe__losses": ("wifi: a scan in 10 s, held 4 s",)},
            r"the arm 'cosine-held' holds scans itself",
        ),
        (
            {"arms": ("scratch",), "before_scan": "apart"},
            r"the arm 'scratch' is wiped at random, which counts all windows",
        ),
    ],
)
def test_what_would_mislead_is_refused(changes, says):
    with pytest.raises(InputError, match=says):
        plan(tiny(**changes))


def test_every_loss_that_holds_until_the_next_scan_says_so_of_scans_too():
    assert [name for name, loss in LOSSES.items() if loss.delivered] == [
        "wifi: a scan in 2 s",
        "wifi: a scan in 10 s",
        "wifi: a scan in 30 s",
        "wifi: second half of each walk lost",
    ]


@pytest.mark.slow
def test_a_matcher_places_all_walks_at_once_where_it_would_place_each_by_the_others_alone():
    # No two scans are alike: of two that are, rounding says which candidate comes first.
    heard_dbm = [(-50, -71, -65, -52), (-53, -69, -70, -50), (-57, -74, -61, -49)]
    places = [(2000, "near"), (2000, "far"), (5000, "near"), (5000, "far")]
    walks = [
        line(n, 4.0 * n, [(*at, float(dbm), 0) for at, dbm in zip(places, levels, strict=True)])
        for n, levels in enumerate(heard_dbm, start=1)
    ]
    locator = locator_of(walks)
    survey = locator.survey(np.arange(len(locator.site.round)))
    matcher, _ = matchers.trained(survey, replaced(HELD, {"matcher.scans": 4}), 0)
    networks, spec = Networks(Learnt(matcher, "one")), RunSpec("matcher-held", 1.0, 0)
    found = locator.located(Locate("matcher"), spec, HELD, (), networks)
    for n in (1, 2, 3):
        others, own = (locator.table.at(np.flatnonzero(which)) for which in _of(locator, n))
        (xy_m,), (sigma_m,) = matcher_fixes.locate(replicas.stack([matcher]), others, own)
        last = np.flatnonzero(locator.site.round == n)[-1]
        assert found.clean.xy_m[last] == pytest.approx(xy_m[-1], abs=1e-4)
        assert found.clean.sigma_m[last] == pytest.approx(sigma_m[-1], abs=1e-4)


def _of(locator, number):
    own = locator.table.walk == number - 1
    return ~own, own
