"""Indoor Location Competition 2.0: a hand-worked trace, each kind of damage, the shared floors."""

import gzip
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs import lines, location20
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.location20 import read_trace
from mtloc_jax.sites.walk_arrays import digest

T0 = 1574572311900
TRACE = """#\tstartTime:1574572311900
#\tSiteID:5dd3\tSiteName:西溪\tFloorName:B1\tBrand:OPPO\tModel:PBCM10
1574572311912\tTYPE_WAYPOINT\t231.5\t190.25
1574572312030\tTYPE_ACCELEROMETER\t-0.25\t0.5\t9.75\t2
1574572312030\tTYPE_MAGNETIC_FIELD\t24.5\t-11.5\t-29.5\t3
1574572312030\tTYPE_GYROSCOPE\t1.25\t9.3E-4\t0.5\t3
1574572312030\tTYPE_GYROSCOPE_UNCALIBRATED\t1.5\t0.1\t0.6\t0.0\t0.0\t9.3E-4\t3
1574572312050\tTYPE_ACCELEROMETER\t0.5\t-0.25\t7.5\t2
1574572314000\tTYPE_WIFI\t\t0e:74:9c:a7:b2:e4\t-60\t5240\t1574572313900
1574572314000\tTYPE_WIFI\tfree\tcoffee\t0a:74:9c:a7:b2:e4\t-70\t2412\t1574572308000
1574572312050\tTYPE_ROTATION_VECTOR\t-0.5\t0.5\t0.25\t3
1574572316000\tTYPE_WIFI\thotel\t0e:74:9c:a7:b2:e4\t-55\t5240\t1574572316001
1574572316000\tTYPE_WIFI\t\t0e:74:9c:a7:b2:e4\t-75\t2412\t1574572310000
1574572316500\tTYPE_WAYPOINT\t221.5\t180.25
#\tendTime:1574572316600
"""


def read(folder: Path, text: str | bytes):
    path = folder / "trace.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_trace(path, "trace", 3)


def replaced(line: int, by: str) -> str:
    lines = TRACE.split("\n")
    lines[line - 1] = by
    return "\n".join(lines)


def test_a_trace_reads_as_worked_out_by_hand(tmp_path):
    walk = read(tmp_path, TRACE)
    assert (walk.name, walk.number, walk.started_unix_ms) == ("trace", 3, T0)
    assert walk.accel.t_ms.tolist() == [T0 + 130, T0 + 150]
    assert walk.accel.values.tolist() == [[-0.25, 0.5, 9.75], [0.5, -0.25, 7.5]]
    assert walk.gyro.values.tolist() == [[1.25, 9.3e-4, 0.5]]
    assert walk.mag.values.tolist() == [[24.5, -11.5, -29.5]]
    assert walk.waypoint_t_ms.tolist() == [T0 + 12, T0 + 4600]
    assert walk.waypoint_xy_m.tolist() == [[231.5, 190.25], [221.5, 180.25]]
    assert walk.stream("orientation").t_ms.tolist() == [T0 + 150]
    assert walk.stream("orientation").values.tolist() == [[-0.5, 0.5, 0.25]]
    assert (walk.phone, walk.day) == ("OPPO PBCM10", "2019-11-24")


def test_a_trace_need_not_say_how_the_phone_was_held_nor_which_it_was(tmp_path):
    text = replaced(11, "#").replace("Brand:OPPO\tModel:PBCM10", "")
    walk = read(tmp_path, text)
    assert (dict(walk.extra), walk.phone) == ({}, "")


