"""GetSensorData logs: a hand-worked synthetic one, each kind of damage, the projection."""

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.getsensordata import first_position_deg, jobs, metres_from, read_log
from mtloc_jax.logs.jobs import read_all

HEADER = """% LogFile created by the 'GetSensorData' App for Android.
% Date of creation: Wed Jun 14 10:00:58 GMT+02:00 2023
% Version 2.21 July 2021

"""
BODY = """MAGN;0.0527;65093.5402;-2.5;-34.25;-45.5;0
GYRO;0.0536;65093.5461;-0.75;-0.5;0.125;3
ACCE;0.0542;65093.5471;-1.5;8.25;6.25;3
AHRS;0.0547;65093.5471;49.975651;11.576796;-16.530445;0.42;0.03;-0.08;3
POSI;0.100;1;40.00000000;-3.00000000;0;1
ACCE;0.0742;65093.5671;-1.25;8.5;6.5;3
SOUN;0.0676;3093.40;0.09441;73.48
WIFI;0.651;65094.180;Cafe;20:23:00:00:00:0A;2437;-60
WIFI;0.651;65092.180;semi;colon;20:23:00:00:00:15;2452;-63
WIFI;0.651;65094.000;;20:23:00:00:00:0a;5200;-55
WIFI;4.651;65098.080;old version;20:23:00:00:00:16;-70
POSI;5.000;2;40.00010000;-2.99990000;0;1
BLE4;5.125;iBeacon;FF:E4:62:05:A6:94;-73;-76;2016;15;b9407f30-f5f8-466e-aff9-25556b57fe6d
"""
ORIGIN = (40.0, -3.0)


def read(folder, text):
    path = folder / "log.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_log(path, "log", 2, first_position_deg(path))


def test_a_log_reads_as_worked_out_by_hand(tmp_path):
    walk = read(tmp_path, HEADER + BODY)
    assert (walk.name, walk.number) == ("log", 2)
    assert walk.started_unix_ms == 1686729658000  # 14 June 2023, 08:00:58 UTC
    assert walk.accel.t_ms.tolist() == [54, 74]
    assert walk.accel.values.tolist() == [[-1.5, 8.25, 6.25], [-1.25, 8.5, 6.5]]
    assert walk.gyro.values.tolist() == [[-0.75, -0.5, 0.125]]
    assert walk.mag.values.tolist() == [[-2.5, -34.25, -45.5]]
    assert walk.waypoint_t_ms.tolist() == [100, 5000]
    assert walk.stream("orientation").t_ms.tolist() == [55]
    assert walk.stream("orientation").values.tolist() == [[0.42, 0.03, -0.08]]
    assert (walk.phone, walk.day) == ("", "2023-06-14")


def test_the_header_names_the_phone(tmp_path):
    phone = "% Manufacturer:            \tsamsung\n% Model:                   \tSM-A520F\n"
    assert read(tmp_path, HEADER + phone + BODY).phone == "samsung SM-A520F"


def test_positions_are_metres_east_and_north_of_the_first(tmp_path):
    walk = read(tmp_path, HEADER + BODY)
    # 0.0001 degree on WGS-84 at 40 degrees north: 8.5394 m of longitude, 11.1035 m of latitude.
    assert walk.waypoint_xy_m[1] == pytest.approx([8.5394, 11.1035], abs=1e-4)
    assert walk.waypoint_xy_m[0].tolist() == [0, 0]


def test_the_poles_and_the_equator_have_their_known_radii():
    metre = np.degrees(1 / 6378137)
    assert metres_from((0, 0), np.array([[0, metre]]))[0] == pytest.approx([1, 0])
    polar = np.degrees(1 / 6399593.6258)
    assert metres_from((90, 0), np.array([[90 - polar, 0]]))[0] == pytest.approx([0, -1])


def test_wifi_ages_count_from_the_freshest_entry_of_the_log(tmp_path):
    wifi = read(tmp_path, HEADER + BODY).wifi
    assert wifi.t_ms.tolist() == [651, 4651]
    assert wifi.bssid.tolist() == ["20:23:00:00:00:0a", "20:23:00:00:00:15", "20:23:00:00:00:16"]
    assert wifi.mhz.tolist() == [2437, 2452, 0]  # the old version wrote none
    # The newer of the two entries of ...:0a counts; the last line was seen 100 ms before.
    assert wifi.rss_dbm.tolist() == [-60, -63, -70]
    assert wifi.age_ms.tolist() == [0, 2000, 100]


