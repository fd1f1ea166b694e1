"""Hand a trained network on: weights as safetensors, and a program that needs none of this code."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export as stablehlo
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mtloc_jax.core.inputs import metres, scaled_wifi
from mtloc_jax.core.model import MTLoc
from mtloc_jax.errors import InputError
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.surgery.network_card import output_of, scaler_of
from mtloc_jax.surgery.tree import Tree, leaves
from mtloc_jax.sweep.workdir import whole

WEIGHTS, PROGRAM, CARD = "network.safetensors", "network.stablehlo", "card.json"
PLATFORMS = ("cpu", "cuda", "tpu")

Locate = Callable[[Any, Any, Any], Any]
"""(imu f32[B, T, 2] m/s^2 and rad/s, mag f32[B, T, C] microtesla, wifi f32[B, A] dBm with NaN where
not heard, A in the card's order of access points) -> positions f32[B, 2], metres."""


def locator(params: Tree, scaler: Scaler, output: str = "linear") -> Locate:
    """Return the function from a phone's readings in physical units to positions in metres."""
    hidden = np.shape(params["imu"]["recurrent_kernel"])[-2]
    network = MTLoc(hidden, output=output)

    def locate(imu: jax.Array, mag: jax.Array, wifi_dbm: jax.Array) -> jax.Array:
        inputs = (
            (imu - scaler.imu_mean) / scaler.imu_std,
            (mag - scaler.mag_mean) / scaler.mag_std,
            scaled_wifi(wifi_dbm, scaler),
        )
        scaled_xy: Any = network.apply({"params": params}, *inputs)
        return metres(scaled_xy, scaler)

    return locate


def write_export(folder: Path, params: Tree, card: Mapping[str, Any]) -> None:
    """Write weights, program and card of one network to a new folder, whole or not at all.

    Raises InputError where the card does not describe these parameters, the folder holds
    something already, or the disk is full.
    """
    scaler, site = scaler_of(card), card["site"]
    n_rows = np.shape(params["wifi"]["fc1"]["kernel"])[0]
    if n_rows != len(site["bssids"]):
        raise InputError(
            f"the network has {n_rows} WiFi rows, its card {len(site['bssids'])} access points",
            remedy="export a checkpoint as it was saved",
        )
    flat = {path: np.ascontiguousarray(leaf) for path, leaf in leaves(params).items()}
    if folder.exists():
        raise InputError("this folder exists", remedy="give a new --output", path=folder)
    with whole(folder) as partial:
        (partial / WEIGHTS).write_bytes(save(flat, metadata={"card": json.dumps(card)}))
        (partial / PROGRAM).write_bytes(_program(params, scaler, card))
        digests = {
            name: hashlib.sha256((partial / name).read_bytes()).hexdigest()
            for name in (WEIGHTS, PROGRAM)
        }
        text = json.dumps({**card, "sha256": digests}, indent=1) + "\n"
        (partial / CARD).write_text(text, encoding="utf-8")


def read_program(folder: Path) -> Locate:
    """Read back the program of an export; it takes any number of windows.

    Raises InputError where it is missing or not what was written.
    """
    try:
        recorded = json.loads((folder / CARD).read_text(encoding="utf-8"))["sha256"][PROGRAM]
        program = (folder / PROGRAM).read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"this is not a whole export ({type(error).__name__})",
            remedy="export the checkpoint again",
            path=folder,
        ) from error
    if hashlib.sha256(program).hexdigest() != recorded:
        raise InputError(
            "is not what was exported: its sha256 differs",
            remedy="export the checkpoint again",
            path=folder / PROGRAM,
        )
    return jax.jit(stablehlo.deserialize(bytearray(program)).call)


def card_of_safetensors(path: Path) -> dict[str, Any]:
    """Return the card inside an exported `.safetensors`; empty for any other file."""
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads((file.metadata() or {}).get("card", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            f"its card cannot be read ({error})", remedy="export the checkpoint again", path=path
        ) from error


def _program(params: Tree, scaler: Scaler, card: Mapping[str, Any]) -> bytes:
    site = card["site"]
    (batch,) = stablehlo.symbolic_shape("b")
    shapes = (site["imu_shape"], site["mag_shape"], [len(site["bssids"])])
    args = [jax.ShapeDtypeStruct((batch, *shape), jnp.float32) for shape in shapes]
    constants = jax.tree.map(jnp.asarray, params)
    locate = jax.jit(locator(constants, scaler, output_of(card)))
    exported = stablehlo.export(locate, platforms=PLATFORMS)(*args)
    return bytes(exported.serialize())
