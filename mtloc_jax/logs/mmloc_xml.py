"""The authors' raw phone logs (XML) of Edinburgh, joined with the times they passed the corners.

`N.xml` has elements a, g, m (accelerometer, gyroscope, magnetometer: `st` sensor clock in ns, `t`
Unix ms of delivery, `x y z`) and wr (a WiFi scan: `t`) with children r (`b` BSSID, `s` dBm).
`N.csv` has a line for each corner: Time (s since the log's first reading), degrees, UTM metres,
and metres from the building's own origin.

A sleeping phone delivered readings in bursts up to 106 s late, so `t` is no time of measurement:
readings are timed by `st`, in whole ms since the first, as the authors' CSVs are.
"""

import math
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import fields
from mtloc_jax.logs.blocks import Block, blocks, chunks, existing_folder
from mtloc_jax.logs.index import Index
from mtloc_jax.logs.records import Addresses
from mtloc_jax.logs.round import Progress, Round, Stream, WifiScans, checked
from mtloc_jax.logs.rounds_table import numbered
from mtloc_jax.logs.scans import STRONGEST_DBM, WEAKEST_DBM, wifi_scans

_SENSORS = {"a": "accel", "g": "gyro", "m": "mag"}
_OTHER_TAGS = {"data", "wr", "r", "loc"}
_CORNERS = b"Time,lat1,Lng1,x,y,lat,Lng"
_ORIGIN_UTM_M = np.array([488278.27, 6199937.61])
_CHUNK_BYTES = 1 << 16
_CENTIMETRE_M = 0.01  # positions are published to it
_REPAIR = "repair or delete this line, or leave the log out"


@dataclass
class _Readings:
    """Collect one sensor's elements in compact arrays."""

    line: array = field(default_factory=lambda: array("q"))
    clock_ns: array = field(default_factory=lambda: array("q"))
    xyz: array = field(default_factory=lambda: array("d"))