def test_the_last_line_may_lack_its_end_as_the_app_leaves_it(tmp_path):
    log = "\n".join([*BODY.split("\n")[:11], *BODY.split("\n")[12:13], BODY.split("\n")[11]])
    assert len(read(tmp_path, HEADER + log).waypoint_t_ms) == 2
    lines = BODY.split("\n")
    cut = "\n".join([*lines[:10], lines[11], lines[10]])[:-1]  # a level of -7 instead of -70 dBm
    assert read(tmp_path, HEADER + cut).wifi.t_ms.tolist() == [651]


@pytest.mark.parametrize("time_s", ["\0.651", "", "1e19"])
def test_a_last_line_whose_time_is_whole_and_no_time_is_named(tmp_path, time_s):
    lines = BODY.split("\n")
    last = lines[10].replace("4.651", time_s)
    with pytest.raises(InputError, match=r"log\.txt:16: .* is not a number"):
        read(tmp_path, HEADER + "\n".join([*lines[:10], lines[11], last]))


def replaced(line, by):
    lines = (HEADER + BODY).split("\n")
    lines[line - 1] = by
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        (7, "ACCE;0.0542;65093.5471;-1.5;8.25", "5 fields instead of 7"),
        (7, "ACCE;0.0542;65093.5471;-1.5;8.25;6.25;", "'' is not a number"),
        (7, "ACCE;0.0542;65093.5471;nan;8.25;6.25;3", "not finite"),
        (7, "ACCE;0.0542;65093.5471;1e20;8.25;6.25;3", "absurdly large"),
        (7, "ACCX;0.0542;65093.5471;1;8.25;6.25;3", "unknown record type"),
        (7, "ACCE;0.0542;65093.5471;1;8.25;6.25;3ACCE;0.1;1;1;1;1;3", "13 fields instead of 7"),
        (12, "WIFI;0.6;1;a;20:23:00:00:00:0A;1;-60WIFI;0.6;1;b;20:23:00:00:00:0B;1;-6", "glued"),
        (10, "ACCE;0.0442;65093.5671;-1.25;8.5;6.5;3", "does not increase"),
        (16, "POSI;0.100;2;40.0001;-2.9999;0;1", "does not increase"),
        (16, "POSI;5.000;2;0.0;0.0;0;1", "without its surveyed position"),
        (16, "POSI;5.000;2;95.0;-2.9999;0;1", "no latitude"),
        (16, "POSI;5.000;2;40.0001;-2.9999;1;1", "floor or building changes"),
        (12, "WIFI;0.651;65094.180;Cafe;20:23:00:00:00;2437;-60", "no BSSID"),
        (12, "WIFI;0.651;65094.180;Cafe;20:23:00:00:00:0A;2437;-600", "a level outside"),
        (12, "WIFI;0.651;65094.180;Cafe;20:23:00:00:00:0A;243.7;-60", "a channel that is neither"),
        (12, "WIFI;0.651;65094.180;Cafe;20:23:00:00:00:0A;x;-60", "'x' is not a number"),
        (12, "WIFI;0.651;20:23:00:00:00:0A;2437;-60", "5 fields instead of 6"),
        (12, "WIFI;0.651;65094.180;20:23:00:00:00:0A;2437;-60", "no BSSID"),
        (8, "AHRS;0.1;1;1;1;1;0.1;0.9;0.5;3", "a rotation vector with a norm over 1"),
        (8, "AHRS;0.1;1;1;1;1;0.1;0.9;3", "9 fields instead of 10"),
        (11, "SOUN;0.0676;3093.40;0.09441;73.48ACCE;0.1;1;1;1;1;3", "glued"),
        (2, "% Date of creation: Wed Jun 34 10:00:58 GMT+02:00 2023", "no date"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, line, by, says):
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path, replaced(line, by))
    assert (error.value.path, error.value.line) == (tmp_path / "log.txt", line)


def test_a_log_without_two_positions_is_refused(tmp_path):
    with pytest.raises(InputError, match="no POSI line"):
        read(tmp_path, HEADER + BODY.replace("POSI;", "% "))
    (tmp_path / "log.txt").write_text(HEADER + BODY.replace("POSI;5", "% 5"), encoding="utf-8")
    with pytest.raises(InputError, match="1 waypoint"):
        read_all(jobs(tmp_path))


