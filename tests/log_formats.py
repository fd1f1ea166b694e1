"""A small sample of every log format, its reader, and a slow reading of it to hold that against.

The slow readings go line by line and say what a log means; they raise `Bad` where it means
nothing. Fuzzing asks that reader and slow reading agree on every damaged sample.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from mtloc_jax.logs import getsensordata, location20, mmloc_csv, mmloc_xml, plain_csv
from mtloc_jax.logs.round import Round

Meaning = dict[str, list]  # of one round: the fields of a Round as plain lists
BSSID = re.compile(rb"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
DAY_MS = 86_400_000


class Bad(Exception):
    """Say that a log has no meaning."""


@dataclass(frozen=True)
class Format:
    """Hold a sample's files, its separator, the reader of a folder, and the slow reading."""

    files: dict[str, bytes]
    separator: bytes
    read: Callable[[Path], list[Round]]
    meaning: Callable[[Path], list[Meaning]]


def meaning_of(walk: Round) -> Meaning:
    """Return a round as a slow reading gives it."""
    wifi = walk.wifi
    return {
        **{s: rows(walk.stream(s).t_ms, walk.stream(s).values) for s in ("accel", "gyro", "mag")},
        "waypoints": rows(walk.waypoint_t_ms, walk.waypoint_xy_m),
        "scan_t_ms": wifi.t_ms.tolist(),
        "entries": [
            (int(wifi.t_ms[s]), b, float(r), int(a))
            for s, b, r, a in zip(wifi.scan, wifi.bssid, wifi.rss_dbm, wifi.age_ms, strict=True)
        ],
    }


def rows(t_ms: np.ndarray, values: np.ndarray) -> list[tuple]:
    return [(t, *row) for t, row in zip(t_ms.tolist(), values.tolist(), strict=True)]


def lines_of(path: Path, may_lack_end: bool = False) -> list[bytes]:
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise Bad from None
    if not data or (not data.endswith(b"\n") and not may_lack_end):
        raise Bad
    data = data if data.endswith(b"\n") else data + b"\n"
    return data.replace(b"\r\n", b"\n").split(b"\n")[:-1]


def number(text: bytes, limit: float = 1e5) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Bad from None
    return wanted(value, b"_" not in text and abs(value) <= limit)


def wanted(value, condition: bool):
    if not condition:
        raise Bad
    return value


def level(text: bytes) -> float:
    value = number(text)
    return float(np.float32(wanted(value, -150 <= value <= 30)))


def in_order(times: list[int], strictly: bool = False) -> None:
    for a, b in pairwise(times):
        wanted(None, strictly <= b - a <= DAY_MS)


def finished(meaning: Meaning, entries: list[tuple]) -> list[Meaning]:
    """Check what every round needs, and let the newest of entries listed twice count."""
    for name in ("accel", "gyro", "mag"):
        in_order([row[0] for row in wanted(meaning[name], bool(meaning[name]))])
    in_order([row[0] for row in wanted(meaning["waypoints"], len(meaning["waypoints"]) > 1)], True)
    newest: dict[tuple, tuple] = {}
    for i, (t, bssid, rss, age) in enumerate(entries):
        rank = (max(age, 0), -rss)
        if (t, bssid) not in newest or rank < newest[t, bssid][0]:
            newest[t, bssid] = (rank, i, (t, bssid, rss, max(age, 0)))
    kept = sorted(newest.values(), key=lambda item: item[1])
    meaning.setdefault("scan_t_ms", sorted({entry[0] for entry in entries}))
    return [{**meaning, "entries": [entry for _, _, entry in kept]}]


# Indoor Location Competition 2.0