class _Log:
    """Take in the elements of one phone log as the parser meets them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readings = {tag: _Readings() for tag in _SENSORS}
        # Unix time less sensor clock, of the reading that was delivered with the least delay.
        self.least_offset_ns = 10**30
        self.scan_line, self.scan_unix_ms = array("q"), array("q")
        self.addresses = Addresses()
        self.entry_scan, self.entry_address, self.entry_dbm = array("q"), array("q"), array("d")
        self._last_scan: list[tuple[int, float]] | None = None
        self._scan: list[tuple[int, float]] | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def read(self) -> "_Log":
        """Parse the whole file piece by piece."""
        try:
            for chunk in chunks(self.path, _CHUNK_BYTES):
                self.parser.Parse(chunk, False)
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise InputError(
                f"no well-formed XML: {expat.errors.messages[error.code]}",
                remedy="copy the log again or leave it out",
                path=self.path,
                line=error.lineno,
            ) from None
        return self

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._scan is not None and tag != "r":
            raise self._error(f"element <{tag[:40]}> within a scan")
        if (readings := self.readings.get(tag)) is not None:
            readings.line.append(self.parser.CurrentLineNumber)
            clock_ns, unix_ms = self._integer(attributes, "st"), self._integer(attributes, "t")
            readings.clock_ns.append(clock_ns)
            self.least_offset_ns = min(self.least_offset_ns, unix_ms * 1_000_000 - clock_ns)
            readings.xyz.extend(self._number(attributes, axis) for axis in "xyz")
        elif tag == "wr":
            self._begin_scan(self._integer(attributes, "t"))
        elif tag == "r" and self._scan is not None:
            level = self._number(attributes, "s", WEAKEST_DBM, STRONGEST_DBM)
            self._scan.append((self.addresses[self._text(attributes, "b").encode()], level))
        elif tag not in _OTHER_TAGS or tag == "r":
            raise self._error(f"element <{tag[:40]}> is unknown here")

    def _end(self, tag: str) -> None:
        if tag == "wr":
            self._end_scan()

    def _begin_scan(self, unix_ms: int) -> None:
        self._scan = []
        self.scan_line.append(self.parser.CurrentLineNumber)
        self.scan_unix_ms.append(unix_ms)

    def _end_scan(self) -> None:
        """Keep the scan unless it repeats the one before: Android hands out cached results."""
        if self._scan == self._last_scan:
            self.scan_line.pop()
            self.scan_unix_ms.pop()
        else:
            for address, level in self._scan or []:
                self.entry_scan.append(len(self.scan_unix_ms) - 1)
                self.entry_address.append(address)
                self.entry_dbm.append(level)
        self._last_scan, self._scan = self._scan, None

    def _entity(self, *_: object) -> None:
        raise self._error("a phone log declares no entities")

    def _text(self, attributes: dict[str, str], name: str) -> str:
        if not (text := attributes.get(name, "")) or not text.isprintable():
            raise self._error(f"attribute {name} is missing, empty or not printable")
        return text

    def _integer(self, attributes: dict[str, str], name: str) -> int:
        text = self._text(attributes, name)
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise self._error(f"{name}={text[:40]!r} is not a whole number")
        return int(text)

    def _number(
        self,
        attributes: dict[str, str],
        name: str,
        lowest: float = -fields.SENSOR_LIMIT,
        highest: float = fields.SENSOR_LIMIT,
    ) -> float:
        text = self._text(attributes, name)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        # float() reads "1_0" as ten and passes over exotic blanks; both mean damage.
        if not lowest <= value <= highest or "_" in text or not text.isascii():
            raise self._error(f"{name}={text[:40]!r} is not a number in {lowest:g}..{highest:g}")
        return value

    def _error(self, problem: str) -> InputError:
        return InputError(
            problem, remedy=_REPAIR, path=self.path, line=self.parser.CurrentLineNumber
        )


def read_edinburgh_raw(folder: Path, on_progress: Progress | None = None) -> list[Round]:
    """Read every log `N.xml` of a folder, joined with its corners `N.csv`.

    Raises InputError on a missing folder, log or corner file and, with the line, on a faulty one.
    """
    names = {path.stem: path for path in existing_folder(folder).glob("*.xml")}
    if not names:
        raise InputError("no .xml file", remedy="check the folder", path=folder)
    walks = []
    for done, (name, number) in enumerate(numbered(folder, names).items(), start=1):
        walks.append(read_log(names[name], folder / f"{name}.csv", name, number))
        if on_progress:
            on_progress(done, len(names))
    return walks


def read_log(path: Path, corners: Path, name: str, number: int) -> Round:
    """Read one phone log; time 0 is its first reading.

    Scans that repeat the one before are dropped: only really new ones remain, stamped with their
    first delivery.
    Raises InputError with the line on malformed XML, unknown elements, missing or absurd values
    and clocks running backwards.
    """
    log = _Log(path).read()
    for sensor, readings in log.readings.items():
        if not readings.line:
            raise InputError(
                f"no {_SENSORS[sensor]} reading", remedy="leave the log out", path=path
            )
    first_ns = min(readings.clock_ns[0] for readings in log.readings.values())
    unix_at_zero = -(-(log.least_offset_ns + first_ns) // 1_000_000)  # rounded up
    streams = {_SENSORS[tag]: _stream(r, first_ns, path) for tag, r in log.readings.items()}
    waypoint_t_ms, waypoint_xy_m = _corners(corners)
    return checked(
        Round(
            f"edinburgh_raw-{name}",
            number,
            streams["accel"],
            streams["gyro"],
            streams["mag"],
            _scans(log, unix_at_zero),
            waypoint_t_ms,
            waypoint_xy_m,
            path,
            started_unix_ms=unix_at_zero,
        )
    )


def _stream(readings: _Readings, first_ns: int, path: Path) -> Stream:
    t_ms = np.frombuffer(readings.clock_ns, np.int64) - first_ns
    t_ms //= 1_000_000
    fields.in_time_order(t_ms, readings.line, path, "the sensor clock")
    return Stream(t_ms, np.frombuffer(readings.xyz).reshape(-1, 3))


def _scans(log: _Log, unix_at_zero: int) -> WifiScans:
    t_ms = np.array(log.scan_unix_ms, np.int64) - unix_at_zero
    fields.in_time_order(t_ms, np.array(log.scan_line), log.path, "a scan", strictly=True)
    return wifi_scans(
        t_ms,
        np.array(log.entry_scan, np.int64),
        np.array(log.entry_address, np.int64),
        log.addresses.names(),
        np.array(log.entry_dbm, np.float64),
        np.zeros(len(log.entry_scan), np.int64),
    )


def _corners(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return waypoint times i64[W], ms, and positions f64[W, 2], metres."""
    parts = [_corner_table(block, path) for block in blocks(path, last_line_may_lack_end=True)]
    line, table = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if len(table) < 2:
        raise InputError(
            f"{len(table)} corner(s), two are needed to interpolate a position",
            remedy="add the ground truth or leave the log out",
            path=path,
        )
    # Every position stands there twice, so that a cut digit shows.
    differs = np.abs(table[:, 3:5] - _ORIGIN_UTM_M - table[:, 5:7]).max(axis=1) > _CENTIMETRE_M / 2
    fields.raise_at(differs, "the UTM and the local position differ", line, path)
    t_ms = np.rint(table[:, 0] * 1000).astype(np.int64)
    fields.in_time_order(t_ms, line, path, "a corner", strictly=True)
    return t_ms, table[:, 5:7]


def _corner_table(block: Block, path: Path) -> tuple[np.ndarray, np.ndarray]:
    index = Index(block, b",")
    at = np.flatnonzero(~index.blank())
    if block.first == 1:
        fields.check_header(index, _CORNERS, path)
        at = at[1:]
    width = _CORNERS.count(b",") + 1
    fields.check_width(index.n_fields[at], index.number[at], path, width)
    limit = fields.POSITION_LIMIT_M
    return index.number[at], fields.numbers(index, at, range(width), path, limit=limit)
