"""A table of scans places each where its newest entry was heard, and can change its columns."""

from pathlib import Path

import numpy as np

from mtloc_jax.experts.scan_table import scan_table
from mtloc_jax.logs.round import Round, Stream, WifiScans


def walk(entries, arrived_ms=(1000, 5000)):
    """Return a walk east at 1 m/s that lists (scan, bssid, dBm, age ms)."""
    scan, bssid, dbm, age_ms = zip(*entries, strict=True) if entries else ((), (), (), ())
    wifi = WifiScans(
        np.array(arrived_ms, np.int64),
        np.array(scan, np.int32),
        np.array(bssid, np.str_),
        np.array(dbm, np.float32),
        np.array(age_ms, np.int64),
    )
    still = Stream(np.array([0, 10_000]), np.zeros((2, 3)))
    ends = np.array([[0.0, 0.0], [10.0, 0.0]])
    t_ms = np.array([0, 10_000])
    return Round("w", 1, still, still, still, wifi, t_ms, ends, Path("w"))


def test_levels_ages_and_places_by_hand():
    found = scan_table(
        [walk([(0, "b", -60, 400), (0, "a", -99.5, 900), (1, "b", -20, 3000), (1, "b", -50, 0)])]
    )
    assert found.bssids.tolist() == ["a", "b"]
    assert found.level.tolist() == [[1, 40], [0, 70]]
    assert found.age_ms.tolist() == [[900, 400], [np.inf, 0]]
    assert found.heard_ms.tolist() == [600, 5000]
    assert found.xy_m.tolist() == [[0.6, 0], [5, 0]]


def test_entries_older_than_ten_seconds_are_left_out_and_the_scan_stays():
    found = scan_table([walk([(0, "a", -60, 10_001), (1, "b", -60, 10_000)])])
    assert found.bssids.tolist() == ["b"]
    assert found.level.tolist() == [[0], [40]]
    assert found.heard_ms.tolist() == [1000, -5000]


def test_walks_without_a_scan_have_no_row():
    found = scan_table([walk([], arrived_ms=()), walk([(0, "a", -60, 0)])])
    assert found.walk.tolist() == [1, 1]
    assert scan_table([walk([], arrived_ms=())]).level.shape == (0, 0)


def test_over_other_access_points_is_what_a_table_of_them_holds():
    both = scan_table([walk([(0, "a", -60, 0)]), walk([(0, "b", -50, 100)])])
    second = scan_table([walk([(0, "b", -50, 100)])])
    there = second.over(both.bssids)
    of_both = both.at(np.flatnonzero(both.walk == 1))
    assert (there.level == of_both.level).all()
    assert (there.age_ms == of_both.age_ms).all()
    assert second.over(np.array(["c"])).level.tolist() == [[0], [0]]
    assert second.over(np.zeros(0, np.str_)).level.shape == (2, 0)
