"""What a phone hears, one entry a modality: how it is read, scaled, encoded, wiped and drawn.

A new one is an entry in MODALITIES. The functions take arrays of NumPy or of JAX alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.registry import Registry
from mtloc_jax.settings import Window

Leaf = Any
"""An array: of NumPy outside a compiled program, of JAX inside; perhaps stacked over runs."""


class Held(NamedTuple):
    """Hold one modality of many windows, in physical units.

    values: f32[N, T, C] of sampled sensors; f32[S, A] dBm of scans, NaN where not heard
    row:    i32[N], each window's row of `values`; None where windows lie in it one by one
    """

    values: Leaf
    row: Leaf | None = None

    def at(self, rows: Any) -> Leaf:
        """Return what the windows at `rows` hold, f32[B, T, C] or f32[B, A]."""
        return self.values[rows] if self.row is None else self.values[self.row[rows]]


class Moments(NamedTuple):
    """Hold mean, spread and least reading f32[C] of each channel of a sensor in training.

    All in its unit; NaN is the least reading of a checkpoint older than this field.
    """

    mean: Leaf
    std: Leaf
    least: Leaf = np.nan


class Levels(NamedTuple):
    """Hold what training scans heard.

    floor_dbm: f32[], just below the weakest reading: maps to 0, as "not heard" does
    span_db:   f32[], floor to strongest reading: maps to 1
    heard:     bool[A], access points heard in these windows; the others read "not heard"
    mean:      f32[A], mean scaled fingerprint (a "training mean" wipe)
    """

    floor_dbm: Leaf
    span_db: Leaf
    heard: Leaf
    mean: Leaf


@dataclass(frozen=True)
class Modality:
    """Say everything about one modality.

    name:    as its branch's parameters, columns and settings call it
    label:   as tables and figures do; line: keyword arguments of Axes.plot
    sensors: the streams of a Round it needs; none for scans
    read:    (readings f64[n, axes] of each sensor at n sample times, window) -> f64[n, C]; None for
             the newest WiFi scan
    fit:     Held of the training windows in use -> `fitted`, the numbers that scale it
    scaled:  (physical, fitted) -> network units; blank: (fill, fitted) -> what a wiped point reads,
             in network units, f32[C] of a sensor, f32[A] of scans
    silent:  network units [B, ..] -> bool[B], windows that show by themselves that nothing was read
    encoder: a name in core.model.ENCODERS, or (hidden, forget_bias) -> flax module
    further: streams that it needs besides in some windows
    """

    name: str
    label: str
    unit: str
    line: Mapping[str, Any]
    sensors: tuple[str, ...]
    read: Callable[[Mapping[str, np.ndarray], Window], np.ndarray] | None
    fit: Callable[[Held], Any]
    fitted: type
    scaled: Callable[[Leaf, Any], Leaf]
    blank: Callable[[str, Any], Leaf]
    silent: Callable[[Leaf], Leaf]
    encoder: str | Callable[[int, float], Any]
    further: Callable[[Window], tuple[str, ...]] = lambda _: ()

    def needs(self, window: Window) -> tuple[str, ...]:
        """Return the streams that windows are cut from."""
        return (*self.sensors, *self.further(window))

    @property
    def sampled(self) -> bool:
        """Say whether it is read at each sample time, and not scanned now and then."""
        return self.read is not None


def sensor(
    name: str,
    label: str,
    unit: str,
    line: Mapping[str, Any],
    sensors: tuple[str, ...],
    read: Callable[[Mapping[str, np.ndarray], Window], np.ndarray],
    encoder: str | Callable[[int, float], Any] = "lstm",
    further: Callable[[Window], tuple[str, ...]] = lambda _: (),
) -> Modality:
    """Return the entry of a sampled sensor: standardised, wiped to a reading of its own."""
    return Modality(
        name,
        label,
        unit,
        line,
        sensors,
        read,
        lambda held: moments(held.values),
        Moments,
        standardised,
        blank_sensor,
        motionless,
        encoder,
        further,
    )


def moments(x: np.ndarray) -> Moments:
    """Return the mean, spread and least reading f32[C] of each channel of x: [N, ..., C]."""
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    # A sensor that never moved in training has no spread; 1 leaves it in its own unit.
    std = flat.std(axis=0)
    found = flat.mean(axis=0), np.where(std > 0, std, 1.0), flat.min(axis=0)
    return Moments(*(of_channel.astype(np.float32) for of_channel in found))


def standardised(x: Leaf, fitted: Moments) -> Leaf:
    """Scale readings f32[..., C] to mean 0 and spread 1 in training."""
    return (x - fitted.mean) / fitted.std


def blank_sensor(fill: str, fitted: Moments) -> Leaf:
    """Return what a wiped sample reads f32[C]: the "least" or "mean" of training, or "zero"."""
    reading = {"least": fitted.least, "zero": fitted.mean * 0, "mean": fitted.mean}[fill]
    return standardised(reading, fitted)


def motionless(x: Leaf) -> Leaf:
    """Say which windows f32[B, T, C] have one reading throughout, bool[B]; none where T is 1.

    A sensor that measures is never so still: its noise alone moves the last digit.
    """
    still = (x == x[:, :1]).all(axis=(1, 2))
    return still if x.shape[1] > 1 else still & False


def levels(held: Held) -> Levels:
    """Fit the levels of scans on the windows that hold them."""
    assert held.row is not None
    counts = np.bincount(held.row, minlength=len(held.values)).astype(np.float64)
    rows = np.flatnonzero(counts)
    dbm = held.values[rows]
    heard = ~np.isnan(dbm)
    any_heard = bool(heard.any())
    weakest = float(np.nanmin(dbm)) if any_heard else -100.0
    strongest = float(np.nanmax(dbm)) if any_heard else -40.0
    floor, span = weakest - 1.0, strongest - weakest + 1.0
    scaled = np.where(heard, (dbm - floor) / span, 0.0)
    mean = (counts[rows] @ scaled / counts.sum()).astype(np.float32)
    return Levels(np.float32(floor), np.float32(span), heard.any(axis=0), mean)


def scaled_levels(dbm: Leaf, fitted: Levels) -> Leaf:
    """Scale RSS f32[..., A] in dBm, NaN where not heard, to about 0..1."""
    xp = dbm.__array_namespace__()
    heard = ~xp.isnan(dbm) & fitted.heard
    # Readings weaker than any in training stay just above "not heard" instead of below it.
    level = xp.maximum((dbm - fitted.floor_dbm) / fitted.span_db, 0.0)
    return xp.where(heard, level, 0.0)


def blank_scan(fill: str, fitted: Levels) -> Leaf:
    """Return what a wiped scan reads f32[A]: the training "mean", or else nothing heard.

    Nothing heard is both the "least" that a scan can read and its "zero".
    """
    return fitted.mean if fill == "mean" else fitted.mean * 0


def nothing_heard(x: Leaf) -> Leaf:
    """Say which scaled scans f32[B, A] heard no access point of the vocabulary, bool[B]."""
    return (x == 0).all(axis=1)


def _magnitudes(readings: Mapping[str, np.ndarray], _: Window) -> np.ndarray:
    return np.stack([_magnitude(readings["accel"]), _magnitude(readings["gyro"])], axis=-1)


def _field(readings: Mapping[str, np.ndarray], window: Window) -> np.ndarray:
    field_ut = readings["mag"]
    if window.mag_channels == 1:
        return _magnitude(field_ut)[:, None]
    if field_ut.shape[1] != 3:
        raise InputError(
            f"the recording has {field_ut.shape[1]} magnetic channel(s), not 3",
            remedy="set mag_channels=1",
        )
    if window.mag_channels == 3:
        return field_ut
    up = _vertical(readings["accel"], window.step_ms)
    return np.stack([_magnitude(field_ut), np.sum(field_ut * up, axis=1)], axis=1)


GRAVITY_S = 1.0
"""Time constant of the low pass that leaves gravity of acceleration; steps come twice a second."""


def _vertical(accel: np.ndarray, step_ms: int) -> np.ndarray:
    """Return the direction up in the phone's axes f64[n, 3], from acceleration f64[n, 3] so far.

    Raises InputError where the recording has its magnitude alone.
    """
    if accel.shape[1] != 3:
        raise InputError(
            "the recording has acceleration without its axes, so nothing says which way is up",
            remedy="set mag_channels=1",
        )
    kept = np.exp(-step_ms / 1000 / GRAVITY_S)
    # As if the phone had lain still before: the first reading is the first direction.
    gravity = np.stack(list(accumulate(accel, lambda so_far, now: now + kept * (so_far - now))))
    return gravity / np.maximum(_magnitude(gravity), 1e-9)[:, None]


def _magnitude(axes: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(axes**2, axis=1))


# Okabe and Ito's palette; dashes and markers repeat what the colour says.
MODALITIES: Registry[Modality] = Registry("modality")
"""Every modality by its name, in the order of tables and legends."""
MODALITIES["imu"] = sensor(
    "imu",
    "IMU",
    "m/s^2 and rad/s",
    {"color": "#009E73", "linestyle": "-", "marker": "o"},
    ("accel", "gyro"),
    _magnitudes,
)
MODALITIES["mag"] = sensor(
    "mag",
    "MAG",
    "microtesla",
    {"color": "#E69F00", "linestyle": (0, (5, 1.5)), "marker": "s"},
    ("mag",),
    _field,
    further=lambda window: ("accel",) if window.mag_channels == 2 else (),
)
MODALITIES["wifi"] = Modality(
    name="wifi",
    label="WiFi",
    unit="dBm",
    line={"color": "#0072B2", "linestyle": (0, (1, 1)), "marker": "^"},
    sensors=(),
    read=None,
    fit=levels,
    fitted=Levels,
    scaled=scaled_levels,
    blank=blank_scan,
    silent=nothing_heard,
    encoder="mlp",
)


def heard(branches: str, modalities: tuple[str, ...]) -> tuple[str, ...]:
    """Return the modalities that a text such as "imu+wifi" names; "all" names all of them.

    Raises InputError where one is no branch of the network, or named twice.
    """
    names = modalities if branches == "all" else tuple(branches.split("+"))
    if not names or set(names) - set(modalities) or len(set(names)) < len(names):
        raise InputError(
            f"branches is {branches!r}",
            remedy=f"set --config.branches to all, or some of {'+'.join(modalities)}",
        )
    return tuple(name for name in modalities if name in names)
