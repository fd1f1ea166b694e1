"""Named transforms of single leaves, for graft rules: rows, scales, averages.

All work on the trailing axes, so that stacked runs pass through. Factors are worked out in float64
before any weight is touched. A leaf of NumPy stays one: JAX would compile a program for every step.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.modalities import Leaf
from mtloc_jax.surgery.rules import Transform

Fill = Literal["init", "mean", "zero"]


def wifi_rows(
    donor_bssids: Sequence[str], target_bssids: Sequence[str], new: Fill = "init"
) -> Transform:
    """Carry the WiFi input rows f32[A, H] of shared access points to another vocabulary.

    new: what rows of access points the donor never heard become: "init", the target's own initial
         row; "mean", the mean of the carried rows; "zero"

    Raises InputError where a vocabulary lists an access point twice or none is shared.
    """
    at = _position(donor_bssids, "donor")
    _position(target_bssids, "target")
    source = [at.get(bssid) for bssid in target_bssids]
    carried = [bssid for bssid in target_bssids if bssid in at]
    if not carried:
        raise InputError(
            f"none of the {len(target_bssids)} access points was heard by the donor "
            f"({len(donor_bssids)})",
            remedy='Keep("wifi") and leave the donor\'s: these are different buildings',
        )
    unheard = set(target_bssids)
    details = {
        "carried": carried,
        "new": [bssid for bssid in target_bssids if bssid not in at],
        "dropped": [bssid for bssid in donor_bssids if bssid not in unheard],
    }
    counts = {f"n_{name}": len(names) for name, names in details.items()}
    rows = _gather_rows(source, len(donor_bssids), new)
    return Transform(f"wifi_rows(new={new})", rows, counts | details)


def input_gain(gain: np.ndarray) -> Transform:
    """Multiply the rows of a kernel f32[C, K] by gain f64[C]: its inputs come `gain` too small."""

    def apply(ours: Any, kernel: Any) -> Leaf:
        _check_rows(kernel, len(gain), "inputs of the scaler")
        return kernel * np.asarray(gain, np.float32)[:, None]

    return Transform("input_gain", apply, {"gain": np.asarray(gain, np.float64).tolist()})


def input_offset(offset: np.ndarray) -> Transform:
    """Add to a bias f32[K] what inputs that come `offset` f64[C] too low leave out.

    Takes two donor leaves: the bias and its kernel f32[C, K].
    """

    def apply(ours: Any, bias: Any, kernel: Any) -> Leaf:
        _check_rows(kernel, len(offset), "inputs of the scaler")
        # Of NumPy or of JAX, as the leaf is: this name is of the standard that both follow.
        einsum = kernel.__array_namespace__().einsum
        return bias + einsum("c,...ck->...k", np.asarray(offset, np.float32), kernel)

    return Transform("input_offset", apply, {"offset": np.asarray(offset, np.float64).tolist()})


def output_affine(gain: float, offset: np.ndarray | None = None) -> Transform:
    """Return gain * leaf + offset, for the kernel (no offset) or bias f32[K] of an output layer."""
    shift = np.zeros(1) if offset is None else np.asarray(offset, np.float64)

    def apply(ours: Any, leaf: Any) -> Leaf:
        return leaf * np.float32(gain) + np.asarray(shift, np.float32)

    return Transform("output_affine", apply, {"gain": float(gain), "offset": shift.tolist()})


def soup(weights: Sequence[float]) -> Transform:
    """Return the weighted mean of as many donor leaves; weights sum to 1.

    With two donors, (1 - t, t) interpolates between them.
    """
    if not np.isclose(sum(weights), 1.0):
        raise InputError(
            f"the weights of a soup sum to {sum(weights):g}", remedy="make them sum to 1"
        )

    def apply(ours: Any, *theirs: Any) -> Leaf:
        if len(theirs) != len(weights):
            raise InputError(
                f"a soup of {len(weights)} was given {len(theirs)} donors",
                remedy="give one weight for each donor",
            )
        parts = [np.float32(w) * leaf for w, leaf in zip(weights, theirs, strict=True)]
        return sum(parts[1:], parts[0])

    return Transform("soup", apply, {"weights": list(weights)})


def chain(*steps: Transform) -> Transform:
    """Apply transforms one after the other; the first may take several donor leaves."""

    def apply(ours: Any, *theirs: Any) -> Leaf:
        leaf = steps[0].apply(ours, *theirs)
        for step in steps[1:]:
            leaf = step.apply(ours, leaf)
        return leaf

    details = {key: value for step in steps for key, value in step.details.items()}
    return Transform(" + ".join(step.name for step in steps), apply, details)


def _gather_rows(source: Sequence[int | None], donor_rows: int, new: Fill) -> Callable[..., Leaf]:
    index = np.array([-1 if at is None else at for at in source], np.int64)
    known = index >= 0

    def apply(ours: Any, theirs: Any) -> Leaf:
        _check_rows(theirs, donor_rows, "access points of the donor's vocabulary")
        rows, fill = theirs[..., np.maximum(index, 0), :], ours
        if new == "mean":
            fill = rows[..., known, :].mean(axis=-2, keepdims=True)
        if new == "zero":
            fill = np.zeros((), rows.dtype)
        return theirs.__array_namespace__().where(known[:, None], rows, fill)

    return apply


def _check_rows(kernel: Any, expected: int, of: str) -> None:
    if kernel.ndim < 2 or kernel.shape[-2] != expected:
        raise InputError(
            f"a kernel of shape {list(kernel.shape)} does not have one row for each of the "
            f"{expected} {of}",
            remedy="use the card of the very checkpoint the kernel is from",
        )


def _position(bssids: Sequence[str], whose: str) -> dict[str, int]:
    at = {bssid: number for number, bssid in enumerate(bssids)}
    if len(at) < len(bssids):
        twice = next(bssid for number, bssid in enumerate(bssids) if at[bssid] != number)
        raise InputError(
            f"the {whose}'s vocabulary lists {twice} twice", remedy="repair its site card"
        )
    return at
