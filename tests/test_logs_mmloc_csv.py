"""The authors' CSVs: hand-written rows, each kind of damage, the counts of the shared rounds."""

import gzip

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.mmloc_csv import BUCHAREST, BUCHAREST_DUP, EDINBURGH, jobs


def read(layout, folder):
    return read_all(jobs(layout, folder))


def edinburgh_row(t_ms, label=(33.0, 32.0), heard=(), sensors=range(1, 10)):
    row = [t_ms, t_ms, *sensors, 0, 0, 0, *label, 99, 99, *[0.0] * 102]
    for access_point, scaled in heard:
        row[18 + access_point] = scaled
    return row


def bucharest_row(t_ms, lag_ms, heard=()):
    row = [t_ms, float(t_ms), *range(1, 10), 0, 0, 0, 104.5, 107.25, *[0] * 43, lag_ms]
    for access_point, scaled in heard:
        row[16 + access_point] = scaled
    return [*row, ""]


def text(rows):
    header = [str(i) if value != "" else "" for i, value in enumerate(rows[0])]
    return "".join(",".join(map(str, row)) + "\n" for row in [header, *rows])


def edinburgh(folder, rows, name="sensor_wifi_timestep100_1.csv"):
    (folder / name).write_text(text(rows), encoding="utf-8")
    return read(EDINBURGH, folder)


def test_a_row_reads_as_worked_out_by_hand(tmp_path):
    (walk,) = edinburgh(
        tmp_path,
        [
            edinburgh_row(25000, heard=[(0, 0.5), (101, 1.1)]),
            edinburgh_row(25100, label=(32.5, 31.5)),
        ],
    )
    assert (walk.name, walk.number, walk.normalised) == ("edinburgh-01", 1, False)
    assert walk.accel.values[0].tolist() == [1, 2, 3]
    assert walk.gyro.values[0].tolist() == [4, 5, 6]
    assert walk.mag.values[0].tolist() == [7, 8, 9]
    assert walk.waypoint_t_ms.tolist() == [25000, 25100]
    assert walk.waypoint_xy_m.tolist() == [[33, 32], [32.5, 31.5]]
    assert walk.wifi.t_ms.tolist() == [25000]  # the second row heard nothing: no scan
    assert walk.wifi.bssid.tolist() == ["edinburgh:ap000", "edinburgh:ap101"]
    assert walk.wifi.rss_dbm.tolist() == [-70, -34]


def test_a_bucharest_scan_is_never_stamped_before_it_can_have_been_made(tmp_path):
    rows = [
        bucharest_row(1200, 727, [(0, 0.5)]),
        bucharest_row(1300, -1),
        bucharest_row(1400, 15, [(42, 1.0)]),
        bucharest_row(1500, 0),
    ]
    (tmp_path / "sensor_wifi_1_1_timestep100.csv").write_text(text(rows), encoding="utf-8")
    (walk,) = read(BUCHAREST, tmp_path)
    # A record that heard nothing is a scan too; the one stamped last was attached first.
    assert walk.wifi.t_ms.tolist() == [1415, 1500, 1927]
    assert walk.wifi.scan.tolist() == [0, 2]
    assert walk.wifi.bssid.tolist() == ["bucharest:ap42", "bucharest:ap00"]
    assert walk.wifi.rss_dbm.tolist() == [-40, -70]


def test_a_compressed_file_reads_like_a_plain_one(tmp_path):
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.mkdir()
    packed.mkdir()
    rows = [edinburgh_row(25000), edinburgh_row(25100, heard=[(5, 0.3)])]
    (walk,) = edinburgh(plain, rows)
    with gzip.open(packed / "sensor_wifi_timestep100_1.csv.gz", "wt") as file:
        file.write(text(rows))
    (other,) = read(EDINBURGH, packed)
    assert np.array_equal(walk.accel.values, other.accel.values)
    assert np.array_equal(walk.wifi.bssid, other.wifi.bssid)


