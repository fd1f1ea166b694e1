"""Cut a `Round` into windows: the phone's last second at 10 Hz, one window every 100 ms.

Sampling is causal (the newest reading not after the sample time), so that a phone that streams
sees exactly the windows a study was trained on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round, Stream
from mtloc_jax.modalities import MODALITIES, Modality
from mtloc_jax.settings import Window


@dataclass(frozen=True)
class Windows:
    """Hold the windows of one walk, or of many one after the other.

    inputs:      f32[N, T, C] of each sampled modality, in its unit
    end_ms:      i64[N], time of the last sample
    xy_m:        f64[N, 2], true position at the end, NaN where nobody knows
    scan:        i32[N], the round's newest scan not after the end, -1 where none is young enough
    wifi_age_ms: i64[N], end minus scan time, -1 where `scan` is -1
    """

    inputs: dict[str, np.ndarray]
    end_ms: np.ndarray
    xy_m: np.ndarray
    scan: np.ndarray
    wifi_age_ms: np.ndarray


def cut(walk: Round, window: Window, modalities: Sequence[str]) -> Windows:
    """Return the windows of `walk` that were really recorded and lie in `Round.used_ms`.

    modalities: names in MODALITIES; the sensors of all of them must have been recorded

    Windows that touch a frozen span or a gap longer than `window.max_gap_ms`, or end before
    `window.warm_up_ms`, are left out. Raises InputError where the walk is shorter than
    one window, or lacks a sensor.
    """
    sampled = {name: MODALITIES[name] for name in modalities if MODALITIES[name].sampled}
    needed = (sensor for modality in sampled.values() for sensor in modality.needs(window))
    sensors = list(dict.fromkeys(needed))
    t_ms = _sample_times(walk, window, sensors)
    picks = {sensor: _newest(walk.stream(sensor), t_ms) for sensor in sensors}
    recorded = np.ones(len(t_ms), bool)
    for sensor in sensors:
        recorded &= _recorded(walk, sensor, picks[sensor], t_ms, window)
    starts = np.arange(0, len(t_ms) - window.steps + 1, window.hop_ms // window.step_ms)
    grid = starts[:, None] + np.arange(window.steps)
    warm = t_ms[grid[:, -1]] - t_ms[0] >= window.warm_up_ms
    grid = grid[recorded[grid].all(axis=1) & warm]
    readings = {sensor: walk.stream(sensor).values[picks[sensor]] for sensor in sensors}
    end_ms = t_ms[grid[:, -1]]
    scan, age_ms = _newest_scan(walk.wifi.t_ms, end_ms, window.wifi_max_age_ms)
    return Windows(
        inputs={name: _read(m, readings, window, walk)[grid] for name, m in sampled.items()},
        end_ms=end_ms,
        xy_m=interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, end_ms),
        scan=scan,
        wifi_age_ms=age_ms,
    )


def joined(parts: Sequence[Windows]) -> Windows:
    """Return the windows of many walks, one walk after the other; scans stay each walk's own."""
    one_by_one = (f.name for f in fields(Windows) if f.name != "inputs")
    return Windows(
        {name: np.concatenate([p.inputs[name] for p in parts]) for name in parts[0].inputs},
        *(np.concatenate([getattr(part, name) for part in parts]) for name in one_by_one),
    )


def interpolate(t_ms: np.ndarray, xy_m: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
    """Interpolate positions f64[W, 2] linearly in time; returns f64[N, 2], metres.

    NaN where no position is known.
    """
    if not len(t_ms):
        return np.full((len(at_ms), 2), np.nan)
    return np.stack([np.interp(at_ms, t_ms, xy_m[:, axis]) for axis in (0, 1)], axis=1)


def _read(
    modality: Modality, readings: Mapping[str, np.ndarray], window: Window, walk: Round
) -> np.ndarray:
    assert modality.read is not None
    try:
        return modality.read(readings, window).astype(np.float32)
    except InputError as error:
        raise InputError(error.problem, remedy=error.remedy, path=walk.source) from None


def _sample_times(walk: Round, window: Window, sensors: Sequence[str]) -> np.ndarray:
    first_ms, last_ms = walk.used_ms
    start = max([first_ms, *(walk.stream(s).t_ms[0] for s in sensors)])
    stop = min([last_ms, *(walk.stream(s).t_ms[-1] for s in sensors)])
    if stop - start < window.span_ms:
        raise InputError(
            f"sensors and waypoints share {max(0, stop - start)} ms, a window spans "
            f"{window.span_ms} ms",
            remedy="leave the trace out of the site",
            path=walk.source,
        )
    return np.arange(start, stop + 1, window.step_ms)


def _newest(stream: Stream, t_ms: np.ndarray) -> np.ndarray:
    return np.searchsorted(stream.t_ms, t_ms, side="right") - 1


def _recorded(
    walk: Round, sensor: str, pick: np.ndarray, t_ms: np.ndarray, window: Window
) -> np.ndarray:
    read_ms = walk.stream(sensor).t_ms[pick]
    recorded = t_ms - read_ms <= window.max_gap_ms
    for span in walk.frozen:
        if span.sensor == sensor:
            recorded &= (read_ms < span.start_ms) | (read_ms > span.end_ms)
    return recorded


def _newest_scan(
    scan_t_ms: np.ndarray, end_ms: np.ndarray, max_age_ms: int
) -> tuple[np.ndarray, np.ndarray]:
    if len(scan_t_ms) == 0:
        return np.full(len(end_ms), -1, np.int32), np.full(len(end_ms), -1, np.int64)
    scan = np.searchsorted(scan_t_ms, end_ms, side="right") - 1
    age_ms = end_ms - scan_t_ms[scan]
    heard = (scan >= 0) & (age_ms <= max_age_ms)
    return np.where(heard, scan, -1).astype(np.int32), np.where(heard, age_ms, -1)