LOCATION20 = b"""#\tstartTime:1574572311900
#\tSiteID:5dd3\tFloorName:B1
1574572311912\tTYPE_WAYPOINT\t231.5\t190.25
1574572312030\tTYPE_ACCELEROMETER\t-0.25\t0.5\t9.75\t2
1574572312030\tTYPE_MAGNETIC_FIELD\t24.5\t-11.5\t-29.5\t3
1574572312030\tTYPE_GYROSCOPE\t1.25\t9.3E-4\t0.5\t3
1574572312030\tTYPE_ROTATION_VECTOR\t-0.1\t0.1\t0.6\t3
1574572312050\tTYPE_ACCELEROMETER\t0.5\t-0.25\t7.5\t2
1574572314000\tTYPE_WIFI\t\t0e:74:9c:a7:b2:e4\t-60\t5240\t1574572313900
1574572314000\tTYPE_WIFI\ta\tb\t0a:74:9c:a7:b2:e4\t-70\t2412\t1574572308000
1574572316000\tTYPE_WIFI\thotel\t0e:74:9c:a7:b2:e4\t-55\t5240\t1574572316001
1574572316000\tTYPE_WIFI\t\t0e:74:9c:a7:b2:e4\t-75\t2412\t1574572310000
1574572312050\tTYPE_BLUE\tname\tmac\t-80
1574572316500\tTYPE_WAYPOINT\t221.5\t180.25
#\tendTime:1574572316600
"""
KINDS = {
    b"ACCELEROMETER": ("accel", 6),
    b"GYROSCOPE": ("gyro", 6),
    b"MAGNETIC_FIELD": ("mag", 6),
    b"WAYPOINT": ("waypoints", 4),
    b"ROTATION_VECTOR": ("", 6),
    b"BLUE": ("", 5),
}


def stamp(text: bytes) -> int:
    return int(wanted(text, len(text) == 13 and text.isdigit()))


def location20_meaning(folder: Path) -> list[Meaning]:
    meaning: Meaning = {name: [] for name in ("accel", "gyro", "mag", "waypoints", "")}
    entries, ended = [], False
    for line in lines_of(folder / "trace.txt"):
        if line.startswith(b"#") and b"\tTYPE_" not in line:
            ended |= bool(re.search(rb"\bendTime:\d{13}\b", line))
            continue
        found = re.match(rb".{13}\tTYPE_([A-Z0-9_]+)\t", line, re.DOTALL)
        kind, parts = wanted(found, bool(found))[1], line.split(b"\t")
        if kind == b"WIFI":
            wanted(None, len(parts) >= 7 and line.count(b"\tTYPE_") == 1)
            bssid = wanted(parts[-4], bool(re.fullmatch(BSSID, parts[-4])))
            t, age = stamp(parts[0]), stamp(parts[0]) - stamp(parts[-1])
            wanted(None, abs(age) <= DAY_MS and bssid == bssid.lower())
            entries.append((t, bssid.decode(), level(parts[-3]), age))
            continue
        name, width = wanted(KINDS.get(kind), kind in KINDS)
        wanted(None, len(parts) == width)
        if name:
            stop, limit = (4, 1e8) if name == "waypoints" else (5, 1e5)
            row = [number(part, limit) for part in parts[2:stop]]
            meaning[name].append((stamp(parts[0]), *row))
    in_order([entry[0] for entry in entries])
    meaning.pop("")
    return finished(wanted(meaning, ended), entries)


# The authors' CSVs


def bucharest_row(t_ms: int, lag: float, heard: dict[int, float]) -> bytes:
    cells: list[object] = [t_ms, float(t_ms), *range(1, 10), 0, 0, 0, 104.34008726931644, 107.25]
    cells += [heard.get(i, 0) for i in range(43)] + [lag, ""]
    return ",".join(map(str, cells)).encode()


BUCHAREST = b"\n".join(
    [
        ",".join(map(str, range(60))).encode() + b",",
        bucharest_row(1200, 727, {0: 0.5833333333333334, 42: 1.0}),
        bucharest_row(1300, -1, {}),
        bucharest_row(1400, 15, {7: 0.25}),
        bucharest_row(1500, 0, {}),
        b"",
    ]
)