def test_a_cut_compressed_file_is_named(tmp_path):
    packed = gzip.compress(text([edinburgh_row(25000 + 100 * i) for i in range(50)]).encode())
    (tmp_path / "sensor_wifi_timestep100_1.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="damaged gzip"):
        read(EDINBURGH, tmp_path)


def test_bridged_and_stuck_sensors_are_found_by_their_values(tmp_path):
    noise = np.random.default_rng(0).normal(size=(60, 9)).round(9)
    noise[10:31, 0:3] = np.linspace([1, 2, 3], [5, 4, 9], 21).round(9)  # 2 s along straight lines
    noise[40:45, 6:9] = 7  # 0.4 s stuck: too short to tell
    noise[20:60, 3:5] = 1  # one axis still measures
    (walk,) = edinburgh(
        tmp_path, [edinburgh_row(100 * i, sensors=noise[i].tolist()) for i in range(60)]
    )
    assert [(s.sensor, s.start_ms, s.end_ms) for s in walk.frozen] == [("accel", 1000, 3000)]


GOOD = [edinburgh_row(25000 + 100 * i, heard=[(i, 0.5)]) for i in range(5)]


def with_field(row, column, value):
    rows = [list(r) for r in GOOD]
    rows[row][column] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "line", "says"),
    [
        (with_field(2, 3, "nan"), 4, "not finite"),
        (with_field(2, 3, "inf"), 4, "not finite"),
        (with_field(2, 3, "1e300"), 4, "absurdly large"),
        (with_field(2, 3, ""), 4, "'' is not a number"),
        (with_field(2, 3, "1;2"), 4, "is not a number"),
        (with_field(2, 3, "1,2"), 4, "121 fields instead of 120"),
        (with_field(2, 20, -0.5), 4, "scaled RSS"),
        (with_field(2, 20, -50), 4, "scaled RSS"),
        (with_field(2, 1, 25210), 4, "not the same"),
        ([*GOOD[:2], GOOD[1], *GOOD[3:]], 4, "does not increase"),
        ([*GOOD[:2], GOOD[3], GOOD[2], *GOOD[4:]], 5, "does not increase"),
        ([*GOOD[:2], GOOD[2][:50], *GOOD[3:]], 4, "50 fields instead of 120"),
        ([*GOOD[:2], GOOD[2] + GOOD[3], *GOOD[3:]], 4, "240 fields instead of 120"),
        (GOOD[:1], None, "1 waypoint"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, rows, line, says):
    with pytest.raises(InputError, match=says) as error:
        edinburgh(tmp_path, rows)
    assert error.value.path == tmp_path / "sensor_wifi_timestep100_1.csv"
    assert error.value.line == line


def test_the_columns_that_copy_the_answer_are_not_read(tmp_path):
    rows = [[*row[:16], "x", "x", *row[18:]] for row in GOOD]
    assert len(edinburgh(tmp_path, rows)[0].accel.t_ms) == len(GOOD)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        (text(GOOD)[:-5], "last line is cut"),
        (text(GOOD).split("\n")[0] + "\n", "a header and no row"),
        ("\n".join(text(GOOD).split("\n")[1:]), "header"),
    ],
)
def test_a_file_that_lacks_a_part_is_refused(tmp_path, content, says):
    (tmp_path / "sensor_wifi_timestep100_1.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read(EDINBURGH, tmp_path)


def test_a_folder_without_its_rounds_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read(EDINBURGH, tmp_path / "none")
    with pytest.raises(InputError, match="no file named like"):
        read(EDINBURGH, tmp_path)
    with pytest.raises(InputError, match="round 1 is missing"):
        edinburgh(tmp_path, GOOD, "sensor_wifi_timestep100_2.csv")


def test_edinburgh_holds_what_was_counted(data_dir):
    walks = read(EDINBURGH, data_dir / "mmloc" / "edinburgh")
    rows = [len(walk.accel.t_ms) for walk in walks]
    assert rows[:8] == [1619, 1603, 1929, 2029, 1902, 1893, 1832, 1903]
    assert rows[8:] == [2166, 2081, 1792, 1825, 1876, 1516]
    assert sum(rows) - sum(len(walk.wifi.t_ms) for walk in walks) == 8922
    assert len(np.unique(np.concatenate([walk.wifi.bssid for walk in walks]))) == 102 - 6
    assert max(walk.wifi.rss_dbm.max() for walk in walks) == -34
    assert np.max([walk.waypoint_xy_m.max(axis=0) for walk in walks], 0).tolist() == [39.76, 32.63]


def test_only_round_9_of_edinburgh_froze(data_dir):
    walks = read(EDINBURGH, data_dir / "mmloc" / "edinburgh")
    assert [walk.number for walk in walks if walk.frozen] == [9]
    frozen_s = {
        sensor: sum(s.end_ms - s.start_ms for s in walks[8].frozen if s.sensor == sensor) / 1000
        for sensor in ("accel", "gyro", "mag")
    }
    assert frozen_s == pytest.approx({"accel": 83.7, "gyro": 143.6, "mag": 131.8}, abs=0.15)


def test_bucharest_holds_what_was_counted(data_dir):
    walks = read(BUCHAREST, data_dir / "mmloc" / "bucharest")
    assert [len(walk.accel.t_ms) for walk in walks] == [862, 874, 910, 922, 962, 881, 935, 887]
    assert sum(len(walk.wifi.t_ms) for walk in walks) == 4682
    assert sum(len(np.unique(walk.wifi.scan)) for walk in walks) == 4271
    assert len(np.unique(np.concatenate([walk.wifi.bssid for walk in walks]))) == 43
    assert not any(walk.frozen for walk in walks)


def test_the_dup_set_is_a_site_of_its_own(data_dir):
    walks = read(BUCHAREST_DUP, data_dir / "mmloc" / "bucharest" / "dup")
    assert len(walks) == 32
    assert sum(len(walk.accel.t_ms) for walk in walks) == 20357
    assert len(np.unique(np.concatenate([walk.wifi.bssid for walk in walks]))) == 50
    assert walks[0].name == "bucharest_dup-01"


def test_a_row_that_lacks_is_named(tmp_path):
    rows = [edinburgh_row(t_ms) for t_ms in (0, 100, 300, 400)]
    with pytest.raises(InputError, match="200 ms after the row before, not 100") as error:
        edinburgh(tmp_path, rows)
    assert error.value.line == 4


def test_a_round_that_a_name_numbers_in_the_billions_costs_nothing(tmp_path):
    (tmp_path / "sensor_wifi_timestep100_9999999999.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="round 1 is missing"):
        jobs(EDINBURGH, tmp_path)


def test_a_round_that_two_files_hold_is_refused(tmp_path):
    for name in ("1.csv", "01.csv", "1.csv.gz"):
        (tmp_path / f"sensor_wifi_timestep100_{name}").write_bytes(b"")
    with pytest.raises(InputError, match=r"_1.csv: round 1 is in \S+_01.csv too; delete one"):
        jobs(EDINBURGH, tmp_path)
