"""Rules that make a network act under another scaler, in metres, exactly as under its own."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.modalities import Levels
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.surgery.rules import Take, Transform
from mtloc_jax.surgery.transforms import input_gain, input_offset, output_affine

FC1 = "wifi/fc1/kernel"
"""The kernel f32[A, H] with a row for each access point."""


def refit(old: Scaler, new: Scaler) -> tuple[Take, ...]:
    """Return the rules for a whole MTLoc network that was trained under `old`.

    Raises InputError as `refit_wifi` does, and where the scalers are of other modalities.
    """
    return (*refit_wifi(old, new), *refit_around_wifi(old, new))


def refit_around_wifi(old: Scaler, new: Scaler) -> tuple[Take, ...]:
    """Return the rules for all but the first WiFi kernel (FC1), which is left to other rules.

    Raises InputError where the scalers are of other modalities or numbers of channels.
    """
    if old.inputs.keys() != new.inputs.keys():
        raise InputError(
            f"the scalers are of {', '.join(old.inputs)} and of {', '.join(new.inputs)}",
            remedy="give the new network the donor's modalities",
        )
    sensors = [name for name in new.inputs if name != "wifi"]
    wifi = ("wifi/fc1/bias", "wifi/fc2") if "wifi" in new.inputs else ()
    return (
        *(rule for sensor in sensors for rule in refit_lstm(sensor, old, new)),
        *(Take(path, path) for path in (*wifi, "fusion/fc3")),
        *refit_frame(old, new),
    )


def refit_lstm(branch: str, old: Scaler, new: Scaler) -> tuple[Take, ...]:
    """Return the rules for a sensor's branch: its input gain and offset are folded in."""
    old_mean, old_std = _moments(branch, old)
    new_mean, new_std = _moments(branch, new)
    if old_mean.shape != new_mean.shape:
        raise InputError(
            f"the {branch} scalers have {len(old_mean)} and {len(new_mean)} channels",
            remedy=f"give the new network the donor's channels, or Keep {branch}",
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
    """Return the rules for the first WiFi kernel: none where a network has no WiFi.

    "Not heard" reads 0 whatever the scaler, so a different floor cannot be folded into weights.

    Raises InputError where the floors differ, the vocabularies have different sizes, or the new
    scaler mutes an access point that the old one listens to.
    """
    if "wifi" not in old.inputs:
        return ()
    before, now = _levels(old), _levels(new)
    if float(before.floor_dbm) != float(now.floor_dbm):
        raise InputError(
            f"the scalers' WiFi floors differ ({float(before.floor_dbm):g} and "
            f"{float(now.floor_dbm):g} dBm)",
            remedy="give the new scaler the old floor: refit.with_floor_of(old, new)",
        )
    if before.heard.shape != now.heard.shape:
        raise InputError(
            f"the scalers know {before.heard.size} and {now.heard.size} access points",
            remedy="carry the rows first (transforms.wifi_rows)",
        )
    muted = int(np.sum(before.heard & ~now.heard))
    if muted:
        raise InputError(
            f"the new scaler mutes {muted} access points that the network listens to",
            remedy="fit it on rounds that hear them: refit.with_floor_of(old, new) keeps them",
        )
    return (Take(FC1, FC1, by=wifi_gain(old, new)),)


def wifi_gain(old: Scaler, new: Scaler) -> Transform:
    """Return the transform of the first WiFi kernel f32[A, H], A as `old` knows it.

    Exact where the floors agree; a difference is reported as `floor_shift_db`. Rows of access
    points that `old` mutes become 0: nothing was ever learnt about them.
    """
    before, now = _levels(old), _levels(new)
    gain = float(now.span_db) / float(before.span_db)
    rows = input_gain(gain * before.heard)
    shift_db = float(now.floor_dbm) - float(before.floor_dbm)
    n_muted = int(np.sum(~before.heard))
    details = {"span_gain": gain, "n_muted": n_muted, "floor_shift_db": shift_db}
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
    before, now = _levels(old), _levels(new)
    strongest_dbm = float(now.floor_dbm) + float(now.span_db)
    levels = now._replace(
        floor_dbm=np.asarray(before.floor_dbm, np.float32),
        span_db=np.asarray(strongest_dbm - float(before.floor_dbm), np.float32),
        heard=before.heard | now.heard,
    )
    return with_levels(new, levels)


def at_access_points(scaler: Scaler, index: Sequence[int] | np.ndarray) -> Scaler:
    """Return the scaler of a vocabulary whose n-th access point was the `index[n]`-th."""
    levels, order = _levels(scaler), np.asarray(index)
    return with_levels(
        scaler, levels._replace(heard=levels.heard[order], mean=np.asarray(levels.mean)[order])
    )


def with_levels(scaler: Scaler, levels: Levels) -> Scaler:
    """Return a scaler with other WiFi levels."""
    return scaler._replace(inputs={**scaler.inputs, "wifi": levels})


def _levels(scaler: Scaler) -> Levels:
    levels: Levels = scaler.inputs["wifi"]
    return levels._replace(heard=np.asarray(levels.heard))


def _moments(branch: str, scaler: Scaler) -> tuple[np.ndarray, np.ndarray]:
    fitted = scaler.inputs[branch]
    return np.asarray(fitted.mean, np.float64), np.asarray(fitted.std, np.float64)
