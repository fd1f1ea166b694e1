"""Cut a `Round` into windows: the phone's last second at 10 Hz, one window every 100 ms.

Sampling is causal (the newest reading not after the sample time), so that a phone that streams
sees exactly the windows a study was trained on.
"""

from dataclasses import dataclass

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import SENSORS, Round, Stream


@dataclass(frozen=True)
class WindowSpec:
    """Say how windows are cut (Section IV-B: 1 s, one sample each 100 ms, 900 ms overlap).

    mag_channels: 1 for the field's magnitude, 3 for its axes (Table III prints both)
    wifi_max_age_ms: a scan older than this at a window's end counts as not heard
    max_gap_ms: a window with an older newest reading than this was not recorded, and is left out
    """

    steps: int = 10
    step_ms: int = 100
    hop_ms: int = 100
    mag_channels: int = 1
    wifi_max_age_ms: int = 4000
    max_gap_ms: int = 500

    def __post_init__(self) -> None:
        """Raise InputError where no window can be cut so."""
        if min(self.steps, self.step_ms, self.hop_ms) < 1 or self.hop_ms % self.step_ms:
            raise InputError(
                f"no window has steps={self.steps}, step_ms={self.step_ms}, hop_ms={self.hop_ms}",
                remedy="set positive numbers, hop_ms a multiple of step_ms",
            )
        if self.mag_channels not in (1, 3):
            raise InputError(
                f"mag_channels is {self.mag_channels}",
                remedy="set 1 for the field's magnitude or 3 for its axes",
            )

    @property
    def span_ms(self) -> int:
        """Return the time between a window's first and last sample."""
        return (self.steps - 1) * self.step_ms


@dataclass(frozen=True)
class Windows:
    """Hold the windows of one round.

    imu:         f32[N, T, 2], magnitudes of acceleration (m/s^2) and angular rate (rad/s)
    mag:         f32[N, T, C], magnetic magnitude or axes, microtesla
    end_ms:      i64[N], time of the last sample
    xy_m:        f64[N, 2], true position at the end
    scan:        i32[N], the round's newest scan not after the end, -1 where none is young enough
    wifi_age_ms: i64[N], end minus scan time, -1 where `scan` is -1
    """

    imu: np.ndarray
    mag: np.ndarray
    end_ms: np.ndarray
    xy_m: np.ndarray
    scan: np.ndarray
    wifi_age_ms: np.ndarray


def cut(walk: Round, spec: WindowSpec) -> Windows:
    """Return the windows of `walk` that were really recorded and lie between its waypoints.

    Windows that touch a frozen span or a gap longer than `spec.max_gap_ms` are left out. Raises
    InputError where the walk is shorter than one window.
    """
    t_ms = _sample_times(walk, spec)
    starts = np.arange(0, len(t_ms) - spec.steps + 1, spec.hop_ms // spec.step_ms)
    picks = {sensor: _newest(walk.stream(sensor), t_ms) for sensor in SENSORS}
    recorded = np.all([_recorded(walk, s, picks[s], t_ms, spec) for s in SENSORS], axis=0)
    grid = starts[:, None] + np.arange(spec.steps)
    grid = grid[recorded[grid].all(axis=1)]
    accel, gyro = (_magnitude(walk.stream(s).values[picks[s]]) for s in ("accel", "gyro"))
    field = walk.mag.values[picks["mag"]]
    mag = _magnitude(field)[:, None] if spec.mag_channels == 1 else field
    if mag.shape[1] != spec.mag_channels:
        raise InputError(
            f"the recording has {mag.shape[1]} magnetic channel(s), not {spec.mag_channels}",
            remedy="set mag_channels=1",
            path=walk.source,
        )
    end_ms = t_ms[grid[:, -1]]
    scan, age_ms = _newest_scan(walk.wifi.t_ms, end_ms, spec.wifi_max_age_ms)
    return Windows(
        imu=np.stack([accel[grid], gyro[grid]], axis=-1).astype(np.float32),
        mag=mag[grid].astype(np.float32),
        end_ms=end_ms,
        xy_m=interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, end_ms),
        scan=scan,
        wifi_age_ms=age_ms,
    )


def interpolate(t_ms: np.ndarray, xy_m: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
    """Interpolate positions f64[W, 2] linearly in time; returns f64[N, 2], metres."""
    return np.stack([np.interp(at_ms, t_ms, xy_m[:, axis]) for axis in (0, 1)], axis=1)


def _sample_times(walk: Round, spec: WindowSpec) -> np.ndarray:
    start = max([walk.waypoint_t_ms[0], *(walk.stream(s).t_ms[0] for s in SENSORS)])
    stop = min([walk.waypoint_t_ms[-1], *(walk.stream(s).t_ms[-1] for s in SENSORS)])
    if stop - start < spec.span_ms:
        raise InputError(
            f"sensors and waypoints share {max(0, stop - start)} ms, a window spans "
            f"{spec.span_ms} ms",
            remedy="leave the trace out of the site",
            path=walk.source,
        )
    return np.arange(start, stop + 1, spec.step_ms)


def _newest(stream: Stream, t_ms: np.ndarray) -> np.ndarray:
    return np.searchsorted(stream.t_ms, t_ms, side="right") - 1


def _recorded(
    walk: Round, sensor: str, pick: np.ndarray, t_ms: np.ndarray, spec: WindowSpec
) -> np.ndarray:
    read_ms = walk.stream(sensor).t_ms[pick]
    recorded = t_ms - read_ms <= spec.max_gap_ms
    for span in walk.frozen:
        if span.sensor == sensor:
            recorded &= (read_ms < span.start_ms) | (read_ms > span.end_ms)
    return recorded


def _magnitude(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(values**2, axis=1))


def _newest_scan(
    scan_t_ms: np.ndarray, end_ms: np.ndarray, max_age_ms: int
) -> tuple[np.ndarray, np.ndarray]:
    if len(scan_t_ms) == 0:
        return np.full(len(end_ms), -1, np.int32), np.full(len(end_ms), -1, np.int64)
    scan = np.searchsorted(scan_t_ms, end_ms, side="right") - 1
    age_ms = end_ms - scan_t_ms[scan]
    heard = (scan >= 0) & (age_ms <= max_age_ms)
    return np.where(heard, scan, -1).astype(np.int32), np.where(heard, age_ms, -1)
