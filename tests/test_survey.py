"""How near a survey came to windows, worked out by hand on a toy floor."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.settings import Window
from mtloc_jax.sites import site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.survey import BANDS, BEFORE_SCAN, Coverage, away_m, before_scan, coverage
from tests import walks as made_up

SPLIT = Split((1,), (2,), (3,))


def floor(wifi_of=None):
    """Three walks of 5 s along x at 1 m/s; round 2 walks 4 m beside round 1, round 3 30 m."""
    heard = wifi_of or {n: [(2000, "ap", -50.0, 0)] for n in (1, 2, 3)}
    walks = []
    for number, y_m in ((1, 0.0), (2, 4.0), (3, 30.0)):
        wifi = made_up.scans(*heard[number]) if heard.get(number) else None
        walk = made_up.walk(number, 5000, name=f"walk {number}", wifi=wifi)
        walks.append(replace(walk, waypoint_xy_m=walk.waypoint_xy_m + np.array([0.0, y_m])))
    return site.build("toy", walks, SPLIT, Window())


def of_round(made, number):
    return np.flatnonzero(made.round == number)


def test_the_nearest_surveyed_position_is_that_of_a_window_trained_on():
    made = floor()
    found = coverage(made, of_round(made, 1), of_round(made, 2))
    assert found.position_m == pytest.approx(np.full(42, 4.0))
    # Trained on up to x = 1.9 m alone: what lies at x = 5 m is 3.1 m further and 4 m beside.
    found = coverage(made, of_round(made, 1)[:10], of_round(made, 2)[-1:])
    assert made.windows.xy_m[of_round(made, 1)[9], 0] == pytest.approx(1.8)
    assert found.position_m == pytest.approx([np.hypot(3.2, 4.0)])


def test_the_nearest_surveyed_scan_lies_at_the_mean_of_its_windows():
    made = floor()
    # Windows from 2.0 to 5.0 s hold the scan: its place is x = 3.5 m.
    found = coverage(made, of_round(made, 1), of_round(made, 2)[-1:])
    assert found.scan_m == pytest.approx([np.hypot(1.5, 4.0)])


def test_windows_before_their_walks_first_scan_are_told():
    made = floor()
    before = before_scan(made)[of_round(made, 3)]
    assert made.windows.end_ms[of_round(made, 3)][before].tolist() == list(range(900, 2000, 100))
    # A walk without a scan is all before it; a building without one has no first scan.
    silent = floor({1: [(2000, "ap", -50.0, 0)]})
    assert before_scan(silent)[of_round(silent, 2)].all()
    assert not before_scan(floor({1: []})).any()


def test_without_a_surveyed_scan_none_is_near():
    made = floor({3: [(2000, "ap", -50.0, 0)]})
    assert np.isinf(coverage(made, of_round(made, 1), of_round(made, 3)).scan_m).all()


def test_a_distance_on_an_edge_lies_in_the_farther_band():
    away = np.array([0.0, 2.9, 3.0, 6.0, 9.9, 10.0, 20.0, 1.0])
    found = Coverage(away, away, np.arange(8) == 7).banded(away)
    counts = {band: int(held.sum()) for band, held in found.items()}
    assert counts == {**dict(zip(BANDS, (2, 1, 2, 1, 1), strict=True)), BEFORE_SCAN: 1}
    assert list(Coverage(away[:1], away[:1], np.array([False])).banded(away[:1])) == ["0-3 m"]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.data())
def test_every_window_lies_in_one_band(away, data):
    n = len(away)
    before = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    found = Coverage(np.array(away), np.array(away), before).banded(np.array(away))
    assert np.sum(list(found.values()), axis=0).tolist() == [1] * n


def test_of_no_known_position_all_are_infinitely_far():
    assert np.isinf(away_m(np.zeros((0, 2)), np.zeros((3, 2)))).all()
