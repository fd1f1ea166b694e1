"""The authors' phone logs: a hand-worked one, damage, and agreement with all they published."""

import gzip

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs import mmloc_csv, mmloc_xml
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.mmloc_windows import read_scenario_a
from mtloc_jax.logs.round import SENSORS
from mtloc_jax.logs.scans import channel_mhz

CORNERS = """Time,lat1,Lng1,x,y,lat,Lng
0.10,55.9,-3.1,488311.46,6199970.24,33.19,32.63
9.00,55.9,-3.1,488278.27,6199961.37,0,23.76"""
LOG = """<data phone="1" building="undefined" t="2018-06-21 16:08:28.589">
<m t="1529593708583" x="-13.5" y="-6.5" z="-160.25" st="10263325992255" />
<a t="1529593708592" x="0.5" y="4.25" z="7.5" st="10263333285956" />
<g t="1529593708662" x="-0.5" y="-0.25" z="-0.125" st="10263413333563" />
<wr t="1529593709761">
<r b="08:1f:f3:b2:d4:21" s="-63" c="6" />
<r b="08:1f:f3:b2:b7:e1" s="-58" c="1" />
</wr>
<a t="1529593709779" x="1.5" y="4.5" z="8.5" st="10263353274970" />
<wr t="1529593709781">
<r b="08:1f:f3:b2:d4:21" s="-63" c="6" />
<r b="08:1f:f3:b2:b7:e1" s="-58" c="1" />
</wr>
<wr t="1529593711761">
<r b="08:1f:f3:b2:d4:21" s="-70" c="6" />
</wr>
</data>
"""


def read(folder, log=LOG, corners=CORNERS):
    (folder / "9.xml").write_bytes(log if isinstance(log, bytes) else log.encode())
    (folder / "9.csv").write_text(corners, encoding="utf-8")
    (walk,) = read_all(mmloc_xml.jobs(folder))
    return walk


def test_readings_are_timed_by_the_sensor_clock_and_not_by_their_delivery(tmp_path):
    walk = read(tmp_path)
    assert (walk.name, walk.number, walk.started_unix_ms) == (
        "edinburgh_raw-9",
        1,
        1529593708575,
    )
    assert walk.mag.t_ms.tolist() == [0]
    assert walk.accel.t_ms.tolist() == [7, 27]  # 7.29 and 27.28 ms; delivered 1.1 s late
    assert walk.accel.values.tolist() == [[0.5, 4.25, 7.5], [1.5, 4.5, 8.5]]
    assert walk.gyro.t_ms.tolist() == [87]
    assert walk.waypoint_t_ms.tolist() == [100, 9000]
    assert walk.waypoint_xy_m.tolist() == [[33.19, 32.63], [0, 23.76]]


def test_published_logs_lie_in_two_folders_and_keep_their_rounds_number(tmp_path):
    first, more = (tmp_path / f"edinburgh_raw{end}" / "Smartisan" for end in ("", "_more"))
    for folder in (first, more):
        folder.mkdir(parents=True)
    (first / "9.xml").write_text(LOG, encoding="utf-8")
    (more / "12.xml.gz").write_bytes(gzip.compress(LOG.encode()))
    for name in ("9", "12", "13"):
        (first / f"{name}.csv").write_text(CORNERS, encoding="utf-8")
    walks = read_all(mmloc_xml.edinburgh_jobs(tmp_path))
    assert [(w.name, w.number) for w in walks] == [("edinburgh_raw-9", 9), ("edinburgh_raw-12", 12)]
    assert {(walk.phone, walk.day) for walk in walks} == {("Smartisan", "2018-06-21")}
    (more / "copy of 1.xml").write_text(LOG, encoding="utf-8")
    with pytest.raises(InputError, match=r"copy of 1.xml: is not named after its round"):
        mmloc_xml.edinburgh_jobs(tmp_path)


def test_a_cached_scan_counts_once(tmp_path):
    wifi = read(tmp_path).wifi
    assert wifi.t_ms.tolist() == [1186, 3186]  # Unix ms less the start's
    assert wifi.scan.tolist() == [0, 0, 1]
    assert wifi.rss_dbm.tolist() == [-63, -58, -70]
    assert wifi.bssid[1] == "08:1f:f3:b2:b7:e1"
    assert wifi.mhz.tolist() == [2437, 2412, 2437]


