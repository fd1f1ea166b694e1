"""Plain parameter trees: nested dicts of arrays, addressed by paths of whole segments."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.errors import InputError

Tree = Mapping[str, Any]  # str -> Tree or array
_SEPARATOR = re.compile(r"[/.]")


class Match(NamedTuple):
    """Hold how a pattern met a path: the text each `*` stood for, and the segments below it."""

    stars: tuple[str, ...]
    below: tuple[str, ...]


def leaves(tree: Tree) -> dict[str, Any]:
    """Return the arrays of `tree` by path, `{"imu/kernel": f32[2, 512], ...}`, sorted by name.

    Raises InputError where a name holds a separator, for its path could not be told apart.
    """
    flat: dict[str, Any] = {}
    for name, value in sorted(tree.items()):  # the order JAX keeps
        if _SEPARATOR.search(name):
            raise InputError(
                f"the parameter name {name!r} holds a path separator",
                remedy="rename it: '/' and '.' separate the segments of a path",
            )
        if isinstance(value, Mapping):
            flat |= {f"{name}/{path}": leaf for path, leaf in leaves(value).items()}
        else:
            flat[name] = value
    return flat


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tree whose `leaves` are `flat`."""
    tree: dict[str, Any] = {}
    for path, leaf in flat.items():
        *parents, name = segments(path)
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = leaf
    return tree


def segments(path: str) -> tuple[str, ...]:
    """Split a path at `/` or `.`: `mag.lstm` and `mag/lstm` are the same path."""
    return tuple(_SEPARATOR.split(path))


def match(pattern: str, path: str) -> Match | None:
    """Match a pattern to the leading segments of `path`, or return None.

    Only whole segments match: `imu` meets `imu/kernel` but neither `imu2/kernel` nor `imu_lstm`.
    A `*` stands for any text within one segment.
    """
    wanted, given = segments(pattern), segments(path)
    if len(wanted) > len(given):
        return None
    stars: list[str] = []
    for want, have in zip(wanted, given, strict=False):
        found = re.fullmatch(re.escape(want).replace(r"\*", "(.*)"), have)
        if found is None:
            return None
        stars += found.groups()
    return Match(tuple(stars), given[len(wanted) :])


def prefixes(path: str) -> list[str]:
    """Return the subtrees a leaf lies in, the widest first, and the leaf itself."""
    parts = segments(path)
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def cover(chosen: Iterable[str], every: Iterable[str]) -> list[str]:
    """Return the widest subtrees that hold all `chosen` leaves and no other one of `every`."""
    chosen, every = set(chosen), list(every)
    others = {prefix for path in every if path not in chosen for prefix in prefixes(path)}
    paths = (path for path in every if path in chosen)
    widest = (next(p for p in prefixes(path) if p not in others) for path in paths)
    return list(dict.fromkeys(widest))


def digest(leaf: Any) -> str:
    """Return the sha256 of a leaf's dtype, shape and bytes."""
    array = np.ascontiguousarray(leaf)
    head = f"{array.dtype.name}{list(np.shape(leaf))}".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()


def tree_digest(tree: Tree) -> str:
    """Return one sha256 for a whole tree; the order of its names does not matter."""
    lines = sorted(f"{path} {digest(leaf)}\n" for path, leaf in leaves(tree).items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()