def bucharest_meaning(folder: Path) -> list[Meaning]:
    header, *lines = lines_of(folder / "sensor_wifi_1_1_timestep100.csv")
    wanted(None, header == BUCHAREST.split(b"\n")[0])
    table = []
    for line in filter(None, lines):
        cells = line.split(b",")
        wanted(None, len(cells) == 61 and cells[60] == b"")
        row = [
            0.0 if 11 <= i < 14 else number(c, DAY_MS if i < 2 else 1e5)
            for i, c in enumerate(cells[:60])
        ]
        wanted(None, row[0] == row[1] and row[0] % 1 == 0)
        wanted(None, all(0 <= v <= 2 for v in row[16:59]))
        wanted(None, row[59] == -1 or 0 <= row[59] <= 1000)
        table.append(row)
    scans = [(int(row[0]) + int(np.ceil(row[59])), row) for row in table if row[59] >= 0]
    scans.sort(key=lambda scan: scan[0])
    entries = [
        (t, f"bucharest:ap{i:02d}", float(np.float32(v * 60 - 100)), 0)
        for t, row in scans
        for i, v in enumerate(row[16:59])
        if v
    ]
    meaning: Meaning = {
        name: [(int(row[0]), *row[at : at + 3]) for row in table]
        for name, at in (("accel", 2), ("gyro", 5), ("mag", 8))
    }
    meaning["waypoints"] = [(int(row[0]), *row[14:16]) for row in table]
    meaning["scan_t_ms"] = [t for t, _ in scans]
    result = finished(meaning, [])
    return [{**result[0], "entries": entries}]


# GetSensorData

GETSENSORDATA = b"""% LogFile created by the 'GetSensorData' App for Android.

MAGN;0.0527;65093.5402;-2.5;-34.25;-45.5;0
GYRO;0.0536;65093.5461;-0.75;-0.5;0.125;3
ACCE;0.0542;65093.5471;-1.5;8.25;6.25;3
POSI;0.100;1;40.00000000;-3.00000000;0;1
ACCE;0.0742;65093.5671;-1.25;8.5;6.5;3
SOUN;0.0676;3093.40;0.09441;73.48
WIFI;0.651;65094.180;Cafe;20:23:00:00:00:0A;2437;-60
WIFI;0.651;65092.180;semi;colon;20:23:00:00:00:15;2452;-63
WIFI;4.651;65098.080;old;20:23:00:00:00:16;-70
POSI;5.000;2;40.00010000;-2.99990000;0;1
"""


def getsensordata_meaning(folder: Path) -> list[Meaning]:
    path = folder / "log.txt"
    names = {b"ACCE": "accel", b"GYRO": "gyro", b"MAGN": "mag"}
    meaning: Meaning = {name: [] for name in (*names.values(), "posi")}
    wifi, lines = [], lines_of(path, may_lack_end=True)
    cut = not path.read_bytes().endswith(b"\n")
    for i, line in enumerate(lines, start=1):
        kind, *cells = line.split(b";")
        glued = re.search(rb"(ACCE|GYRO|MAGN|WIFI|POSI);", line[5:])
        if not line or line.startswith(b"%"):
            continue
        if kind in names:
            wanted(None, len(cells) == 6)
            axes = [number(cell) for cell in cells[2:]][:3]
            meaning[names[kind]].append((round_ms(cells[0]), *axes))
        elif kind == b"POSI":
            wanted(None, len(cells) == 6)
            place = tuple(number(c) for c in cells[2:])
            wanted(None, place[:2] != (0, 0) and abs(place[0]) <= 90 and abs(place[1]) <= 180)
            meaning["posi"].append((round_ms(cells[0]), *place))
        elif kind == b"WIFI" and not (cut and i == len(lines)):
            wanted(None, len(cells) >= 5 and not (len(cells) > 6 and glued))
            at = -3 if len(cells) >= 6 and BSSID.fullmatch(cells[-3]) else -2
            address = wanted(cells[at], bool(BSSID.fullmatch(cells[at]))).lower().decode()
            lag = round_ms(cells[0]) - round_ms(cells[1])
            wifi.append((round_ms(cells[0]), address, level(cells[-1]), lag))
        elif kind != b"WIFI":
            wanted(None, kind in (b"SOUN", b"PRES") and b";" in line and not glued)
    in_order([entry[0] for entry in wifi])
    posi = meaning.pop("posi")
    wanted(None, bool(posi) and len({row[3:] for row in posi}) == 1)
    origin = (posi[0][1], posi[0][2])
    metres = getsensordata.metres_from(origin, np.array([row[1:3] for row in posi]))
    meaning["waypoints"] = rows(np.array([row[0] for row in posi]), metres)
    freshest = min((entry[3] for entry in wifi), default=0)
    return finished(meaning, [(t, b, r, lag - freshest) for t, b, r, lag in wifi])


