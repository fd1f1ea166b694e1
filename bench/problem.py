"""The problem every contestant trains on: the same windows, weights and batches for all.

It is drawn by numpy from the shape alone, so that each worker makes its own copy.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mtloc_jax.modalities import Held
from mtloc_jax.sites import scaling
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays

STARTS = 8
"""How many different starting weights there are; run k starts from the (k mod STARTS)-th."""

LEARNING_RATE = 0.0005
"""A tenth of Table IV's: at that one, rounding grows a hundredfold within ten steps."""

DROP_RATES = tuple(k / 10 for k in range(11))
WIPE_SEEDS = 3
"""Figure 5's grid, judged three times."""

FINETUNE_RATES = tuple(k / 8 for k in range(1, 9))
JUDGED_RATE = 0.625
"""Figure 5's network."""

EPOCHS = 4
"""Whose batches are written down per run; contestants that train longer begin anew."""
STUDY_EPOCHS = 2

_WINDOWS_PER_SCAN = 25  # a phone scans every 2.5 s, a window starts every 0.1 s
_HEARING_M = 25.0


@dataclass(frozen=True)
class Shape:
    """Fix the sizes of a problem; those of Table I unless said otherwise.

    windows: how many the network trains on; batch: a divisor of it; aps: access points;
    time_steps: samples in a window
    """

    windows: int = 1600
    aps: int = 750
    batch: int = 100
    time_steps: int = 10
    hidden: int = 128
    imu_channels: int = 2
    mag_channels: int = 1

    @property
    def batches(self) -> int:
        """Return how many batches an epoch has."""
        return self.windows // self.batch

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of one window of each modality."""
        return {
            "imu": (self.time_steps, self.imu_channels),
            "mag": (self.time_steps, self.mag_channels),
            "wifi": (self.aps,),
        }


@dataclass(frozen=True)
class Scaled:
    """Hold the windows as a network reads them.

    imu: f32[N, T, 2]; mag: f32[N, T, C]; wifi: f32[N, A]; xy: f32[N, 2]
    """

    imu: np.ndarray
    mag: np.ndarray
    wifi: np.ndarray
    xy: np.ndarray


def arrays(shape: Shape) -> Arrays:
    """Return windows in physical units, shaped as a walk through a building: made up."""
    random = np.random.default_rng(0)
    heading = np.cumsum(random.normal(0, 0.05, shape.windows))
    path_m = 0.12 * np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
    steps = (shape.windows, shape.time_steps)
    noise = random.normal(size=(*steps, shape.imu_channels))
    magnetic = 45 + 8 * np.sin(path_m.sum(axis=1) / 3)[:, None, None]
    scan = np.arange(shape.windows) // _WINDOWS_PER_SCAN
    field_ut = magnetic + random.normal(size=(*steps, shape.mag_channels))
    dbm = _scans_dbm(path_m[::_WINDOWS_PER_SCAN], shape.aps, random)
    inputs = {
        "imu": Held((9.8 + 2 * noise).astype(np.float32)),
        "mag": Held(field_ut.astype(np.float32)),
        "wifi": Held(dbm, (scan + 1).astype(np.int32)),
    }
    return Arrays(inputs, path_m.astype(np.float32))


def _scans_dbm(place_m: np.ndarray, aps: int, random: np.random.Generator) -> np.ndarray:
    """Return RSS f32[S + 1, A] at the places f64[S, 2]; row 0 is "no scan"."""
    spread_m = place_m.max(axis=0) - place_m.min(axis=0) + 2 * _HEARING_M
    ap_m = place_m.min(axis=0) - _HEARING_M + spread_m * random.random((aps, 2))
    distance_m = np.linalg.norm(place_m[:, None] - ap_m, axis=-1)
    rss = -40 - 30 * np.log10(1 + distance_m) + random.normal(0, 4, distance_m.shape)
    heard = np.where(distance_m < _HEARING_M, rss, np.nan)
    return np.concatenate([np.full((1, aps), np.nan), heard]).astype(np.float32)


def scaler(data: Arrays) -> Scaler:
    """Fit the scaler of all windows."""
    return scaling.fit(data.inputs, data.target)


def scaled(data: Arrays, fitted: Scaler) -> Scaled:
    """Return what `mtloc_jax.core.inputs` makes of the windows, for libraries that start there.

    The scaling is done once and the fingerprint of each window copied: less work per step.
    """
    imu, mag, dbm = (data.inputs[name].at(slice(None)) for name in ("imu", "mag", "wifi"))
    of_imu, of_mag, of_wifi = (fitted.inputs[name] for name in ("imu", "mag", "wifi"))
    level = np.maximum((dbm - of_wifi.floor_dbm) / of_wifi.span_db, 0)
    return Scaled(
        (imu - of_imu.mean) / of_imu.std,
        (mag - of_mag.mean) / of_mag.std,
        np.where(~np.isnan(dbm) & of_wifi.heard, level, np.float32(0)),
        (data.target - fitted.xy_mean_m) / fitted.xy_scale_m,
    )


def start(shape: Shape, run: int) -> dict:
    """Return the starting weights of a run, numpy arrays: fc3 reads WiFi, IMU and MAG joined."""
    return _start(shape, run % STARTS)


@cache
def _start(shape: Shape, number: int) -> dict:
    random = np.random.default_rng(1 + number)
    hidden = shape.hidden

    def draw(inputs: int, outputs: int) -> np.ndarray:
        bound = np.sqrt(6 / (inputs + outputs))
        return random.uniform(-bound, bound, (inputs, outputs)).astype(np.float32)

    def dense(inputs: int, outputs: int) -> dict:
        return {"kernel": draw(inputs, outputs), "bias": np.zeros(outputs, np.float32)}

    def lstm(channels: int) -> dict:
        open_forget_gate = np.repeat(np.array([0, 1, 0, 0], np.float32), hidden)
        return {
            "kernel": draw(channels, 4 * hidden),
            "recurrent_kernel": draw(hidden, 4 * hidden),
            "bias": open_forget_gate,
        }

    return {
        "imu": lstm(shape.imu_channels),
        "mag": lstm(shape.mag_channels),
        "wifi": {"fc1": dense(shape.aps, hidden), "fc2": dense(hidden, hidden)},
        "fusion": {"fc3": dense(3 * hidden, hidden), "fc4": dense(hidden, 2)},
    }


def test_round(data: Arrays) -> Arrays:
    """Return an eighth of the windows: eight rounds train, one tests."""
    first = slice(len(data.target) // 8)
    cut = {
        name: Held(held.values[first]) if held.row is None else Held(held.values, held.row[first])
        for name, held in data.inputs.items()
    }
    return Arrays(cut, data.target[first])


def share(shape: Shape, rate: float) -> tuple[int, int]:
    """Return how many windows a fine-tune rate uses, and its steps in STUDY_EPOCHS epochs."""
    n_windows = round(rate * shape.windows)
    return n_windows, STUDY_EPOCHS * -(-n_windows // shape.batch)


def pretraining_head(shape: Shape) -> dict:
    """Return the starting weights of the layer that pretraining throws away (Table IV)."""
    kernel = np.random.default_rng(0).normal(0, 0.1, (shape.hidden, 2))
    return {"kernel": kernel.astype(np.float32), "bias": np.zeros(2, np.float32)}
