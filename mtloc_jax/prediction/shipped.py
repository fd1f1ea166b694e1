"""The matcher that comes with the package: trained in one building, for any that is new to it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from mtloc_jax.core.model import Params
from mtloc_jax.surgery.safetensors_file import read_safetensors
from mtloc_jax.surgery.tree import nest

WEIGHTS = Path(__file__).with_name("weights")
"""Weights, and a card in words beside them: what they were trained on, and what they measured."""


@cache
def matcher() -> Params:
    """Return its parameters; raises InputError where the file was altered."""
    return nest(read_safetensors(WEIGHTS / "matcher.safetensors")[0])


def matcher_card() -> dict[str, Any]:
    """Return what is known of it, in words and numbers."""
    return json.loads((WEIGHTS / "matcher.json").read_text(encoding="utf-8"))


def matcher_note(building: str) -> str:
    """Return in a line that it is used, and where it knows `building` from its training."""
    card = matcher_card()
    note = f"the matcher is the package's, {card['in_short']}"
    if any(building.startswith(f"{known}/") for known in card["trained_in"]):
        return f"{note}: of this building, so errors are flattered"
    return note