def round_ms(seconds: bytes) -> int:
    return int(np.rint(number(seconds, 1e10) * 1000))


# The plain layout

PLAIN = {
    "walk/imu.csv": plain_csv.HEADERS["imu.csv"] + b"\n0,1,2,3,4,5,6\n10,1.5,2.5,3.5,4.5,5.5,6.5\n",
    "walk/mag.csv": plain_csv.HEADERS["mag.csv"] + b"\n0,7,8,9\n",
    "walk/wifi.csv": plain_csv.HEADERS["wifi.csv"]
    + b"\n5,aa:bb,-60,0\n5,cc:dd,-70.5,1200\n9,aa:bb,-61,0\n9,aa:bb,-62,7\n",
    "walk/waypoints.csv": plain_csv.HEADERS["waypoints.csv"] + b"\n0,1.5,2.5\n\n1000,3.5,4.5\n",
}


def plain_meaning(folder: Path) -> list[Meaning]:
    tables = {}
    for name, header in plain_csv.HEADERS.items():
        first, *lines = lines_of(folder / "walk" / name)
        wanted(None, first == header)
        tables[name] = [line.split(b",") for line in lines if line]
        for cells in tables[name]:
            wanted(None, len(cells) == header.count(b",") + 1)
    whole = {name: [whole_ms(row[0]) for row in table] for name, table in tables.items()}
    entries = [
        (t, address(b), level(r), int(number(a, DAY_MS)))
        for t, (_, b, r, a) in zip(whole["wifi.csv"], tables["wifi.csv"], strict=True)
    ]
    in_order(whole["wifi.csv"])

    def part(name: str, start: int, stop: int, limit: float = 1e5) -> list[tuple]:
        rows = zip(whole[name], tables[name], strict=True)
        return [(t, *(number(c, limit) for c in row[start:stop])) for t, row in rows]

    meaning: Meaning = {
        "accel": part("imu.csv", 1, 4),
        "gyro": part("imu.csv", 4, 7),
        "mag": part("mag.csv", 1, 4),
        "waypoints": part("waypoints.csv", 1, 3, 1e8),
    }
    return finished(meaning, entries)


def address(text: bytes) -> str:
    return wanted(text.decode(), 0 < len(text) <= 64 and text.decode().isprintable())


def whole_ms(text: bytes) -> int:
    value = number(text, 1e14)
    return int(wanted(value, value % 1 == 0))


# The authors' XML

XML = b"""<data phone="1" building="undefined" t="2018-06-21 16:08:28.589">
<m t="1529593708583" x="-13.5" y="-6.5" z="-160.25" st="10263325992255" />
<a t="1529593708592" x="0.5" y="4.25" z="7.5" st="10263333285956" />
<g t="1529593708662" x="-0.5" y="-0.25" z="-0.125" st="10263413333563" />
<wr t="1529593709761">
<r b="08:1f:f3:b2:d4:21" s="-63" c="6" />
<r b="08:1f:f3:b2:b7:e1" s="-58" c="1" />
</wr>
<a t="1529593799999" x="1.5" y="4.5" z="8.5" st="10263353274970" />
<wr t="1529593709781">
<r b="08:1f:f3:b2:d4:21" s="-63" c="6" />
<r b="08:1f:f3:b2:b7:e1" s="-58" c="1" />
</wr>
<wr t="1529593711761">
<r b="08:1f:f3:b2:d4:21" s="-70" c="6" />
</wr>
</data>
"""
CORNERS = b"""Time,lat1,Lng1,x,y,lat,Lng
0.10,55.9,-3.1,488311.46,6199970.24,33.19,32.63
9.00,55.9,-3.1,488278.27,6199961.37,0,23.76"""


