"""The authors' raw phone logs (XML) of Edinburgh, joined with the times they passed the corners.

`N.xml` has elements a, g, m (accelerometer, gyroscope, magnetometer: `st` sensor clock in ns, `t`
Unix ms of delivery, `x y z`) and wr (a WiFi scan: `t`) with children r (`b` BSSID, `s` dBm, `c`
number of the channel).
`N.csv` has a line for each corner: Time (s since the log's first reading), degrees, UTM metres,
and metres from the building's own origin.

A sleeping phone delivered readings in bursts up to 106 s late, so `t` is no time of measurement:
readings are timed by `st`, in whole ms since the first, as the authors' CSVs are.
"""

import math
import re
from array import array
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.parsers import expat

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import clocks, rounds_table
from mtloc_jax.logs.jobs import Job, by_stem
from mtloc_jax.logs.lines import (
    DAY_MS,
    POSITION_LIMIT_M,
    SENSOR_LIMIT,
    Lines,
    check_time_order,
    chunks,
    read_lines,
)
from mtloc_jax.logs.records import NO_LINE, Addresses, Records, in_order
from mtloc_jax.logs.round import SENSORS, Round, Stream, WifiScans, checked, no_wifi
from mtloc_jax.logs.scans import BSSID, STRONGEST_DBM, WEAKEST_DBM, channel_mhz, wifi_scans

_SENSORS = {"a": "accel", "g": "gyro", "m": "mag"}
_OTHER_TAGS = {"data", "wr", "r", "loc"}
_MORE, _PHONE = "edinburgh_raw_more", "Smartisan"
_CORNERS = "Time,lat1,Lng1,x,y,lat,Lng"
_ORIGIN_UTM_M = np.array([488278.27, 6199937.61])
_CHUNK_BYTES = 1 << 16
_LONGEST_ELEMENT_BYTES = 1 << 16  # of one tag; a real one has a hundred
# A delivery is a damaged copy of its neighbour where most of its entries are that one's.
_DAMAGED_SHARE, _FEWEST_ALIKE = 0.1, 10
_NO_CORNER = Records(NO_LINE, np.zeros(0, np.int64), np.zeros((0, 2)))
_CENTIMETRE_M = 0.01  # positions are published to it
_REPAIR = "repair or delete this line, or leave the log out"


@dataclass
class _Readings:
    """Collect one sensor's elements in compact arrays."""

    line: array = field(default_factory=lambda: array("q"))
    clock_ns: array = field(default_factory=lambda: array("q"))
    xyz: array = field(default_factory=lambda: array("d"))


@dataclass
class _Delivery:
    """Hold what a scan heard, the line it begins on, and how often it was handed out in a row."""

    heard: frozenset[tuple[int, float]]
    line: int
    times: int = 1


