"""A walked round as every reader yields it: event streams in SI units, nothing resampled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError

SENSORS = ("accel", "gyro", "mag")
Progress = Callable[[int, int], None]  # files done, files in all


@dataclass(frozen=True)
class Stream:
    """Hold one sensor's readings.

    t_ms:   i64[n], milliseconds, non-decreasing
    values: f64[n, C], m/s^2 (accel), rad/s (gyro) or microtesla (mag); C is 3 for axes, 1 where
            only the magnitude was published; of a further stream what its reader says
    """

    t_ms: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class WifiScans:
    """Hold WiFi scans in long form: one entry per access point heard in a scan.

    t_ms:     i64[S], when each scan was delivered, non-decreasing
    scan:     i32[E], the scan an entry belongs to, non-decreasing
    bssid:    str[E]
    rss_dbm:  f32[E]
    age_ms:   i64[E], scan time minus the time the access point was last really seen; 0 where the
              format does not say
    mhz:      i32[E], the channel it was heard on; 0 where the format does not say, as when left out
    """

    t_ms: np.ndarray
    scan: np.ndarray
    bssid: np.ndarray
    rss_dbm: np.ndarray
    age_ms: np.ndarray
    mhz: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))

    def __post_init__(self) -> None:
        """Say of every entry that its channel is not known, where no channels are given."""
        if not len(self.mhz):
            object.__setattr__(self, "mhz", np.zeros(len(self.scan), np.int32))

    def fresh(self, max_age_ms: int) -> "WifiScans":
        """Drop the entries last seen more than `max_age_ms` before their scan (scans all stay)."""
        keep = self.age_ms <= max_age_ms
        of_entries = ("scan", "bssid", "rss_dbm", "age_ms", "mhz")
        return replace(self, **{name: getattr(self, name)[keep] for name in of_entries})


@dataclass(frozen=True)
class FrozenSpan:
    """Mark a span in which a sensor did not measure (bridged or stuck values)."""

    sensor: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Round:
    """Hold one walk: what a phone recorded and where it truly was.

    name:      trace id, unique within a site
    number:    1-based round the walk belongs to: the unit that splits and fine-tune rates count.
               Several short traces may share one
    waypoint_t_ms: i64[W]; waypoint_xy_m: f64[W, 2]; W >= 2 where it is surveyed, 0 where nobody
               says where the phone was
    source:    the file it was read from
    started_unix_ms: start of the recording, None where the format does not say
    normalised: True where the publisher rescaled the sensors, so that units are lost
    extra:     further streams by name, where the format has them
    phone:     maker and model, "" where the format does not say
    session:   walks of one are a continuous recording, None where nobody says
    route:     walks of one visit the same points, None where nobody says
    """

    name: str
    number: int
    accel: Stream
    gyro: Stream
    mag: Stream
    wifi: WifiScans
    waypoint_t_ms: np.ndarray
    waypoint_xy_m: np.ndarray
    source: Path
    frozen: tuple[FrozenSpan, ...] = field(default=())
    started_unix_ms: int | None = None
    normalised: bool = False
    extra: Mapping[str, Stream] = field(default_factory=dict)
    phone: str = ""
    session: int | None = None
    route: int | None = None

    @property
    def day(self) -> str | None:
        """Return the day of recording ("2019-11-24", UTC), None where the format does not say."""
        if self.started_unix_ms is None:
            return None
        return datetime.fromtimestamp(self.started_unix_ms / 1000, UTC).date().isoformat()

    @property
    def used_ms(self) -> tuple[int, int]:
        """Return from when to when it counts: between its waypoints, or all of it without.

        Raises InputError where nothing was recorded.
        """
        if len(self.waypoint_t_ms):
            return int(self.waypoint_t_ms[0]), int(self.waypoint_t_ms[-1])
        times = [t for t in (*(s.t_ms for s in self.streams.values()), self.wifi.t_ms) if len(t)]
        if not times:
            raise InputError("holds no reading", remedy="leave the log out", path=self.source)
        return min(int(t[0]) for t in times), max(int(t[-1]) for t in times)

    @property
    def streams(self) -> dict[str, Stream]:
        """Return all streams by name: those of SENSORS, then the further ones."""
        return {sensor: getattr(self, sensor) for sensor in SENSORS} | dict(self.extra)

    def stream(self, name: str) -> Stream:
        """Return the stream of one of SENSORS, or a further one.

        Raises InputError where the recording has none of that name.
        """
        if name not in self.streams:
            raise InputError(
                f"no {name} stream, only {', '.join(self.streams)}",
                remedy="choose one of these, or recordings that have it",
                path=self.source,
            )
        return self.streams[name]


def no_wifi() -> WifiScans:
    """Return scans for a recording that has none."""
    return WifiScans(
        np.zeros(0, np.int64),
        np.zeros(0, np.int32),
        np.zeros(0, np.str_),
        np.zeros(0, np.float32),
        np.zeros(0, np.int64),
    )


def checked(walk: Round) -> Round:
    """Return `walk` if a phone can be located by it.

    Raises InputError on an empty stream, NaN, time running backwards, in sensors or waypoints.
    Readers that know the line number report these earlier, with the line.
    """
    for name, stream in walk.streams.items():
        _check_stream(walk, name, stream)
    if np.any(np.diff(walk.waypoint_t_ms) <= 0):
        raise InputError(
            "waypoint times do not increase", remedy="sort or repair the log", path=walk.source
        )
    if not np.all(np.isfinite(walk.waypoint_xy_m)):
        raise InputError(
            "a waypoint is not a finite number", remedy="repair the log", path=walk.source
        )
    return walk


def surveyed(walk: Round) -> Round:
    """Return `walk` if a position can be learnt from it.

    Raises InputError as `checked`, and on fewer than two waypoints.
    """
    if len(walk.waypoint_t_ms) < 2:
        raise InputError(
            f"{len(walk.waypoint_t_ms)} waypoint(s), two are needed to interpolate a position",
            remedy="leave it out of the survey or add its ground truth; "
            "launch.predict locates logs without",
            path=walk.source,
        )
    return checked(walk)


def blind(walk: Round) -> Round:
    """Return `walk` as a phone that is to be located knows it: without its waypoints."""
    return replace(walk, waypoint_t_ms=np.zeros(0, np.int64), waypoint_xy_m=np.zeros((0, 2)))


def _check_stream(walk: Round, sensor: str, stream: Stream) -> None:
    if len(stream.t_ms) == 0:
        raise InputError(
            f"no {sensor} reading", remedy="leave the trace out of the site", path=walk.source
        )
    if np.any(np.diff(stream.t_ms) < 0):
        raise InputError(
            f"{sensor} time stamps run backwards", remedy="sort or repair the log", path=walk.source
        )
    if not np.all(np.isfinite(stream.values)):
        raise InputError(
            f"{sensor} holds a value that is not a finite number",
            remedy="repair the log or leave the trace out",
            path=walk.source,
        )
