"""How the harness reads a file of weights: as launch.graft does, but for the start of Python."""

import hashlib
import os
from pathlib import Path

import numpy as np

from mtloc_jax.surgery import confined, foreign, weight_files


def forked(path: Path) -> str:
    """Return a digest of the weights of a file, read in a process forked from this one.

    It is bound to the same limits as the one that `foreign.read_with_card` starts, runs the same
    code, and what it says is understood by the same; it has Python and its libraries already.
    """
    n_bytes = path.stat().st_size
    limits = confined.limits_for(n_bytes, weight_files.held_bytes(n_bytes))
    mine, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(mine)
        with os.fdopen(theirs, "wb") as output:
            weight_files.main(path, output)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(mine, "rb") as said:
        output = said.read()
    code = os.waitstatus_to_exitcode(os.wait4(child, 0)[1])
    if code > 0:
        raise RuntimeError(f"the reader ended with {code}")
    return digest(foreign.understood(path, confined.ended(code, output, limits)))


def started(path: Path) -> str:
    """Return a digest of the weights and the card of a file, read as the launchers do."""
    return digest(foreign.read_with_card(path))


def digest(found: tuple[dict, dict]) -> str:
    """Return one digest of a tree of weights and of its card."""
    params, card = found
    told = hashlib.sha256(repr(sorted(card.items())).encode())
    for path, leaf in sorted(_flat(params).items()):
        told.update(f"{path} {leaf.dtype} {leaf.shape}".encode() + np.ascontiguousarray(leaf).data)
    return told.hexdigest()


def _flat(tree: dict, above: str = "") -> dict[str, np.ndarray]:
    flat = {}
    for name, value in tree.items():
        inner = (
            _flat(value, f"{above}{name}/") if isinstance(value, dict) else {above + name: value}
        )
        flat |= inner
    return flat
