"""Rules that grow or cut hidden widths (Net2Net): grown, a network predicts what it did before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.modalities import Leaf
from mtloc_jax.surgery.rules import Take, Transform
from mtloc_jax.surgery.tree import Tree, leaves

FC3, FC4 = "fusion/fc3", "fusion/fc4"
ABSENT = f"{FC3}/absent"
"""Below it, of networks with presence bits, what stands for the features of each branch."""


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
    """Return how each layer of an MTLoc network gets `hidden` units, by the layer's path.

    Raises InputError where `hidden` is not positive, or a branch is neither an LSTM nor two dense
    layers.
    """
    if hidden < 1:
        raise InputError(f"a layer cannot have {hidden} units", remedy="choose 1 or more")
    flat, of = leaves(params), {}
    for number, (layer, reader) in enumerate(_layers(params)):
        outgoing = np.asarray(flat[reader])
        old = len(outgoing)
        of[layer] = grown(old, hidden, seed + number) if hidden > old else cut(outgoing, hidden)
    for branch in params["fusion"]["fc3"].get("absent", ()):
        of[f"{ABSENT}/{branch}"] = of[branch if branch in of else f"{branch}/fc2"]
    return of


def resize(of: Mapping[str, Resize]) -> tuple[Take, ...]:
    """Return the rules for a whole MTLoc network, given what `resizes` made of it."""
    fc3 = of[FC3]
    branches = dict.fromkeys(layer.split("/")[0] for layer in of if not layer.startswith(FC3))
    return (
        *(rule for branch in branches for rule in _branch_rules(branch, of)),
        _take(f"{FC3}/bias", None, fc3),
        _take(f"{FC4}/kernel", fc3, None),
        Take(f"{FC4}/bias", f"{FC4}/bias"),
    )


def _layers(params: Tree) -> Iterator[tuple[str, str]]:
    """Yield each hidden layer, and the kernel by which its units act on what follows."""
    for branch in params["fusion"]["fc3"]["kernel"]:
        within, reader = set(params[branch]), f"{FC3}/kernel/{branch}"
        if within == {"kernel", "recurrent_kernel", "bias"}:
            yield branch, reader
        elif within == {"fc1", "fc2"}:
            yield f"{branch}/fc1", f"{branch}/fc2/kernel"
            yield f"{branch}/fc2", reader
        else:
            raise InputError(
                f"the branch {branch} is neither an LSTM nor two dense layers",
                remedy="write rules of your own for it",
            )
    yield FC3, f"{FC4}/kernel"


def _branch_rules(branch: str, of: Mapping[str, Resize]) -> Iterator[Take]:
    """Yield the rules of a branch, and of what FC3 reads of it."""
    if branch in of:
        last = of[branch]
        gates = _four(last)
        yield _take(f"{branch}/kernel", None, gates)
        yield _take(f"{branch}/bias", None, gates)
        yield _take(f"{branch}/recurrent_kernel", last, gates)
    else:
        first, last = of[f"{branch}/fc1"], of[f"{branch}/fc2"]
        yield _take(f"{branch}/fc1/kernel", None, first)
        yield _take(f"{branch}/fc1/bias", None, first)
        yield _take(f"{branch}/fc2/kernel", first, last)
        yield _take(f"{branch}/fc2/bias", None, last)
    yield _take(f"{FC3}/kernel/{branch}", last, of[FC3])
    if f"{ABSENT}/{branch}" in of:
        yield _take(f"{ABSENT}/{branch}", None, last)


def _take(path: str, rows: Resize | None, columns: Resize | None) -> Take:
    """Return the rule of a kernel [in, out] or bias [out] with resized inputs or outputs."""

    def apply(ours: Any, leaf: Any) -> Leaf:
        if columns is not None:
            _check_size(leaf, -1, columns.old)
            leaf = leaf[..., columns.source]
        if rows is not None:
            _check_size(leaf, -2, rows.old)
            leaf = leaf[..., rows.source, :] * np.asarray(rows.share[:, None], leaf.dtype)
        return leaf

    lost = {} if rows is None else {"lost_share_of_outgoing_weight": rows.lost}
    return Take(path, path, by=Transform("resize", apply, lost))


def _check_size(leaf: Leaf, axis: int, expected: int) -> None:
    if leaf.shape[axis] != expected:
        raise InputError(
            f"a leaf of shape {list(leaf.shape)} was to be resized from {expected} units",
            remedy="make the sizes of this very donor (resize.resizes)",
        )


def _four(units: Resize) -> Resize:
    """Return the Resize of an LSTM's four gates, whose units stand next to each other."""
    source = np.concatenate([units.source + gate * units.old for gate in range(4)])
    return Resize(source, np.tile(units.share, 4), 4 * units.old, units.lost)
