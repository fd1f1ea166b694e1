"""Checkpoint surgery: make a new network's parameters of trained ones, and report every leaf."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.graft_report import Entry, GraftReport, of_runs, unchanged_since
from mtloc_jax.surgery.rules import Assignment, Keep, Leave, Rule, Take, Transform, assign, pool
from mtloc_jax.surgery.tree import Tree, digest, leaves, nest, tree_digest

__all__ = [
    "Assignment",
    "GraftReport",
    "Keep",
    "Leave",
    "Rule",
    "Take",
    "Transform",
    "assemble",
    "assign",
    "graft",
    "unchanged_since",
]


def graft(
    target: Tree, donors: Mapping[str, Tree], rules: Sequence[Rule], *, stacked: bool = False
) -> tuple[dict[str, Any], GraftReport]:
    """Return the target's tree with leaves taken from donors, and the report of it (section 3.2).

    target:  initial parameters
    donors:  trained parameters, by the names that rules call them
    stacked: whether all leaves, of target and donors, carry a leading axis of runs

    Arrays must be concrete; for a traced function call `assign` outside and `assemble` inside.

    Raises InputError as `assign` and `assemble` do, and where a donor leaf that would be taken
    is not finite.
    """
    assignments = assign(target, donors, rules)
    theirs = pool(donors)
    for source in dict.fromkeys(s for assignment in assignments for s in assignment.sources):
        _check_finite(source, theirs[source])
    params = assemble(assignments, target, donors)
    before, after = leaves(target), leaves(params)
    made = [_made(a, before[a.path], after[a.path], theirs, stacked) for a in assignments]
    taken = {source for assignment in assignments for source in assignment.sources}
    left = [_left(source, leaf, stacked) for source, leaf in theirs.items() if source not in taken]
    digests = {name: tree_digest(tree) for name, tree in donors.items()}
    return params, GraftReport((*made, *left), digests, stacked)


def assemble(
    assignments: Iterable[Assignment], target: Tree, donors: Mapping[str, Tree]
) -> dict[str, Any]:
    """Return the parameters that `assignments` describe; arrays may be traced.

    Raises InputError where a transform's result is not of the target's shape and dtype.
    """
    ours, theirs = leaves(target), pool(donors)
    made: dict[str, Any] = {}
    for assignment in assignments:
        path, sources = assignment.path, [theirs[source] for source in assignment.sources]
        if assignment.by is not None:
            made[path] = _transformed(assignment.by, path, ours[path], sources)
        else:
            made[path] = sources[0] if sources else ours[path]
    return nest(made)


def _transformed(by: Transform, path: str, ours: Any, sources: Sequence[Any]) -> Any:
    made = by.apply(ours, *sources)
    if tuple(made.shape) != tuple(ours.shape) or made.dtype != ours.dtype:
        raise InputError(
            f"transform {by.name} made {made.dtype}{list(made.shape)} for {path}, which is "
            f"{ours.dtype}{list(ours.shape)}",
            remedy="give the transform the sizes of this network and of this donor",
        )
    return made


def _check_finite(source: str, leaf: Any) -> None:
    if not np.all(np.isfinite(np.asarray(leaf))):
        raise InputError(
            f"{source} holds a value that is not a finite number",
            remedy=f"its training diverged: take another donor, or {Leave(source)} and Keep(...)",
        )


def _made(
    assignment: Assignment, before: Any, after: Any, theirs: Mapping[str, Any], stacked: bool
) -> Entry:
    """Return the report's entry for a leaf of the target."""
    by = assignment.by
    return Entry(
        path=assignment.path,
        action="transform" if by else "take" if assignment.sources else "keep",
        donors=assignment.sources,
        by=by.name if by else "",
        dtype=str(after.dtype),
        shape=tuple(after.shape),
        donor_shapes=tuple(tuple(theirs[source].shape) for source in assignment.sources),
        norm_before=_norms(before, stacked),
        norm_after=_norms(after, stacked),
        digest=_digests(after, stacked),
        details=by.details if by else {},
    )


def _left(source: str, leaf: Any, stacked: bool) -> Entry:
    """Return the report's entry for a donor leaf that nothing takes."""
    return Entry(
        path=source,
        action="leave",
        donors=(source,),
        by="",
        dtype=str(leaf.dtype),
        shape=tuple(leaf.shape),
        donor_shapes=(tuple(leaf.shape),),
        norm_before=(),
        norm_after=(),
        digest=_digests(leaf, stacked),
    )


def _norms(leaf: Any, stacked: bool) -> tuple[float, ...]:
    runs = of_runs(leaf, stacked)
    return tuple(float(np.linalg.norm(run.astype(np.float64).ravel())) for run in runs)


def _digests(leaf: Any, stacked: bool) -> tuple[str, ...]:
    return tuple(digest(run) for run in of_runs(leaf, stacked))