def test_lines_of_one_time_are_one_scan_and_keep_their_age(tmp_path):
    wifi = read(tmp_path, TRACE).wifi
    assert wifi.t_ms.tolist() == [T0 + 2100, T0 + 4100]
    assert wifi.scan.tolist() == [0, 0, 1]
    assert wifi.bssid.tolist() == ["0e:74:9c:a7:b2:e4", "0a:74:9c:a7:b2:e4", "0e:74:9c:a7:b2:e4"]
    assert wifi.rss_dbm.tolist() == [-60, -70, -55]  # of a BSSID listed twice the newest counts
    assert wifi.age_ms.tolist() == [100, 6000, 0]  # seen 1 ms after its scan: not negative
    assert wifi.mhz.tolist() == [5240, 2412, 5240]
    assert wifi.fresh(4000).rss_dbm.tolist() == [-60, -55]
    assert wifi.fresh(4000).mhz.tolist() == [5240, 5240]


def test_windows_line_ends_change_nothing(tmp_path):
    walk, other = read(tmp_path, TRACE), read(tmp_path, TRACE.replace("\n", "\r\n"))
    assert np.array_equal(walk.accel.values, other.accel.values)
    assert np.array_equal(walk.wifi.bssid, other.wifi.bssid)


def test_blocks_of_any_size_give_the_same_round(tmp_path, monkeypatch):
    whole = read(tmp_path, TRACE)
    small = partial(lines.read_lines, block_bytes=100)
    monkeypatch.setattr(location20, "read_lines", small)
    pieces = read(tmp_path, TRACE)
    assert np.array_equal(whole.accel.values, pieces.accel.values)
    assert np.array_equal(whole.wifi.scan, pieces.wifi.scan)
    assert np.array_equal(whole.wifi.age_ms, pieces.wifi.age_ms)


@pytest.mark.slow
def test_a_long_trace_needs_less_than_three_times_the_memory_of_its_arrays(tmp_path):
    lines = TRACE.split("\n")
    with (tmp_path / "trace.txt").open("w", encoding="utf-8") as file:
        file.write("\n".join(lines[:3]) + "\n")
        for ms in range(20, 2_000_000, 20):
            for line in lines[3:6] + lines[8:9] * 2:
                time, rest = line.split("\t", 1)
                file.write(f"{int(time) + ms}\t{rest}\n")
        file.write(f"{T0 + 2_000_000}\tTYPE_WAYPOINT\t1\t2\n{lines[14]}\n")
    tracemalloc.start()
    walk = read_trace(tmp_path / "trace.txt", "trace", 1)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = [walk.accel, walk.gyro, walk.mag, walk.wifi]
    kept_bytes = sum(array.nbytes for part in kept for array in vars(part).values())
    assert peak_bytes < 3 * kept_bytes


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        (4, "1574572312030\tTYPE_ACCELEROMETER\t-0.25\t0.5", "4 fields instead of 6"),
        (4, "1574572312030\tTYPE_ACC", "cut line"),
        (4, "1574572312030\tTYPE_ACC\t1\t2\t3\t4", "unknown record type"),
        (4, "", "cut line"),
        (4, "157457231203\tTYPE_ACCELEROMETER\t1\t2\t3\t4", "cut line"),
        (4, "157457231203x\tTYPE_ACCELEROMETER\t1\t2\t3\t4", "'157457231203x' is not a number"),
        (4, "157457231203.\tTYPE_ACCELEROMETER\t1\t2\t3\t4", "not Unix ms of 13 digits"),
        (9, "1574572314000\tTYPE_WIFI\ta\t0e:74:9c:a7:b2:e4\t-60\t1\t1574572313900.5", "13 digits"),
        (4, "1574572312030\tTYPE_ACCELEROMETER\tNaN\t2\t3\t4", "not finite"),
        (4, "1574572312030\tTYPE_ACCELEROMETER\t1\t-inf\t3\t4", "not finite"),
        (4, "1574572312030\tTYPE_ACCELEROMETER\t1\t2\t3e30\t4", "absurdly large"),
        (4, "1574572312030\tTYPE_ACCELEROMETER\t1\t2\t\t4", "'' is not a number"),
        (4, "1574572312030\tTYPE_ACCELEROMETER\t1\t2_0\t3\t4", "'2_0' is not a number"),
        (11, "1574572312050\tTYPE_ROTATION_VECTOR\t0.8\t0.8\t0\t3", "vector with a norm over 1"),
        (8, "1574572312010\tTYPE_ACCELEROMETER\t1\t2\t3\t4", "does not increase"),
        (8, "1674572312010\tTYPE_ACCELEROMETER\t1\t2\t3\t4", "leaps more than a day"),
        (14, "1574572311912\tTYPE_WAYPOINT\t1\t2", "does not increase"),
        (9, "1574572314000\tTYPE_WIFI\ta\t0e:74:9c:a7:b2:e4\t-60\t5240", "6 fields instead of 7"),
        (9, "1574572314000\tTYPE_WIFI\ta\tnone\t-60\t5240\t1574572313900", "not a BSSID"),
        (
            9,
            "1574572314000\tTYPE_WIFI\ta\t0e:74:9c:a7:b2:e4\t-300\t1\t1574572313900",
            "a level outside",
        ),
        (9, "1574572314000\tTYPE_WIFI\ta\t0e:74:9c:a7:b2:e4\t-60\t1\t1374572313900", "last seen"),
        (
            9,
            "1574572314000\tTYPE_WIFI\ta\t0e:74:9c:a7:b2:e4\t-60\t52\t1574572313900",
            "a channel that is neither 0 nor 2400..71000 MHz",
        ),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, line, by, says):
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path, replaced(line, by))
    assert (error.value.path, error.value.line) == (tmp_path / "trace.txt", line)


