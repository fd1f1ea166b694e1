"""Fault checks: where recordings hold less than they seem to."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.cards.checks import SLIGHT, Check, not_applicable, percent, verdict
from mtloc_jax.logs.frozen import MIN_SPAN_MS, frozen_spans_of
from mtloc_jax.logs.round import SENSORS, FrozenSpan, Round, Stream
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.settings import Window
from mtloc_jax.sites.site import Site

STALE_MS, MOST_STALE = 4000, 0.10  # age of a scan entry, share of them that may be older
LONGEST_GAP_MS = 500
GRAVITY_M_S2, FIELD_UT = (8.5, 11.0), (20.0, 75.0)  # medians while walking; the Earth's field
FASTEST_M_S = 3.0  # a label that moves faster jumps: nobody runs a survey
FARTHEST_M = 15.0  # between positions that were really measured

_STRAIGHT_M_S = 1e-3  # a smaller change of velocity between labels is rounding


def frozen_sensors(walks: Sequence[Round], site: Site, window: Window) -> Check:
    """Find spans in which a sensor stood still or was bridged, and whether windows hold them.

    Only a reader that marks such spans has their windows left out.
    """
    by_round = frozen_s(walks)
    total_s = sum(sum(sensors.values()) for sensors in by_round.values())
    recorded_s = sum(_span_s(walk.stream(s)) for walk in walks for s in SENSORS)
    number = "none found"
    if total_s:
        worst = max(by_round, key=lambda n: sum(by_round[n].values()))
        parts = ", ".join(f"{sensor} {s:.1f} s" for sensor, s in by_round[worst].items())
        number = f"round {worst}: {parts}; {len(by_round)} round(s) in all"
    held = frozen_windows(walks, site, window)
    said = f"{held:,} windows hold" if held else "no window holds"
    none = f"no sensor stood still for {MIN_SPAN_MS / 1000:g} s"
    return verdict(
        "frozen sensors",
        total_s <= SLIGHT * recorded_s,
        total_s / recorded_s,
        number,
        if_passed=f"{_slight(total_s / recorded_s)}; {said} such readings" if total_s else none,
        if_not=f"nothing was measured there; {said} such readings",
    )


def stale_scans(walks: Sequence[Round], max_age_ms: int) -> Check:
    """Count scan entries whose access point was last heard more than 4 s before the scan.

    max_age_ms: age beyond which the site drops an entry
    """
    age_ms = np.concatenate([walk.wifi.age_ms for walk in walks])
    if not len(age_ms):
        return not_applicable("stale scans", "no WiFi")
    stale = float(np.mean(age_ms > STALE_MS))
    return verdict(
        "stale scans",
        stale <= MOST_STALE,
        stale,
        f"{percent(stale)} of entries heard over {STALE_MS / 1000:g} s before their scan, at worst "
        f"{age_ms.max() / 1000:.0f} s",
        if_passed="scans tell of where they were made, as far as the format says",
        if_not="scans list what was heard elsewhere; entries over "
        f"{max_age_ms / 1000:g} s old are dropped",
    )


def gaps(walks: Sequence[Round], max_gap_ms: int) -> Check:
    """Find pauses between a sensor's readings.

    max_gap_ms: age of a newest reading beyond which a window is left out
    """
    by_sensor = [np.concatenate([np.diff(walk.stream(s).t_ms) for walk in walks]) for s in SENSORS]
    gaps_ms = [steps_ms[steps_ms > LONGEST_GAP_MS] for steps_ms in by_sensor]
    share = max(
        gap_ms.sum() / max(steps_ms.sum(), 1)
        for gap_ms, steps_ms in zip(gaps_ms, by_sensor, strict=True)
    )
    count = sum(map(len, gaps_ms))
    longest_ms = max(int(steps_ms.max(initial=0)) for steps_ms in by_sensor)
    return verdict(
        "sensor gaps",
        share <= SLIGHT,
        count,
        f"{count} longer than {LONGEST_GAP_MS} ms, longest {longest_ms} ms",
        if_passed=_slight(share) if count else "no sensor paused",
        if_not="readings are missing; windows are left out whose newest reading is over "
        f"{max_gap_ms} ms old",
    )


def units(walks: Sequence[Round]) -> Check:
    """Judge whether median acceleration and magnetic field are what a phone feels indoors."""
    if any(walk.normalised for walk in walks):
        number, value, plausible = "published without units", 0.0, False
    else:
        accel, value = (median_magnitude(walks, sensor) for sensor in ("accel", "mag"))
        number = f"median acceleration {accel:.1f} m/s^2, magnetic field {value:.0f} microtesla"
        plausible = _within(accel, GRAVITY_M_S2) and _within(value, FIELD_UT)
    return verdict(
        "plausible units",
        plausible,
        value,
        number,
        if_passed="gravity and the Earth's field are there",
        if_not="scaled, or a sensor's bias was left in: do not compare values across phones",
    )


def label_jumps(walks: Sequence[Round]) -> Check:
    """Find labels that move faster than a person walks."""
    speeds = {walk.name: np.linalg.norm(_velocities(walk), axis=1) for walk in walks}
    fastest = {name: float(speed.max()) for name, speed in speeds.items()}
    jumping = [name for name, speed in fastest.items() if speed > FASTEST_M_S]
    jumping_ms = sum(
        np.diff(walk.waypoint_t_ms)[speeds[walk.name] > FASTEST_M_S].sum() for walk in walks
    )
    share = jumping_ms / sum(np.ptp(walk.waypoint_t_ms) for walk in walks)
    where = f" ({', '.join(jumping[:3])})" if jumping else ""
    return verdict(
        "label jumps",
        share <= SLIGHT,
        max(fastest.values()),
        f"labels move at up to {max(fastest.values()):.1f} m/s{where}",
        if_passed=_slight(share) if jumping else "labels move as people do",
        if_not="positions jump: the ground truth is wrong there",
    )


def interpolated_labels(walks: Sequence[Round]) -> Check:
    """Measure how far apart the positions lie that were measured and not interpolated."""
    apart_m = np.concatenate([measured_apart_m(walk) for walk in walks])
    per_walk = len(apart_m) / len(walks) + 1
    return verdict(
        "interpolated labels",
        np.median(apart_m) <= FARTHEST_M,
        float(np.median(apart_m)),
        f"{per_walk:.0f} measured points a walk, {np.median(apart_m):.1f} m apart (median)",
        if_passed="positions were measured often enough to interpolate between",
        if_not="most labels assume a constant speed: their own error may be metres",
    )


def frozen_s(walks: Sequence[Round]) -> dict[int, dict[str, float]]:
    """Return round -> sensor -> seconds frozen, for the rounds that have any."""
    found: dict[int, dict[str, float]] = {}
    for walk in walks:
        for span in frozen(walk):
            sensors = found.setdefault(walk.number, dict.fromkeys(SENSORS, 0.0))
            sensors[span.sensor] += (span.end_ms - span.start_ms) / 1000
    return found


def frozen(walk: Round) -> tuple[FrozenSpan, ...]:
    """Return the frozen spans of a walk, whether its reader looked for them or not."""
    return walk.frozen or frozen_spans_of(walk.accel, walk.gyro, walk.mag)


def frozen_windows(walks: Sequence[Round], site: Site, window: Window) -> int:
    """Count the windows of a site of which a sample was read while its sensor was frozen.

    walks: the rounds that `site` was cut from by `window`
    """
    return sum(int(_reads_frozen(walk, site, window).sum()) for walk in walks)


def measured_apart_m(walk: Round) -> np.ndarray:
    """Return the distances between successive measured positions, f64[n], metres.

    Labels on one straight line at one speed were interpolated by the publisher: only their ends
    were measured.
    """
    bends = np.linalg.norm(np.diff(_velocities(walk), axis=0), axis=1) > _STRAIGHT_M_S
    measured = np.concatenate([[True], bends, [True]])
    return np.linalg.norm(np.diff(walk.waypoint_xy_m[measured], axis=0), axis=1)


def median_magnitude(walks: Sequence[Round], sensor: str) -> float:
    """Return the median magnitude of a sensor's readings, in its own unit."""
    values = [np.linalg.norm(walk.stream(sensor).values, axis=1) for walk in walks]
    return float(np.median(np.concatenate(values)))


def _reads_frozen(walk: Round, site: Site, window: Window) -> np.ndarray:
    """Return whether each of a walk's windows reads a frozen sensor, bool[n]."""
    end_ms = site.windows.end_ms[site.trace == site.trace_names.index(walk.name)]
    sample_ms = end_ms[:, None] - window.step_ms * np.arange(window.steps)
    reads = np.zeros(len(end_ms), bool)
    read = {sensor for name in site.modalities for sensor in MODALITIES[name].needs(window)}
    for span in (span for span in frozen(walk) if span.sensor in read):
        t_ms = walk.stream(span.sensor).t_ms
        read_ms = t_ms[np.searchsorted(t_ms, sample_ms, side="right") - 1]
        reads |= ((read_ms >= span.start_ms) & (read_ms <= span.end_ms)).any(axis=1)
    return reads


def _velocities(walk: Round) -> np.ndarray:
    seconds = np.diff(walk.waypoint_t_ms)[:, None] / 1000
    return np.diff(walk.waypoint_xy_m, axis=0) / seconds


def _span_s(stream: Stream) -> float:
    return float(stream.t_ms[-1] - stream.t_ms[0]) / 1000


def _slight(share: float) -> str:
    return f"only {percent(share)} of what was recorded"


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
