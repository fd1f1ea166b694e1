"""Rules that grow or cut hidden widths (Net2Net): grown, a network predicts what it did before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.core.model import FUSED
from mtloc_jax.errors import InputError
from mtloc_jax.surgery.rules import Take, Transform
from mtloc_jax.surgery.tree import Tree, leaves

LAYERS = ("imu", "mag", "wifi/fc1", "wifi/fc2", "fusion/fc3")


@dataclass(frozen=True)
class Resize:
    """Say which old unit each new unit of a layer copies.

    source: i64[H'], the old unit; share: f64[H'], the part of its outgoing weight the copy gets
    old:    H, how many units there were
    lost:   share of the layer's squared outgoing weight that cut units had; 0 where it grew
    """

    source: np.ndarray
    share: np.ndarray
    old: int
    lost: float = 0.0


def grown(old: int, new: int, seed: int) -> Resize:
    """Return a layer with `new` > `old` units: random units copied, outgoing weights split.

    The copies' shares are unequal, so that their gradients differ and they learn apart.
    """
    random = np.random.default_rng(seed)
    source = np.concatenate([np.arange(old), random.integers(0, old, new - old)])
    parts = random.uniform(0.5, 1.5, new)
    parts[np.bincount(source, minlength=old)[source] == 1] = 1.0
    return Resize(source, parts / np.bincount(source, parts, minlength=old)[source], old)


def cut(outgoing: np.ndarray, new: int) -> Resize:
    """Return a layer with its `new` strongest units, by norm of their outgoing weights f32[H, K].

    Not exact: `lost` says how much of the outgoing weight went.
    """
    strength = np.sum(np.asarray(outgoing, np.float64) ** 2, axis=1)
    source = np.sort(np.argsort(-strength, kind="stable")[:new])
    lost = 1.0 - float(strength[source].sum() / max(strength.sum(), 1e-300))
    return Resize(source, np.ones(new), len(strength), lost)


def resizes(params: Tree, hidden: int, seed: int = 0) -> dict[str, Resize]:
    """Return how each of LAYERS of an MTLoc network gets `hidden` units.

    Raises InputError where `hidden` is not positive.
    """
    if hidden < 1:
        raise InputError(f"a layer cannot have {hidden} units", remedy="choose 1 or more")
    sizes = _sizes(params)
    return {
        layer: grown(size, hidden, seed + number)
        if hidden > size
        else cut(_outgoing(params, layer), hidden)
        for number, (layer, size) in enumerate(sizes.items())
    }


def resize(of: Mapping[str, Resize]) -> tuple[Take, ...]:
    """Return the rules for a whole MTLoc network, given a Resize for each of LAYERS."""
    fused = _side_by_side(*(of[{"wifi": "wifi/fc2"}.get(branch, branch)] for branch in FUSED))
    fc1, fc2, fc3 = of["wifi/fc1"], of["wifi/fc2"], of["fusion/fc3"]
    return (
        *_lstm_rules("imu", of["imu"]),
        *_lstm_rules("mag", of["mag"]),
        *_dense_rules("wifi/fc1", None, fc1),
        *_dense_rules("wifi/fc2", fc1, fc2),
        *_dense_rules("fusion/fc3", fused, fc3),
        Take("fusion/fc4/kernel", "fusion/fc4/kernel", by=_gather(fc3, None)),
        Take("fusion/fc4/bias", "fusion/fc4/bias"),
    )


def _lstm_rules(branch: str, units: Resize) -> tuple[Take, ...]:
    gates = _side_by_side(units, units, units, units)
    recurrent = f"{branch}/recurrent_kernel"
    return (
        *_dense_rules(branch, None, gates),
        Take(recurrent, recurrent, by=_gather(units, gates)),
    )


def _dense_rules(layer: str, rows: Resize | None, columns: Resize) -> tuple[Take, ...]:
    kernel, bias = f"{layer}/kernel", f"{layer}/bias"
    return (
        Take(kernel, kernel, by=_gather(rows, columns)),
        Take(bias, bias, by=_gather(None, columns)),
    )


def _gather(rows: Resize | None, columns: Resize | None) -> Transform:
    """Return the transform of a kernel [in, out] or bias [out] with resized inputs or outputs."""

    def apply(ours: Any, theirs: Any) -> jax.Array:
        leaf = jnp.asarray(theirs)
        if columns is not None:
            _check_size(leaf, -1, columns.old)
            leaf = leaf[..., columns.source]
        if rows is not None:
            _check_size(leaf, -2, rows.old)
            leaf = leaf[..., rows.source, :] * jnp.asarray(rows.share[:, None], leaf.dtype)
        return leaf

    lost = {} if rows is None else {"lost_share_of_outgoing_weight": rows.lost}
    return Transform("resize", apply, lost)


def _check_size(leaf: jax.Array, axis: int, expected: int) -> None:
    if leaf.shape[axis] != expected:
        raise InputError(
            f"a leaf of shape {list(leaf.shape)} was to be resized from {expected} units",
            remedy="make the sizes of this very donor (resize.resizes)",
        )


def _side_by_side(*parts: Resize) -> Resize:
    """Return the Resize of layers whose units stand next to each other."""
    firsts = np.cumsum([0, *(part.old for part in parts)])
    return Resize(
        np.concatenate([part.source + first for part, first in zip(parts, firsts, strict=False)]),
        np.concatenate([part.share for part in parts]),
        int(firsts[-1]),
        max(part.lost for part in parts),
    )


def _sizes(params: Tree) -> dict[str, int]:
    flat = leaves(params)
    gates = {"imu": 4, "mag": 4}
    return {layer: flat[f"{layer}/bias"].shape[-1] // gates.get(layer, 1) for layer in LAYERS}


def _outgoing(params: Tree, layer: str) -> np.ndarray:
    """Return the weights f32[H, K] by which a layer's units act on what follows."""
    flat, sizes = leaves(params), _sizes(params)
    if layer in ("wifi/fc1", "fusion/fc3"):
        following = {"wifi/fc1": "wifi/fc2/kernel", "fusion/fc3": "fusion/fc4/kernel"}[layer]
        return np.asarray(flat[following])
    branch = layer.split("/")[0]
    widths = [sizes[{"wifi": "wifi/fc2"}.get(name, name)] for name in FUSED]
    first = sum(widths[: FUSED.index(branch)])
    return np.asarray(flat["fusion/fc3/kernel"])[first : first + sizes[layer]]
