"""What a graft did, as data: saved beside the checkpoint, and proof of what moved afterwards."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.tree import Tree, digest, leaves

ACTIONS = ("take", "transform", "keep", "leave")


@dataclass(frozen=True)
class Entry:
    """Say what became of one leaf.

    path:    leaf of the target; of the donor (`donor:path`) where it was left
    action:  take | transform | keep | leave
    donors:  donor leaves it was made of, `donor:path`
    by:      name of the transform, empty where there was none
    shape, donor_shapes: with the runs axis, where there is one
    norm_before, norm_after, digest: one for each run (a single network is one run); before is the
             target's own initial leaf; none before or after where a donor's leaf was left
    details: what the transform says of itself (counts, names)
    """

    path: str
    action: str
    donors: tuple[str, ...]
    by: str
    dtype: str
    shape: tuple[int, ...]
    donor_shapes: tuple[tuple[int, ...], ...]
    norm_before: tuple[float, ...]
    norm_after: tuple[float, ...]
    digest: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GraftReport:
    """List every leaf of the target and every leaf left in a donor.

    donors:  digest of each donor's whole tree, by the donor's name
    stacked: whether leaves carry a leading axis of runs
    """

    entries: tuple[Entry, ...]
    donors: Mapping[str, str]
    stacked: bool = False

    def totals(self) -> dict[str, tuple[int, int]]:
        """Return the number of leaves and of parameters by action."""
        totals = dict.fromkeys(ACTIONS, (0, 0))
        for entry in self.entries:
            count, size = totals[entry.action]
            totals[entry.action] = count + 1, size + int(np.prod(entry.shape, dtype=np.int64))
        return totals

    def of_run(self, run: int) -> "GraftReport":
        """Return the report of one of the stacked runs, as of a single network."""
        entries = tuple(
            dataclasses.replace(
                entry,
                shape=entry.shape[1:],
                donor_shapes=tuple(shape[1:] for shape in entry.donor_shapes),
                norm_before=entry.norm_before[run : run + 1],
                norm_after=entry.norm_after[run : run + 1],
                digest=entry.digest[run : run + 1],
            )
            for entry in self.entries
        )
        return dataclasses.replace(self, entries=entries, stacked=False)

    def to_json(self) -> str:
        """Return the report as JSON text, the content of `graft.json`."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "GraftReport":
        """Read back what `to_json` wrote.

        Raises InputError where the text is something else: strangers write files too.
        """
        try:
            raw = json.loads(text)
            entries = tuple(Entry(**_checked(entry)) for entry in raw["entries"])
            if not isinstance(raw["donors"], dict) or not isinstance(raw["stacked"], bool):
                raise ValueError("donors or stacked is of another kind")
            return cls(entries, raw["donors"], raw["stacked"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(
                f"this is not a graft report ({error})", remedy="graft again to write a new one"
            ) from error


def unchanged_since(report: GraftReport, params: Tree) -> dict[str, np.ndarray]:
    """Return, by path, in which runs a leaf still is bit for bit what the graft made it.

    Each value is bool[R]; R is 1 for a single network.

    Raises InputError where `params` has other leaves than the report.
    """
    flat = leaves(params)
    entries = {entry.path: entry for entry in report.entries if entry.action != "leave"}
    if flat.keys() != entries.keys():
        odd = sorted(flat.keys() ^ entries.keys())
        raise InputError(
            f"the report and the parameters differ in {', '.join(odd[:4])}",
            remedy="compare a network with the report of its own graft",
        )
    return {
        path: np.array([digest(leaf) for leaf in of_runs(flat[path], report.stacked)])
        == np.array(entry.digest)
        for path, entry in entries.items()
    }


def proof(report: GraftReport, params: Tree, run: int) -> dict[str, str]:
    """Return the leaves that a graft took, and those of them that `params` still has, bit for bit.

    report: of the stacked graft; params: one trained network; run: its place in the stack
    Paths are parted by spaces.
    """
    of_run = report.of_run(run)
    taken = [entry.path for entry in of_run.entries if entry.action in ("take", "transform")]
    unchanged = unchanged_since(of_run, params)
    return {
        "taken": " ".join(taken),
        "unchanged": " ".join(path for path in taken if unchanged[path].all()),
    }


def of_runs(leaf: Any, stacked: bool) -> Iterator[np.ndarray]:
    """Yield a leaf's array for each run: the leaf itself where runs are not stacked."""
    return iter(np.asarray(leaf) if stacked else np.asarray(leaf)[None])


def _checked(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an entry, lists as tuples; raises ValueError where one is odd."""
    for name, value in entry.items():
        if not _FIELDS[name](value):
            raise ValueError(f"{name} is {str(value)[:40]!r}")
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return plain | {"donor_shapes": tuple(map(tuple, entry["donor_shapes"]))}


def _all(holds: Callable[[Any], bool], value: Any) -> bool:
    return isinstance(value, list) and all(map(holds, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 2**31


def _is_details(value: Any) -> bool:
    """Say whether it is an object, its whole numbers such as floats can hold."""
    return isinstance(value, dict) and all(
        abs(number) < 2**53 for number in value.values() if isinstance(number, int)
    )


_texts, _sizes = partial(_all, _is_text), partial(_all, _is_size)
_numbers = partial(_all, lambda value: isinstance(value, float))
_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "path": _is_text,
    "action": lambda value: value in ACTIONS,
    "donors": _texts,
    "by": _is_text,
    "dtype": _is_text,
    "shape": _sizes,
    "donor_shapes": partial(_all, _sizes),
    "norm_before": _numbers,
    "norm_after": _numbers,
    "digest": _texts,
    "details": _is_details,
}
"""Each field of an Entry -> whether JSON has for it what the field may hold."""