def test_one_reading_may_be_50_ms_ahead_of_all_others_and_no_more(tmp_path):
    """The gyroscope's `t` less `st` is 8.341308 ms below the next; it becomes 50 ms, then more."""
    assert read(tmp_path).wifi.t_ms.tolist() == [1186, 3186]
    moved = read(tmp_path, LOG.replace("10263413333563", "10263454992255"))
    assert moved.wifi.t_ms.tolist() == [1228, 3228]
    with pytest.raises(InputError, match="st or t is 50 ms off those of all other readings") as e:
        read(tmp_path, LOG.replace("10263413333563", "10263454992256"))
    assert e.value.line == 4


HEARD = [f'<r b="08:1f:f3:b2:d4:{k:02x}" s="-{50 + k}" c="6" />' for k in range(30)]
OTHERS = [f'<r b="08:1f:f3:b2:d5:{k:02x}" s="-{50 + k}" c="6" />' for k in range(30)]


def scans(*of):
    """Return a log with a scan each 100 ms of the entries given."""
    lines = LOG[: LOG.index("<wr")].split("\n")
    for at, entries in enumerate(of):
        lines[-1:] = [f'<wr t="{1529593709761 + 100 * at}">', *entries, "</wr>", ""]
    return "\n".join(lines) + "</data>\n"


def test_repeats_with_lines_swapped_are_repeats_still(tmp_path):
    walk = read(tmp_path, scans(HEARD, HEARD[::-1], OTHERS, [*OTHERS, *OTHERS]))
    assert walk.wifi.t_ms.tolist() == [1186, 1386]


@pytest.mark.parametrize(
    ("of", "line"),
    [
        ([HEARD, HEARD[1:], HEARD], 37),  # a line lost in a repeat
        ([HEARD, [*HEARD[1:], OTHERS[0]], HEARD], 37),  # damaged in a repeat
        ([HEARD[1:], HEARD, HEARD], 5),  # lost in the first
        ([HEARD, HEARD, HEARD[1:]], 69),  # in the last
        ([OTHERS, [*OTHERS, *HEARD], HEARD, OTHERS, HEARD], 131),  # a scan that came back
    ],
)
def test_a_scan_that_is_a_damaged_repeat_is_no_new_scan(tmp_path, of, line):
    with pytest.raises(InputError, match="a scan that differs from its repeats in") as error:
        read(tmp_path, scans(*of))
    assert error.value.line == line


@pytest.mark.parametrize("unended", ['<a t="1529593709761" x="', '<a t="1' + "5" * 9])
def test_an_element_without_end_is_refused_before_it_is_gathered(tmp_path, unended):
    long = scans(HEARD).replace("</data>", unended + "7" * 400_000)
    with pytest.raises(InputError, match="an element of more than 65536 bytes"):
        read(tmp_path, long)


def test_a_channel_may_lack_or_be_of_no_known_band(tmp_path):
    log = LOG.replace('s="-58" c="1"', 's="-58"').replace('s="-70" c="6"', 's="-70" c="200"')
    assert read(tmp_path, log).wifi.mhz.tolist() == [2437, 0, 0]


@pytest.mark.parametrize(
    ("number", "mhz"), [(1, 2412), (13, 2472), (14, 2484), (36, 5180), (165, 5825), (0, 0), (20, 0)]
)
def test_a_channels_number_says_where_its_middle_lies(number, mhz):
    assert channel_mhz(number) == mhz