def test_a_folder_shares_the_origin_of_its_first_log(tmp_path):
    (tmp_path / "walk2.txt").write_text(HEADER + BODY, encoding="utf-8")
    moved = BODY.replace("40.0000", "40.0010").replace("40.0001", "40.0011")
    (tmp_path / "walk10.txt").write_text(HEADER + moved, encoding="utf-8")
    first, second = read_all(jobs(tmp_path))
    assert [(w.name, w.number) for w in (first, second)] == [("walk2", 1), ("walk10", 2)]
    assert first.waypoint_xy_m[0].tolist() == [0, 0]
    assert second.waypoint_xy_m[0] == pytest.approx([0, 111.035], abs=1e-3)


def test_logs_that_are_in_no_rounds_are_dealt_to_some(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(HEADER + BODY, encoding="utf-8")
    (tmp_path / "rounds.csv").write_text("trace_id,route\nb,1\nc,1\na,2\n", encoding="utf-8")
    assert [(job.name, job.number) for job in jobs(tmp_path, dealt_to=2)] == [
        ("b", 1),
        ("c", 2),
        ("a", 1),
    ]
    with pytest.raises(InputError, match=r"rounds.csv:1: the header lacks round"):
        jobs(tmp_path)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no .txt file"):
        jobs(tmp_path)


SCANS = [
    f"WIFI;{k}.651;{65093 + k}.{180 + k};Cafe;20:23:00:00:00:0{ap};2437;-60"
    for k in range(1, 6)
    for ap in (1, 2)
]
BEFORE = BODY[: BODY.index("WIFI")] + "POSI;0.200;2;40.00010000;-2.99990000;0;1\n"


def test_one_sensor_clock_that_is_damaged_ages_no_other_scan(tmp_path):
    sound = read(tmp_path, HEADER + BEFORE + "\n".join([*SCANS, "SOUN;9.1;3093.40;0.09;73\n"]))
    assert sound.wifi.age_ms.tolist() == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]  # a clock that drifts
    damaged = [*SCANS[:3], SCANS[3].replace(";65095.", ";65995."), *SCANS[4:]]
    with pytest.raises(
        InputError, match=r"the sensor clock is 89\d\.\d+ s ahead of that of all"
    ) as e:
        read(tmp_path, HEADER + BEFORE + "\n".join([*damaged, "SOUN;9.1;3093.40;0.09;73\n"]))
    assert e.value.line == (HEADER + BEFORE).count("\n") + 4


def test_a_sensor_clock_may_be_200_ms_ahead_of_all_others_and_no_more(tmp_path):
    """Least lags of the five scans are -1 .. -5 ms; the third's becomes -205, then -206 ms."""

    def ahead(clock):
        damaged = [*SCANS[:4], SCANS[4].replace(";65096.183;", f";65096.{clock};"), *SCANS[5:]]
        return read(tmp_path, HEADER + BEFORE + "\n".join([*damaged, "SOUN;9.1;3093.40;0.1;73\n"]))

    ages = [204, 204, 203, 203, 0, 202, 201, 201, 200, 200]
    assert sorted(ahead(385).wifi.age_ms.tolist()) == sorted(ages)
    with pytest.raises(InputError, match=r"the sensor clock is 0.201 s ahead of that of all") as e:
        ahead(386)
    assert e.value.line == (HEADER + BEFORE).count("\n") + 5


@pytest.mark.parametrize(
    ("end", "times"),
    [
        ("\n", [1651, 2651, 3651, 4651]),  # cut between two lines: others of its scan may lack
        ("", [1651, 2651, 3651, 4651]),
        ("\nSOUN;9.1;3093.40;0.09;73\n", [1651, 2651, 3651, 4651, 5651]),
        ("\nWIFI;6.651;65099.1;Ca", [1651, 2651, 3651, 4651, 5651]),  # a scan of its own
        ("\nWIFI;5.6", [1651, 2651, 3651, 4651]),
    ],
)
def test_the_scan_that_a_log_ends_within_is_left_out(tmp_path, end, times):
    wifi = read(tmp_path, HEADER + BEFORE + "\n".join(SCANS) + end).wifi
    assert wifi.t_ms.tolist() == times
