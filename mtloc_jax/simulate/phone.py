"""What a phone records on a walk: jittered, biased, noisy sensor events and WiFi scans."""

import numpy as np

from mtloc_jax.logs.round import Stream, WifiScans
from mtloc_jax.simulate.building import Sensor, SimulatedBuilding
from mtloc_jax.simulate.sweep import draw_swept
from mtloc_jax.simulate.walk import Motion

GRAVITY_M_S2 = 9.81
SENSOR_HZ, JITTER_S = 50, 0.002
FADING_DB, BODY_LOSS_DB = 6.0, 8.0
SENSITIVITY_DBM, MISS_RATE = -88.0, 0.15
AP_OFF_RATE, HOTSPOT_RATE = 0.04, 0.25  # of rounds
CACHE_MS = 15_000  # a phone goes on listing an access point this long after hearing it


def record_imu(
    rng: np.random.Generator, building: SimulatedBuilding, motion: Motion
) -> tuple[Stream, Stream, Stream]:
    """Record acceleration, turn rate and magnetic field in the phone's axes, each f64[n, 3]."""
    phone = building.phone
    accel, gyro, mag = (motion.at(ticks_ms(rng, motion.t_s[-1]) / 1000) for _ in range(3))
    return (
        _sense(rng, accel.t_s, _acceleration(accel), phone.accel),
        _sense(rng, gyro.t_s, _turn_rate(gyro), phone.gyro),
        _sense(rng, mag.t_s, _magnetic(building, mag), phone.mag),
    )


def ticks_ms(rng: np.random.Generator, end_s: float) -> np.ndarray:
    """Return when a sensor reports: evenly, but for jitter too small to swap two events."""
    even_s = np.arange(rng.uniform(0.5, 1.5), SENSOR_HZ * end_s) / SENSOR_HZ
    jitter_s = rng.normal(0, JITTER_S, len(even_s)).clip(-4 * JITTER_S, 4 * JITTER_S)
    return milliseconds(even_s + jitter_s)


def _sense(rng: np.random.Generator, t_s: np.ndarray, truth: np.ndarray, sensor: Sensor) -> Stream:
    return Stream(milliseconds(t_s), truth + sensor.bias + rng.normal(0, sensor.noise, truth.shape))


def _acceleration(motion: Motion) -> np.ndarray:
    """Return what an accelerometer feels: gravity and each step's bounce, thrust and sway."""
    step_rad, surge = motion.phase_rad, motion.surge_m_s2
    up = GRAVITY_M_S2 + surge * (np.cos(step_rad) + 0.35 * np.cos(2 * step_rad + 0.8))
    forward, right = 0.4 * surge * np.sin(step_rad), 0.3 * surge * np.sin(step_rad / 2)
    return _to_phone(right, forward, up, motion.pitch_rad)


def _turn_rate(motion: Motion) -> np.ndarray:
    level = np.zeros_like(motion.t_s)
    turn_rate = _to_phone(level, level, motion.yaw_rate_rad_s, motion.pitch_rad)
    turn_rate[:, 0] += motion.pitch_rate_rad_s
    return turn_rate


def _magnetic(building: SimulatedBuilding, motion: Motion) -> np.ndarray:
    east, north, up = building.field_ut(motion.xy_m).T
    sin, cos = np.sin(motion.yaw_rad), np.cos(motion.yaw_rad)
    return _to_phone(east * sin - north * cos, east * cos + north * sin, up, motion.pitch_rad)


def _to_phone(
    right: np.ndarray, forward: np.ndarray, up: np.ndarray, pitch_rad: np.ndarray
) -> np.ndarray:
    """Turn walker axes into those of a phone whose top edge is lifted by `pitch_rad`."""
    sin, cos = np.sin(pitch_rad), np.cos(pitch_rad)
    return np.stack([right, forward * cos + up * sin, up * cos - forward * sin], axis=1)


def scan_wifi(
    rng: np.random.Generator,
    sweep_rng: np.random.Generator,
    building: SimulatedBuilding,
    motion: Motion,
    round_s: float,
    survey_share: float,
) -> WifiScans:
    """Scan every 2 to 3.2 s; each access point is heard where the phone is at that instant.

    sweep_rng: draws the channels that a scan leaves out
    `survey_share` in 0..1 is how far the survey has come: some access points appear or vanish.
    """
    done_s = np.cumsum(rng.uniform(2.0, 3.2, 1 + int(round_s / 2)))
    done_s = done_s[done_s < round_s]
    heard_s = done_s[:, None] - building.ap_lag_s
    rss_dbm = _received_dbm(rng, building, motion.at(heard_s.ravel()), heard_s.shape)
    audible = (rss_dbm > SENSITIVITY_DBM) & (rng.random(heard_s.shape) > MISS_RATE)
    heard = audible & _switched_on(rng, building, survey_share)
    heard &= draw_swept(sweep_rng, len(done_s), building.ap_mhz)
    return _list_scans(building, milliseconds(done_s), milliseconds(heard_s), rss_dbm, heard)


def _switched_on(
    rng: np.random.Generator, building: SimulatedBuilding, survey_share: float
) -> np.ndarray:
    appears, vanishes = building.ap_life.T
    off_rate = np.where(building.ap_mobile, 1 - HOTSPOT_RATE, AP_OFF_RATE)
    alive = (appears <= survey_share) & (survey_share <= vanishes)
    return alive & (rng.random(len(off_rate)) > off_rate)


def _received_dbm(
    rng: np.random.Generator, building: SimulatedBuilding, motion: Motion, shape: tuple[int, int]
) -> np.ndarray:
    """Return RSS f64[S, A] with what the walker's body, the phone and fading add."""
    xy_m = motion.xy_m.reshape(*shape, 2)
    east, north = np.moveaxis(building.ap_m - xy_m, 2, 0)
    yaw_rad = motion.yaw_rad.reshape(shape)
    behind = (1 - np.cos(np.arctan2(north, east) - yaw_rad)) / 2
    phone_db = building.phone.rss_offset_db + rng.normal(0, FADING_DB, shape)
    return building.mean_rss_dbm(xy_m) - BODY_LOSS_DB * behind + phone_db


def _list_scans(
    building: SimulatedBuilding,
    done_ms: np.ndarray,
    heard_ms: np.ndarray,
    rss_dbm: np.ndarray,
    heard: np.ndarray,
) -> WifiScans:
    """List in each scan the last hearing of every access point, unless older than CACHE_MS."""
    number = np.where(heard, np.arange(len(done_ms))[:, None], -1)
    last = np.maximum.accumulate(number, axis=0)
    age_ms = done_ms[:, None] - np.take_along_axis(heard_ms, np.maximum(last, 0), axis=0)
    scan, ap = np.nonzero((last >= 0) & (age_ms <= CACHE_MS))
    rss = np.clip(np.round(rss_dbm[last[scan, ap], ap]), -99, -25).astype(np.float32)
    return WifiScans(
        done_ms,
        scan.astype(np.int32),
        building.bssid[ap],
        rss,
        age_ms[scan, ap],
        building.ap_mhz[ap],
    )


def milliseconds(t_s: np.ndarray) -> np.ndarray:
    """Round seconds to i64 milliseconds."""
    return np.round(1000 * t_s).astype(np.int64)