def test_a_log_without_scans_reads(tmp_path):
    start, end = LOG.index("<wr"), LOG.index("</data")
    walk = read(tmp_path, LOG[:start] + LOG[end:])
    assert len(walk.wifi.t_ms) == 0


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("</data>", "", 18, "no element found"),
        ("</wr>\n<a", "<a", 8, "element <a> within a scan"),
        ('c="6"', 'c="six"', 6, "c='six' is not a whole number"),
        ("</wr>\n</data>", "</data>", 16, "mismatched tag"),
        ('z="7.5"', 'z="nan"', 3, "'nan' is not a number in"),
        ('z="7.5"', 'z="1e300"', 3, "'1e300' is not a number in"),
        ('z="7.5"', "", 3, "attribute z is missing"),
        ('st="10263333285956"', 'st="1026.5"', 3, "not a whole number"),
        ("10263353274970", "10263313274970", 9, "does not increase"),
        ("1529593711761", "1529593701761", 14, "t=1529593701761 after 1529593709781"),
        ("1529593709779", "152959370977", 9, "t=152959370977 after 1529593709761"),
        ("1529593708662", "1529593708599", 4, "st or t is 71 ms off those of all other"),
        ("<a t", "<q t", 3, "element <q> is unknown"),
        ('s="-58"', 's="-580"', 7, "not a number in -150..30"),
        ('b="08:1f:f3:b2:d4:21"', 'b=""', 6, "attribute b is missing, empty"),
        ('b="08:1f:f3', 'b="08:1f:\rf3', 6, "is not a BSSID"),
        ("</wr>\n<a", "<wr t='1'/></wr>\n<a", 8, "element <wr> within a scan"),
        ("<data", "<!DOCTYPE d [<!ENTITY e 'x'>]><data", 1, "declares no entities"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, old, new, line, says):
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path, LOG.replace(old, new, 1))
    assert (error.value.path, error.value.line) == (tmp_path / "9.xml", line)


@pytest.mark.parametrize("encoding", ["gbk", "shift_jis", "ANSI", "UTF-9"])
def test_an_encoding_that_is_not_known_is_named_as_such(tmp_path, encoding):
    log = f'<?xml version="1.0" encoding="{encoding}"?>{LOG}'
    with pytest.raises(
        InputError, match=r"9\.xml:1: .*an encoding that is not known here; save it"
    ):
        read(tmp_path, log)
    read(tmp_path, log.replace(encoding, "latin-1"))


@pytest.mark.parametrize(
    ("corners", "line", "says"),
    [
        (CORNERS[:-1], 3, "the UTM and the local position differ"),
        (CORNERS.replace("9.00", "0.05"), 3, "does not increase"),
        (CORNERS.replace("9.00", "nan"), 3, "not finite"),
        (CORNERS.replace("9.00,", ""), 3, "6 fields instead of 7"),
        (CORNERS.replace("Time", "time"), 1, "the header is not"),
        (CORNERS[: CORNERS.index("9.00")], None, "1 corner"),
        ("", None, "empty"),
    ],
)
def test_faulty_corners_are_named(tmp_path, corners, line, says):
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path, corners=corners)
    assert (error.value.path, error.value.line) == (tmp_path / "9.csv", line)


def test_a_log_without_corners_or_a_sensor_is_refused(tmp_path):
    with pytest.raises(InputError, match="no gyro reading"):
        read(tmp_path, "\n".join(line for line in LOG.split("\n") if not line.startswith("<g")))
    read(tmp_path)
    (tmp_path / "9.csv").unlink()
    with pytest.raises(InputError, match="no such file"):
        read_all(mmloc_xml.jobs(tmp_path))
    with pytest.raises(InputError, match=r"no .xml file"):
        mmloc_xml.jobs(tmp_path.parent)


def at(stream, t_ms):
    """Interpolate axes and magnitude at whole milliseconds, as the authors did."""
    magnitude = np.sqrt((stream.values**2).sum(axis=1))
    return np.stack(
        [np.interp(t_ms, stream.t_ms, column) for column in (*stream.values.T, magnitude)], axis=1
    )


def test_the_shared_logs_hold_what_was_counted(data_dir):
    walks = read_all(mmloc_xml.jobs(data_dir / "mmloc" / "edinburgh_raw" / "Smartisan"))
    assert [walk.name for walk in walks] == ["edinburgh_raw-9", "edinburgh_raw-11"]
    assert [len(walk.accel.t_ms) for walk in walks] == [9761, 11291]
    assert [len(walk.wifi.t_ms) for walk in walks] == [5, 4]  # of 134 and 252 delivered


def published_rows(data_dir):
    return read_all(mmloc_csv.jobs(mmloc_csv.EDINBURGH, data_dir / "mmloc" / "edinburgh"))


