"""Hand a trained network on: weights as safetensors, and a program that needs none of this code."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export as stablehlo
from safetensors.numpy import save

from mtloc_jax.core.problem import Problem, positions_m
from mtloc_jax.errors import InputError
from mtloc_jax.files import sha256, whole_folder, write_whole
from mtloc_jax.modalities import MODALITIES, Held, heard
from mtloc_jax.sites.site import Arrays
from mtloc_jax.surgery import safetensors_file
from mtloc_jax.surgery.network_card import (
    NetworkCard,
    ordered_scaler_of,
    problem_of,
    settings_of,
    shapes_of,
)
from mtloc_jax.surgery.part_program import PART, PARTS
from mtloc_jax.surgery.tree import Tree, leaves

WEIGHTS, PROGRAM, CARD = "network.safetensors", "network.stablehlo", "card.json"
PLATFORMS = ("cpu", "cuda", "tpu")

Locate = Callable[..., Any]
"""(one array a modality, in the order of the card's `shapes`: f32[B, T, C] of a sensor in its unit,
f32[B, A] dBm of scans, NaN where not heard, A in the card's order) -> positions f32[B, 2], metres.
"""


def locator(params: Tree, card: NetworkCard) -> Locate:
    """Return the function from a phone's readings in physical units to positions in metres.

    It takes one array a modality, in the order of the card's `shapes`. What `branches` silenced in
    training is silent here, too, whatever is read.

    Raises InputError where the card does not describe a network of windows, or its rounds were
    stretched one by one: a phone knows neither extent.
    """
    settings, problem, scaler = settings_of(card), problem_of(card), ordered_scaler_of(card)
    if settings.scaling == "round":
        raise InputError(
            "this network was trained on rounds stretched one by one (scaling=round)",
            remedy="take one of scaling=survey: a phone does not know its round's extent",
        )
    listened = heard(settings.branches, settings.modalities)

    def locate(*readings: jax.Array) -> jax.Array:
        read = dict(zip(scaler.inputs, readings, strict=True))
        held = {n: Held(x if n in listened else _silent(n, x)) for n, x in read.items()}
        nowhere = jnp.zeros((readings[0].shape[0], 2))  # positions are asked for, not given
        return positions_m(problem, dict(params), scaler, Arrays(held, nowhere))

    return locate


def _silent(name: str, x: jax.Array) -> jax.Array:
    """Return what views.without_modalities has a network read of a modality that is not heard."""
    return jnp.full_like(x, 0.0 if MODALITIES[name].sampled else jnp.nan)


def write_export(folder: Path, params: Tree, card: NetworkCard) -> None:
    """Write weights, program and card of one network to a new folder, whole or not at all.

    A part of what locates walks, a matcher or a network on motion, is written likewise; its card
    says what its program reads and tells.

    Raises InputError where the card does not describe these parameters, one of them is no finite
    number, the folder holds something already, or the disk is full.
    """
    flat = {path: np.ascontiguousarray(leaf) for path, leaf in leaves(params).items()}
    held = jax.tree.map(jnp.asarray, params)
    part = PARTS.named(card[PART]) if PART in card else None
    if part:
        _check(flat, part.leaves())
        locate, shapes, card = part.program(held), part.shapes(), {**card, **part.card}
    else:
        locate = locator(held, card)
        _check(flat, _leaves(problem_of(card), card))
        (batch,) = stablehlo.symbolic_shape("b")
        shapes = list(_windows(card, batch).values())
    if folder.exists():
        raise InputError("this folder exists", remedy="give a new --output", path=folder)
    program = _program(locate, shapes)
    with whole_folder(folder) as partial:
        write_whole(partial / WEIGHTS, save(flat, metadata=safetensors_file.metadata(flat, card)))
        write_whole(partial / PROGRAM, program)
        digests = {name: sha256(partial / name) for name in (WEIGHTS, PROGRAM)}
        write_whole(partial / CARD, json.dumps({**card, "sha256": digests}, indent=1) + "\n")


def read_program(folder: Path) -> Locate:
    """Read back the program of an export; it takes any number of windows.

    Raises InputError where it is missing or not what was written.
    """
    try:
        recorded = json.loads((folder / CARD).read_text(encoding="utf-8"))["sha256"][PROGRAM]
        found, program = sha256(folder / PROGRAM), (folder / PROGRAM).read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"this is not a whole export ({type(error).__name__})",
            remedy="export the checkpoint again",
            path=folder,
        ) from error
    if found != recorded:
        raise InputError(
            "is not what was exported: its sha256 differs",
            remedy="export the checkpoint again",
            path=folder / PROGRAM,
        )
    return jax.jit(stablehlo.deserialize(bytearray(program)).call)


def _windows(card: NetworkCard, n: Any) -> dict[str, jax.ShapeDtypeStruct]:
    """Return what a card says its network reads, of `n` windows."""
    shapes = shapes_of(card).items()
    return {name: jax.ShapeDtypeStruct((n, *of), jnp.float32) for name, of in shapes}


def _leaves(problem: Problem, card: NetworkCard) -> Tree:
    """Return the shapes of a network's parameters."""
    made: Any = jax.eval_shape(problem.network.init, jax.random.key(0), _windows(card, 1))
    return made["params"]


def _check(flat: Mapping[str, np.ndarray], of_card: Tree) -> None:
    """Raise InputError unless the leaves are those of the card's network, and finite."""
    wanted = {path: tuple(leaf.shape) for path, leaf in leaves(of_card).items()}
    found = {path: leaf.shape for path, leaf in flat.items()}
    for path in sorted(wanted.keys() | found.keys()):
        ours, theirs = found.get(path, "absent"), wanted.get(path, "absent")
        if ours != theirs:
            raise InputError(
                f"{path} is {ours}, by its card it would be {theirs}",
                remedy="export a checkpoint as it was saved, of a network for a target site",
            )
    for path, leaf in flat.items():
        if not np.all(np.isfinite(leaf)):
            raise InputError(
                f"{path} holds a value that is not a finite number",
                remedy="its training diverged: export another network",
            )


def _program(locate: Locate, shapes: Sequence[jax.ShapeDtypeStruct]) -> bytes:
    return bytes(stablehlo.export(jax.jit(locate), platforms=PLATFORMS)(*shapes).serialize())