def test_glued_lines_are_named(tmp_path):
    lines = TRACE.split("\n")
    for first in (3, 4, 7, 9, 11, 12):
        glued = "\n".join(
            [*lines[: first - 1], lines[first - 1] + lines[first], *lines[first + 1 :]]
        )
        with pytest.raises(InputError) as error:
            read(tmp_path, glued)
        assert error.value.line == first


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path):
    with pytest.raises(InputError, match="not UTF-8") as error:
        read(tmp_path, TRACE.encode().replace(b"\thotel\t", b"\tho\xfftel\t"))
    assert error.value.line == 12


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (TRACE[:-30], "last line is cut"),
        (TRACE.replace("#\tendTime:1574572316600\n", ""), "no endTime"),
        (replaced(5, "#"), "no mag reading"),
    ],
)
def test_a_trace_that_lacks_a_part_is_refused(tmp_path, text, says):
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path, text)
    assert error.value.path == tmp_path / "trace.txt"


def test_a_trace_without_wifi_reads_as_zero_scans(tmp_path):
    lines = [line for line in TRACE.split("\n") if "WIFI" not in line]
    wifi = read(tmp_path, "\n".join(lines)).wifi
    assert len(wifi.t_ms) == len(wifi.bssid) == 0


def test_a_missing_trace_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_trace(tmp_path / "none.txt", "none", 1)


def floor(folder: Path, rounds: str, *names: str) -> Path:
    (folder / "path_data_files").mkdir()
    for name in names:
        (folder / "path_data_files" / f"{name}.txt").write_text(TRACE, encoding="utf-8")
    (folder / "rounds.csv").write_text(rounds, encoding="utf-8")
    return folder


def test_a_floor_takes_order_and_round_numbers_from_its_table(tmp_path):
    seen = []
    folder = floor(tmp_path, "trace_id,round\nb,1\na,2\n", "a", "b")
    walks = read_all(location20.jobs(folder), lambda done, of: seen.append((done, of)))
    assert [(walk.name, walk.number) for walk in walks] == [("b", 1), ("a", 2)]
    assert seen == [(1, 2), (2, 2)]


