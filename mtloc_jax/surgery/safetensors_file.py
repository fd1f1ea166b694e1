"""Weights in `.safetensors`, with the card of a network that was exported here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.tree import nest, tree_digest

CARD, DIGEST = "card", "digest"
"""Names in the file's metadata: the card as JSON, and the digest of weights and card."""
_DTYPES = {
    **{f"F{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
    **{f"I{bits}": np.dtype(f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"U{bits}": np.dtype(f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
    "BOOL": np.dtype(bool),
}


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a `.safetensors` by name, and its card; empty for a foreign file.

    bfloat16 becomes float32, which holds it exactly.

    Raises InputError where a dtype is none of numbers, or weights or card of an exported file were
    altered; and whatever safetensors raises where it is damaged.
    """
    content = path.read_bytes()
    flat = {name: _array(name, found, path) for name, found in safetensors.deserialize(content)}
    words = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    said = words.get("__metadata__") or {}
    card = said.get(CARD, "{}")
    if DIGEST in said and said[DIGEST] != _digest(flat, card):
        raise InputError(
            "is not what was exported: its digest differs",
            remedy="export the checkpoint again",
            path=path,
        )
    return flat, json.loads(card)


def metadata(flat: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, str]:
    """Return what an exported file says of its weights: their card, and the digest of both."""
    words = json.dumps(card)
    return {CARD: words, DIGEST: _digest(flat, words)}


def _digest(flat: Mapping[str, np.ndarray], card: str) -> str:
    return tree_digest({"weights": nest(flat), CARD: np.frombuffer(card.encode(), np.uint8)})


def _array(name: str, found: dict[str, Any], path: Path) -> np.ndarray:
    dtype, shape, data = found["dtype"], found["shape"], found["data"]
    if dtype == "BF16":
        high = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return high.view(np.float32).reshape(shape)
    if dtype not in _DTYPES:
        raise InputError(
            f"{name} holds {dtype}, which numpy has no numbers for",
            remedy="save it as float32",
            path=path,
        )
    return np.frombuffer(data, _DTYPES[dtype]).reshape(shape)
