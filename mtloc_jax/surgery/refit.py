"""Rules that make a network act under another scaler, in metres, exactly as under its own."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.surgery.rules import Take, Transform
from mtloc_jax.surgery.transforms import input_gain, input_offset, output_affine


def refit(old: Scaler, new: Scaler) -> tuple[Take, ...]:
    """Return the rules for a whole MTLoc network that was trained under `old`.

    Raises InputError as `refit_wifi` does.
    """
    return (
        *refit_lstm("imu", old, new),
        *refit_lstm("mag", old, new),
        *refit_wifi(old, new),
        Take("wifi/fc2", "wifi/fc2"),
        Take("fusion/fc3", "fusion/fc3"),
        *refit_frame(old, new),
    )


def refit_lstm(branch: str, old: Scaler, new: Scaler) -> tuple[Take, ...]:
    """Return the rules for the branch `imu` or `mag`: its input gain and offset are folded in."""
    old_mean, old_std = _moments(branch, old)
    new_mean, new_std = _moments(branch, new)
    if old_mean.shape != new_mean.shape:
        raise InputError(
            f"the {branch} scalers have {len(old_mean)} and {len(new_mean)} channels",
            remedy="carry the channels first (transforms.channels)",
        )
    kernel, recurrent, bias = (
        f"{branch}/{name}" for name in ("kernel", "recurrent_kernel", "bias")
    )
    return (
        Take(kernel, kernel, by=input_gain(new_std / old_std)),
        Take(recurrent, recurrent),
        Take(bias, (bias, kernel), by=input_offset((new_mean - old_mean) / old_std)),
    )


def refit_wifi(old: Scaler, new: Scaler) -> tuple[Take, ...]:
    """Return the rules for the first WiFi layer.

    "Not heard" reads 0 whatever the scaler, so a different floor cannot be folded into weights.

    Raises InputError where the floors differ, the vocabularies have different sizes, or the new
    scaler mutes an access point that the old one listens to.
    """
    heard_before, heard_now = np.asarray(old.wifi_heard), np.asarray(new.wifi_heard)
    if float(old.wifi_floor_dbm) != float(new.wifi_floor_dbm):
        raise InputError(
            f"the scalers' WiFi floors differ ({float(old.wifi_floor_dbm):g} and "
            f"{float(new.wifi_floor_dbm):g} dBm)",
            remedy="give the new scaler the old floor: refit.with_floor_of(old, new)",
        )
    if heard_before.shape != heard_now.shape:
        raise InputError(
            f"the scalers know {heard_before.size} and {heard_now.size} access points",
            remedy="carry the rows first (transforms.wifi_rows)",
        )
    muted = int(np.sum(heard_before & ~heard_now))
    if muted:
        raise InputError(
            f"the new scaler mutes {muted} access points that the network listens to",
            remedy="fit it on rounds that hear them: refit.with_floor_of(old, new) keeps them",
        )
    return (
        Take("wifi/fc1/kernel", "wifi/fc1/kernel", by=wifi_gain(old, new)),
        Take("wifi/fc1/bias", "wifi/fc1/bias"),
    )


def wifi_gain(old: Scaler, new: Scaler) -> Transform:
    """Return the transform of the first WiFi kernel f32[A, H], A as `old` knows it.

    Exact where the floors agree; a difference is reported as `floor_shift_db`. Rows of access
    points that `old` mutes become 0: nothing was ever learnt about them.
    """
    heard = np.asarray(old.wifi_heard)
    gain = float(new.wifi_span_db) / float(old.wifi_span_db)
    rows = input_gain(gain * heard)
    shift_db = float(new.wifi_floor_dbm) - float(old.wifi_floor_dbm)
    details = {"span_gain": gain, "n_muted": int(np.sum(~heard)), "floor_shift_db": shift_db}
    return Transform("wifi_gain", rows.apply, details)


def refit_frame(old: Scaler, new: Scaler, layer: str = "fusion/fc4") -> tuple[Take, ...]:
    """Return the rules for an output layer, so that its positions in metres are kept."""
    gain = float(old.xy_scale_m) / float(new.xy_scale_m)
    moved_m = np.asarray(old.xy_mean_m, np.float64) - np.asarray(new.xy_mean_m, np.float64)
    kernel, bias = f"{layer}/kernel", f"{layer}/bias"
    return (
        Take(kernel, kernel, by=output_affine(gain)),
        Take(bias, bias, by=output_affine(gain, moved_m / float(new.xy_scale_m))),
    )


def with_floor_of(old: Scaler, new: Scaler) -> Scaler:
    """Return `new` with the WiFi floor of `old`, its own strongest reading still at 1, and all
    access points heard that `old` heard: what `refit_wifi` can be exact for.
    """
    strongest_dbm = float(new.wifi_floor_dbm) + float(new.wifi_span_db)
    return new._replace(
        wifi_floor_dbm=np.asarray(old.wifi_floor_dbm, np.float32),
        wifi_span_db=np.asarray(strongest_dbm - float(old.wifi_floor_dbm), np.float32),
        wifi_heard=np.asarray(old.wifi_heard) | np.asarray(new.wifi_heard),
    )


def reordered(scaler: Scaler, index: Sequence[int]) -> Scaler:
    """Return the scaler of a vocabulary whose n-th access point was the `index[n]`-th."""
    order = np.asarray(index)
    return scaler._replace(
        wifi_heard=np.asarray(scaler.wifi_heard)[order],
        wifi_mean=np.asarray(scaler.wifi_mean)[order],
    )


def _moments(branch: str, scaler: Scaler) -> tuple[np.ndarray, np.ndarray]:
    mean, std = getattr(scaler, f"{branch}_mean"), getattr(scaler, f"{branch}_std")
    return np.asarray(mean, np.float64), np.asarray(std, np.float64)