class _Log:
    """Take in the elements of one phone log as the parser meets them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readings = {tag: _Readings() for tag in _SENSORS}
        # Unix time less sensor clock, of the two readings that were delivered with the least delay.
        self.least_offsets_ns = [10**30, 10**30]
        self.first_offset_ns: int | None = None
        self._least_line = self._last_unix_ms = 0
        self.scan_line, self.scan_unix_ms = array("q"), array("q")
        self.scan_offset_ns: list[int | None] = []  # the least so far; None before a reading
        self.addresses = Addresses()
        self.entry_scan, self.entry_address, self.entry_dbm = array("q"), array("q"), array("d")
        self.entry_mhz = array("q")
        self.deliveries: list[_Delivery] = []
        self._scan: list[tuple[int, float]] | None = None
        self._scan_mhz: list[int] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def read(self, *, growing: bool) -> "_Log":
        """Parse the file piece by piece; of one that is `growing`, the elements that are closed."""
        try:
            n_bytes = 0
            for chunk in chunks(self.path, _CHUNK_BYTES):
                self.parser.Parse(chunk, False)
                n_bytes += len(chunk)
                # The parser looks at an unfinished element anew with each chunk.
                if n_bytes - max(self.parser.CurrentByteIndex, 0) > _LONGEST_ELEMENT_BYTES + len(
                    chunk
                ):
                    raise self._error(f"an element of more than {_LONGEST_ELEMENT_BYTES} bytes")
            if not growing:
                self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise InputError(
                f"no well-formed XML: {expat.errors.messages[error.code]}",
                remedy="copy the log again or leave it out",
                path=self.path,
                line=error.lineno,
            ) from None
        except InputError:
            raise
        except (LookupError, ValueError):  # Python's codecs are asked for what the parser lacks
            raise InputError(
                "its XML declaration names an encoding that is not known here",
                remedy="save it as UTF-8",
                path=self.path,
                line=1,
            ) from None
        if growing:
            self._leave_open_scan()
        else:  # both look at the whole log: a later element may show that an earlier one is right
            self._check_deliveries()
            self._check_delays()
        return self

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._scan is not None and tag != "r":
            raise self._error(f"element <{tag[:40]}> within a scan")
        if (readings := self.readings.get(tag)) is not None:
            readings.line.append(self.parser.CurrentLineNumber)
            clock_ns, unix_ms = self._integer(attributes, "st"), self._integer(attributes, "t")
            readings.clock_ns.append(clock_ns)
            self._check_order(unix_ms)
            self._note_delay(unix_ms * 1_000_000 - clock_ns)
            readings.xyz.extend(self._number(attributes, axis) for axis in "xyz")
        elif tag == "wr":
            self._begin_scan(self._integer(attributes, "t"))
        elif tag == "r" and self._scan is not None:
            level = self._number(attributes, "s", WEAKEST_DBM, STRONGEST_DBM)
            if not BSSID.fullmatch(bssid := self._text(attributes, "b")):
                raise self._error(f"b={bssid[:40]!r} is not a BSSID")
            mhz = channel_mhz(self._integer(attributes, "c")) if "c" in attributes else 0
            self._scan.append((self.addresses[bssid], level))
            self._scan_mhz.append(mhz)
        elif tag not in _OTHER_TAGS or tag == "r":
            raise self._error(f"element <{tag[:40]}> is unknown here")

    def _end(self, tag: str) -> None:
        if tag == "wr":
            self._end_scan()

    def _check_order(self, unix_ms: int) -> None:
        """Raise InputError where an element came before the one above it: `t` is damaged."""
        if not 0 <= unix_ms - self._last_unix_ms <= (DAY_MS if self._last_unix_ms else unix_ms):
            raise self._error(f"t={unix_ms} after {self._last_unix_ms} in the line before")
        self._last_unix_ms = unix_ms

    def _note_delay(self, offset_ns: int) -> None:
        if self.first_offset_ns is None:
            self.first_offset_ns = offset_ns
        least, second = self.least_offsets_ns
        if offset_ns < least:
            self.least_offsets_ns = [offset_ns, least]
            self._least_line = self.parser.CurrentLineNumber
        elif offset_ns < second:
            self.least_offsets_ns[1] = offset_ns

    def _check_delays(self) -> None:
        """Raise InputError where one reading alone says when the clock began: it is damaged."""
        least, second = self.least_offsets_ns
        if clocks.SENSOR_MS * 1_000_000 < second - least < 10**29:
            raise InputError(
                f"st or t is {(second - least) / 1e6:.0f} ms off those of all other readings",
                remedy=_REPAIR,
                path=self.path,
                line=self._least_line,
            )

    def _begin_scan(self, unix_ms: int) -> None:
        self._check_order(unix_ms)
        self._scan, self._scan_mhz = [], []
        self.scan_line.append(self.parser.CurrentLineNumber)
        self.scan_unix_ms.append(unix_ms)
        begun = self.first_offset_ns is not None
        self.scan_offset_ns.append(self.least_offsets_ns[0] if begun else None)

    def _leave_open_scan(self) -> None:
        """Forget a scan of which more entries may come."""
        if self._scan is not None:
            self._forget_scan()

    def _forget_scan(self) -> None:
        for kept in (self.scan_line, self.scan_unix_ms, self.scan_offset_ns):
            kept.pop()

    def _end_scan(self) -> None:
        """Keep the scan unless it repeats the one before: Android hands out cached results."""
        heard = frozenset(self._scan or [])
        if self.deliveries and heard == self.deliveries[-1].heard:
            self.deliveries[-1].times += 1
            self._forget_scan()
        else:
            self.deliveries.append(_Delivery(heard, self.scan_line[-1]))
            for (address, level), mhz in zip(self._scan or [], self._scan_mhz, strict=True):
                self.entry_scan.append(len(self.scan_unix_ms) - 1)
                self.entry_address.append(address)
                self.entry_dbm.append(level)
                self.entry_mhz.append(mhz)
        self._scan = None

    def _check_deliveries(self) -> None:
        """Raise InputError where a delivery is a damaged copy: it would count as a new scan."""
        met: dict[frozenset, int] = {}
        for at, this in enumerate(self.deliveries):
            if len(this.heard) < _FEWEST_ALIKE:
                continue
            before = self.deliveries[at - 1] if at else _Delivery(frozenset(), 0)
            odd = this if this.times == 1 else before
            differ = len(this.heard ^ before.heard)
            alike = len(this.heard & before.heard) >= _FEWEST_ALIKE
            near = differ <= max(2, _DAMAGED_SHARE * len(this.heard)) and odd.times == 1
            if (alike and near) or this.heard in met:
                raise InputError(
                    f"a scan that differs from its repeats in {differ} entries",
                    remedy="make it as the scan beside it, or leave the log out",
                    path=self.path,
                    line=odd.line,
                )
            met[this.heard] = at

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
        lowest: float = -SENSOR_LIMIT,
        highest: float = SENSOR_LIMIT,
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


def jobs(folder: Path) -> list[Job]:
    """Return a job for each log `N.xml` of a folder; its corners are `N.csv`.

    Raises InputError where the folder is missing or holds none, or `rounds.csv` lists others.
    """
    logs, made = by_stem(folder, ".xml"), []
    for name, (n, *rest) in rounds_table.numbered(folder, logs).items():
        files = (logs[name], folder / f"{name}.csv")
        inputs = (*files, *rounds_table.inputs(folder))
        made.append(Job(name, n, inputs, partial(read_log, *files, name, n), *rest))
    return made


def edinburgh_jobs(folder: Path) -> list[Job]:
    """Return a job for each published log of Edinburgh, numbered as its round is there.

    folder: holds `edinburgh_raw` (two logs and the corners of all) and `edinburgh_raw_more` (three)
    Raises InputError where one of these is missing, or a log is not named after its round.
    """
    corners, more = (folder / part / "Smartisan" for part in ("edinburgh_raw", _MORE))
    logs = by_stem(corners, ".xml") | by_stem(more, ".xml")
    for name, path in logs.items():
        if not re.fullmatch(r"[1-9][0-9]?", name):
            raise InputError("is not named after its round", remedy="move it away", path=path)
    made = []
    for name in sorted(logs, key=int):
        files = (logs[name], corners / f"{name}.csv")
        read = partial(read_log, *files, name, int(name), phone=_PHONE)
        made.append(Job(name, int(name), files, read))
    return made


def read_log(
    path: Path,
    corners: Path | None,
    name: str,
    number: int,
    phone: str = "",
    *,
    causal: bool = False,
    growing: bool = False,
) -> Round:
    """Read one phone log; time 0 is its first reading. Without `corners` it has no waypoint.

    causal:  time each scan by the reading delivered soonest so far, not of the whole log, so that
             the beginning of a log reads the same whatever follows
    growing: of a log that is still written, read the elements that are closed; then it may lack
             all readings

    Scans that repeat the one before are dropped: only really new ones remain, stamped with their
    first delivery.
    Raises InputError with the line on malformed XML, unknown elements, missing or absurd values
    and clocks running backwards.
    """
    log = _Log(path).read(growing=growing)
    lacking = [sensor for tag, sensor in _SENSORS.items() if not log.readings[tag].line]
    if lacking and not growing:
        raise InputError(f"no {lacking[0]} reading", remedy="leave the log out", path=path)
    if lacking:
        nothing = Stream(np.zeros(0, np.int64), np.zeros((0, 3)))
        streams, wifi, unix_at_zero = dict.fromkeys(SENSORS, nothing), no_wifi(), None
    else:
        first_ns = min(readings.clock_ns[0] for readings in log.readings.values())
        unix_at_zero = _unix_at_zero(log.least_offsets_ns[0], first_ns)
        streams = {_SENSORS[tag]: _stream(r, first_ns, path) for tag, r in log.readings.items()}
        wifi = _scans(log, _at_zero_by_scan(log, first_ns) if causal else unix_at_zero)
    waypoints = _corners(corners) if corners else _NO_CORNER
    walk = Round(
        f"edinburgh_raw-{name}",
        number,
        streams["accel"],
        streams["gyro"],
        streams["mag"],
        wifi,
        waypoints.t_ms,
        waypoints.values,
        path,
        started_unix_ms=unix_at_zero,
        phone=phone,
    )
    return walk if growing else checked(walk)


def _unix_at_zero(offset_ns: int, first_ns: int) -> int:
    return -(-(offset_ns + first_ns) // 1_000_000)  # rounded up


def _at_zero_by_scan(log: _Log, first_ns: int) -> np.ndarray:
    """Return Unix time at the first reading i64[S], as the readings before each scan tell it.

    So no scan is stamped before a reading that was delivered before it.
    """
    first = log.first_offset_ns
    assert first is not None
    offsets_ns = (first if offset is None else offset for offset in log.scan_offset_ns)
    return np.array([_unix_at_zero(offset, first_ns) for offset in offsets_ns], np.int64)


def _stream(readings: _Readings, first_ns: int, path: Path) -> Stream:
    t_ms = np.frombuffer(readings.clock_ns, np.int64) - first_ns
    t_ms //= 1_000_000
    check_time_order(t_ms, np.array(readings.line), path, "the sensor clock")
    return Stream(t_ms, np.frombuffer(readings.xyz).reshape(-1, 3))


def _scans(log: _Log, unix_at_zero: int | np.ndarray) -> WifiScans:
    t_ms = np.array(log.scan_unix_ms, np.int64) - unix_at_zero
    check_time_order(t_ms, np.array(log.scan_line), log.path, "a scan", strictly=True)
    return wifi_scans(
        t_ms,
        np.array(log.entry_scan, np.int64),
        np.array(log.entry_address, np.int64),
        log.addresses.names(),
        np.array(log.entry_dbm, np.float64),
        np.zeros(len(log.entry_scan), np.int64),
        np.array(log.entry_mhz, np.int64),
    )


def _corners(path: Path) -> Records:
    """Return the corners: times and local positions, metres."""
    parts = [_corner_rows(lines) for lines in read_lines(path, ",", last_line_may_lack_end=True)]
    corners = in_order(parts, path, "a corner", strictly=True)
    if len(corners.t_ms) < 2:
        raise InputError(
            f"{len(corners.t_ms)} corner(s), two are needed to interpolate a position",
            remedy="add the ground truth or leave the log out",
            path=path,
        )
    return corners


def _corner_rows(lines: Lines) -> Records:
    lines, width = lines.body(_CORNERS), _CORNERS.count(",") + 1
    lines.check_width(width)
    table = lines.numbers(range(width), limit=POSITION_LIMIT_M)
    # Every position stands there twice, so that a cut digit shows.
    utm_m, local_m = table[:, 3:5], table[:, 5:7]
    differs = np.abs(utm_m - _ORIGIN_UTM_M - local_m).max(axis=1) > _CENTIMETRE_M / 2
    lines.raise_at(differs, "the UTM and the local position differ")
    return Records(lines.number, np.rint(table[:, 0] * 1000).astype(np.int64), local_m.copy())