def test_a_table_may_say_in_which_session_a_trace_was_recorded(tmp_path):
    table = "trace_id,round,split,session\nb,1,train,2\na,2,val,1\n"
    walks = read_all(location20.jobs(floor(tmp_path, table, "a", "b")))
    assert [(walk.name, walk.session) for walk in walks] == [("b", 2), ("a", 1)]


def test_packed_traces_read_like_plain_ones_and_their_damage_is_named(tmp_path):
    folder = floor(tmp_path, "trace_id,round\na,1\n", "a")
    (plain,) = read_all(location20.jobs(folder))
    path = folder / "path_data_files" / "a.txt"
    path.unlink()
    packed = path.with_name("a.txt.gz")
    packed.write_bytes(gzip.compress(TRACE.encode()))
    (walk,) = read_all(location20.jobs(folder))
    assert digest([walk]) == digest([plain])
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"a.txt.gz: damaged gzip file .*; copy it again"):
        read_all(location20.jobs(folder))


@pytest.mark.parametrize(
    ("rounds", "names", "says"),
    [
        ("trace_id,round\na,1\n", "ab", "'b' is not listed"),
        ("trace_id,round\na,1\nb,1\n", "a", "'b' is listed but not there"),
        ("trace_id,round\na,1\na,2\n", "a", "twice"),
        ("trace_id,round\na,0\n", "a", "not 1, 2"),
        ("trace_id,round\na\n", "a", "1 fields instead of 2"),
        ("trace_id,round,session\na,1,x\n", "a", "the session 'x' is not 1, 2"),
        ("trace,round\na,1\n", "a", "lacks trace_id"),
        ("", "a", "empty"),
    ],
)
def test_a_floor_and_its_table_must_correspond(tmp_path, rounds, names, says):
    with pytest.raises(InputError, match=says):
        location20.jobs(floor(tmp_path, rounds, *names))


def test_a_missing_floor_is_named(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        location20.jobs(tmp_path / "site9")


@pytest.mark.parametrize(
    ("name", "waypoints", "scans", "bssids", "heard", "fresh"),
    [("site1/B1", 267, 552, 893, 79, 39), ("site2/F1", 257, 481, 1980, 303, 134)],
)
def test_the_shared_floors_hold_what_was_counted(
    data_dir, name, waypoints, scans, bssids, heard, fresh
):
    walks = read_all(location20.jobs(data_dir / "indoor_location_20" / name))
    assert len(walks) == 42
    assert sum(len(walk.waypoint_t_ms) for walk in walks) == waypoints
    assert sum(len(walk.wifi.t_ms) for walk in walks) == scans
    assert len(np.unique(np.concatenate([walk.wifi.bssid for walk in walks]))) == bssids
    assert np.median(per_scan([walk.wifi for walk in walks])) == heard
    # The published count for site2/F1 is 126: it lets the last line of an access point listed
    # twice win, though an earlier one may have been seen later.
    assert np.median(per_scan([walk.wifi.fresh(4000) for walk in walks])) == fresh
    assert sorted({walk.number for walk in walks}) == list(range(1, 15))


def per_scan(wifi):
    return np.concatenate([np.bincount(w.scan, minlength=len(w.t_ms)) for w in wifi])


@pytest.mark.parametrize(
    ("name", "waypoints", "scans"),
    [
        ("5ddb93079191710006b5763b", 3, 0),
        ("5dd511d5d48f840006f148e0", 2, 1),
        ("5dd9fd499191710006b570de", 3, 3),
        ("5dd52a0ad48f840006f14a93", 3, 13),
        ("5dda2598c5b77e0006b175d1", 3, 6),
        ("5dd3792c44333f00067aa1c3", 5, 7),
    ],
)
def test_the_shared_edge_cases_read(data_dir, name, waypoints, scans):
    path = data_dir / "indoor_location_20" / "edge_cases" / f"{name}.txt"
    walk = read_trace(path, name, 1)
    assert (len(walk.waypoint_t_ms), len(walk.wifi.t_ms)) == (waypoints, scans)
