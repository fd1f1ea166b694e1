"""What a set of recordings holds, counted: the part of a data card that takes no side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mtloc_jax.cards import faults
from mtloc_jax.logs.round import SENSORS, Round
from mtloc_jax.settings import Window
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import cut

SPLITS = ("train", "validation", "test")
UNITS = {"accel": "m/s^2", "gyro": "rad/s", "mag": "microtesla"}

Statistics = dict[str, Any]  # plain data: numbers, text, lists and dicts of them


def recording(walks: Sequence[Round], site: Site, window: Window, unit: str) -> Statistics:
    """Count rounds, walks, minutes, metres and windows, and how many windows were left out.

    unit: what the numbers of the split are of
    """
    days = [_day(walk.started_unix_ms) for walk in walks if walk.started_unix_ms is not None]
    whole = replace(window, max_gap_ms=np.iinfo(np.int64).max)
    cuts = (cut(replace(walk, frozen=()), whole, site.modalities) for walk in walks)
    possible = sum(len(found.end_ms) for found in cuts)
    return {
        "rounds": len({walk.number for walk in walks}),
        "walks": len(walks),
        "minutes": _short(sum(_minutes(walk) for walk in walks)),
        "path_m": _short(sum(_lengths_m(walk).sum() for walk in walks)),
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        "windows": {name: len(site.rows(name)) for name in SPLITS},
        "windows_left_out": possible - len(site.round),
        "unit": unit,
        "train_walks": len(np.unique(site.trace[site.rows("train")])),
    }


def sensors(walks: Sequence[Round]) -> Statistics:
    """Return rate, gaps, frozen time and median magnitude of each sensor."""
    frozen = faults.frozen_s(walks)
    return {
        sensor: {
            "rate_hz": _short(1000 / max(np.median(_steps_ms(walks, sensor)), 1)),
            "longest_gap_ms": int(_steps_ms(walks, sensor).max()),
            "gaps_over_500_ms": int(np.sum(_steps_ms(walks, sensor) > faults.LONGEST_GAP_MS)),
            "frozen_s": {
                str(number): _short(by_sensor[sensor])
                for number, by_sensor in frozen.items()
                if by_sensor[sensor]
            },
            "median_magnitude": _short(faults.median_magnitude(walks, sensor)),
            "unit": "scaled to 0..1" if walks[0].normalised else UNITS[sensor],
        }
        for sensor in SENSORS
    }


def wifi(walks: Sequence[Round], site: Site) -> Statistics:
    """Count scans, access points heard, stale entries, and how old WiFi is at the windows."""
    n_scans = sum(len(walk.wifi.t_ms) for walk in walks)
    if not n_scans:
        return {"scans": 0}
    age_ms = np.concatenate([walk.wifi.age_ms for walk in walks])
    intervals_ms = np.concatenate([np.diff(walk.wifi.t_ms) for walk in walks])
    window_age_ms = site.windows.wifi_age_ms
    held_ms = window_age_ms[window_age_ms >= 0]
    return {
        "scans": n_scans,
        "scans_per_minute": _short(n_scans / sum(_minutes(walk) for walk in walks)),
        "longest_wait_s": _short(intervals_ms.max(initial=0) / 1000),
        "access_points": len(_heard(walks)),
        "access_points_a_scan": _short(np.median(entries_a_scan(walks))),
        "of_these_fresh": _short(np.median(entries_a_scan(walks, faults.STALE_MS))),
        "stale_share": _short(float(np.mean(age_ms > faults.STALE_MS)) if len(age_ms) else 0.0),
        "oldest_entry_s": _short(age_ms.max(initial=0) / 1000),
        "window_age_ms": {
            "median": _short(np.median(held_ms)) if len(held_ms) else None,
            "p95": _short(np.percentile(held_ms, 95)) if len(held_ms) else None,
        },
        "windows_without_wifi": {
            name: _short(np.mean(window_age_ms[site.rows(name)] < 0)) for name in SPLITS
        },
    }


def access_points(
    walks: Sequence[Round], site: Site, others: Mapping[str, Sequence[Round]]
) -> Statistics:
    """Count access points by split, those shared with training, and with other buildings.

    vocabulary: those with a fresh entry in training, which is what networks have inputs for
    others: name -> rounds of another building
    """
    by_split = {
        name: _heard([w for w in walks if w.number in getattr(site.split, name)]) for name in SPLITS
    }
    everywhere = _heard(walks)
    return {
        "heard": {name: len(heard) for name, heard in by_split.items()},
        "vocabulary": len(site.bssids),
        "also_in_train": {name: len(by_split[name] & by_split["train"]) for name in SPLITS[1:]},
        "also_in": {name: len(everywhere & _heard(rounds)) for name, rounds in others.items()},
    }


def labels(walks: Sequence[Round]) -> Statistics:
    """Return how far apart positions were given, how far apart measured, and their extent."""
    given_m = np.concatenate([_lengths_m(walk) for walk in walks])
    given_s = np.concatenate([np.diff(walk.waypoint_t_ms) for walk in walks]) / 1000
    apart_m = np.concatenate([faults.measured_apart_m(walk) for walk in walks])
    xy_m = np.concatenate([walk.waypoint_xy_m for walk in walks])
    return {
        "given": len(xy_m),
        "given_apart_m": {"median": _short(np.median(given_m)), "max": _short(given_m.max())},
        "given_apart_s": {"median": _short(np.median(given_s)), "max": _short(given_s.max())},
        "measured": len(apart_m) + len(walks),
        "measured_apart_m": {"median": _short(np.median(apart_m)), "max": _short(apart_m.max())},
        "x_m": [_short(v) for v in (xy_m[:, 0].min(), xy_m[:, 0].max())],
        "y_m": [_short(v) for v in (xy_m[:, 1].min(), xy_m[:, 1].max())],
    }


def entries_a_scan(walks: Sequence[Round], max_age_ms: int | None = None) -> np.ndarray:
    """Return how many access points each scan lists (no older than `max_age_ms`), i64[S]."""
    counts = []
    for walk in walks:
        scans = walk.wifi if max_age_ms is None else walk.wifi.fresh(max_age_ms)
        counts.append(np.bincount(scans.scan, minlength=len(scans.t_ms)))
    return np.concatenate(counts)


def _steps_ms(walks: Sequence[Round], sensor: str) -> np.ndarray:
    return np.concatenate([np.diff(walk.stream(sensor).t_ms) for walk in walks])


def _heard(walks: Sequence[Round]) -> set[str]:
    return set(np.unique(np.concatenate([np.zeros(0, "U1"), *(w.wifi.bssid for w in walks)])))


def _minutes(walk: Round) -> float:
    return float(walk.accel.t_ms[-1] - walk.accel.t_ms[0]) / 60_000


def _lengths_m(walk: Round) -> np.ndarray:
    return np.linalg.norm(np.diff(walk.waypoint_xy_m, axis=0), axis=1)


def _day(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).date().isoformat()


def _short(value: float) -> float:
    """Round to four significant digits: a card is read by people and compared by git."""
    return float(f"{float(value):.4g}")