def xml_meaning(folder: Path) -> list[Meaning]:
    try:
        root = ElementTree.parse(folder / "9.xml").getroot()
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Bad from None
    names, found = {"a": "accel", "g": "gyro", "m": "mag"}, {"accel": [], "gyro": [], "mag": []}
    scans: list[tuple[int, list]] = []
    wanted(None, b"<!ENTITY" not in (folder / "9.xml").read_bytes())
    for element in root.iter():
        get = {k: v.encode() for k, v in element.attrib.items()}.__getitem__
        try:
            if element.tag in names:
                axes = [number(get(axis)) for axis in "xyz"]
                found[names[element.tag]].append((whole_number(get("st")), axes, get("t")))
            elif element.tag == "wr":
                wanted(None, all(child.tag == "r" and not len(child) for child in element))
                heard = [(c.attrib["b"], level(c.attrib["s"].encode())) for c in element]
                wanted(None, all(b and b.isprintable() for b, _ in heard))
                scans.append((whole_number(get("t")), heard))
            else:
                wanted(None, element.tag in ("data", "loc", "r"))
                wanted(None, all(c.tag != "r" for c in element))
        except KeyError:
            raise Bad from None
    wanted(None, all(found.values()) and root.tag != "r")
    zero = min(readings[0][0] for readings in found.values())
    unix = min(
        whole_number(t) - (st - zero) // 10**6
        for readings in found.values()
        for st, _, t in readings
    )
    meaning: Meaning = {
        name: [((st - zero) // 10**6, *axes) for st, axes, _ in readings]
        for name, readings in found.items()
    }
    new = [s for i, s in enumerate(scans) if i == 0 or s[1] != scans[i - 1][1]]
    meaning["scan_t_ms"] = [t - unix for t, _ in new]
    in_order(meaning["scan_t_ms"], True)
    meaning["waypoints"] = corners_meaning(folder / "9.csv")
    return finished(meaning, [(t - unix, b, r, 0) for t, heard in new for b, r in heard])


def whole_number(text: bytes) -> int:
    return int(wanted(text, text.isdigit() and len(text) <= 18))


def corners_meaning(path: Path) -> list[tuple]:
    header, *lines = lines_of(path, may_lack_end=True)
    wanted(None, header == CORNERS.split(b"\n")[0])
    corners = []
    for line in filter(None, lines):
        cells = [number(cell, 1e8) for cell in line.split(b",")]
        wanted(None, len(cells) == 7)
        wanted(None, abs(cells[3] - 488278.27 - cells[5]) <= 0.005)
        wanted(None, abs(cells[4] - 6199937.61 - cells[6]) <= 0.005)
        corners.append((int(np.rint(cells[0] * 1000)), *cells[5:]))
    return corners


FORMATS = {
    "location20": Format(
        {"trace.txt": LOCATION20},
        b"\t",
        lambda folder: [location20.read_trace(folder / "trace.txt", "trace", 1)],
        location20_meaning,
    ),
    "mmloc_csv": Format(
        {"sensor_wifi_1_1_timestep100.csv": BUCHAREST},
        b",",
        mmloc_csv.read_bucharest,
        bucharest_meaning,
    ),
    "getsensordata": Format(
        {"log.txt": GETSENSORDATA}, b";", getsensordata.read_logs, getsensordata_meaning
    ),
    "plain_csv": Format(PLAIN, b",", plain_csv.read_folders, plain_meaning),
    "mmloc_xml": Format(
        {"9.xml": XML, "9.csv": CORNERS}, b" ", mmloc_xml.read_edinburgh_raw, xml_meaning
    ),
}