def test_the_published_csvs_follow_from_the_logs(data_dir):
    walks = read_all(mmloc_xml.jobs(data_dir / "mmloc" / "edinburgh_raw" / "Smartisan"))
    published = published_rows(data_dir)
    for walk, other in zip(walks, (published[8], published[10]), strict=True):
        for sensor in SENSORS:
            stream = other.stream(sensor)
            axes = at(walk.stream(sensor), stream.t_ms)[:, :3]
            assert np.abs(axes - stream.values).max() < 6e-8


def test_the_published_windows_follow_from_the_logs(data_dir):
    walks = read_all(mmloc_xml.jobs(data_dir / "mmloc" / "edinburgh_raw" / "Smartisan"))
    windows = read_scenario_a(data_dir / "mmloc" / "scenario_a")
    rows = published_rows(data_dir)
    for walk, number in zip(walks, (9, 11), strict=True):
        start, *_, end = rows[number - 1].accel.t_ms
        t_ms = np.arange(start, end + 100)
        for sensor in SENSORS:
            magnitude = at(walk.stream(sensor), t_ms)[:, 3]
            scaled = (magnitude - magnitude.min()) / (magnitude.max() - magnitude.min())
            published = windows[number - 1].stream(sensor)
            assert np.abs(scaled[published.t_ms] - published.values[:, 0]).max() < 2e-9


TURNED_LATE = """<data phone="1">
<m t="1529593708583" x="-13.5" y="-6.5" z="-160.25" st="10263325992255" />
<a t="1529593708592" x="0.5" y="4.25" z="7.5" st="10263333285956" />
<wr t="1529593709761">
<r b="08:1f:f3:b2:d4:21" s="-63" c="6" />
<r b="08:1f:f3:b2:b7:e1" s="-58" c="1" />
</wr>
<g t="1529593709762" x="-0.5" y="-0.25" z="-0.125" st="10264513333563" />
<a t="1529593709779" x="1.5" y="4.5" z="8.5" st="10263353274970" />
<wr t="1529593711761">
<r b="08:1f:f3:b2:d4:21" s="-70" c="6" />
</wr>
</data>
"""


def read_alone(folder, log, **how):
    (folder / "9.xml").write_text(log, encoding="utf-8")
    return mmloc_xml.read_log(folder / "9.xml", None, "9", 1, **how)


def test_a_phone_times_a_scan_by_the_readings_that_it_has(tmp_path):
    # Before the gyroscope's, which is delivered soonest, the magnetometer's: 8 ms later.
    assert read_alone(tmp_path, TURNED_LATE).wifi.t_ms.tolist() == [1186, 3186]
    assert read_alone(tmp_path, TURNED_LATE, causal=True).wifi.t_ms.tolist() == [1178, 3186]


def test_a_log_cut_anywhere_is_the_beginning_of_the_whole_one(tmp_path):
    whole = read_alone(tmp_path, TURNED_LATE, causal=True)
    lengths = set()
    for end in range(len(TURNED_LATE)):
        log = read_alone(tmp_path, TURNED_LATE[:end], causal=True, growing=True)
        lengths.add((len(log.accel.t_ms), len(log.gyro.t_ms), len(log.wifi.t_ms)))
        for name in SENSORS:
            mine, theirs = log.stream(name), whole.stream(name)
            assert mine.t_ms.tolist() == theirs.t_ms[: len(mine.t_ms)].tolist()
            assert mine.values.tolist() == theirs.values[: len(mine.t_ms)].tolist()
        assert log.wifi.t_ms.tolist() == whole.wifi.t_ms[: len(log.wifi.t_ms)].tolist()
        assert log.wifi.bssid.tolist() == whole.wifi.bssid[: len(log.wifi.bssid)].tolist()
    # Nothing before all sensors have begun; a scan counts once it is closed.
    assert lengths == {(0, 0, 0), (1, 1, 1), (2, 1, 1), (2, 1, 2)}


def test_a_scan_before_all_readings_is_timed_by_the_first(tmp_path):
    scan = '<wr t="1529593708580">\n<r b="08:1f:f3:b2:d4:21" s="-63" c="6" />\n</wr>\n<m'
    walk = read_alone(tmp_path, TURNED_LATE.replace("<m", scan, 1), causal=True)
    assert walk.wifi.t_ms.tolist() == [-3, 1178, 3186]  # 3 ms before the first reading came
