"""Graft rules: where each leaf of a new network comes from, decided from paths and shapes alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.matching import listed, matched, rule_by_path
from mtloc_jax.surgery.tree import Tree, cover, leaves, match


@dataclass(frozen=True)
class Transform:
    """Name a function that makes a target leaf of donor leaves.

    apply:   (target leaf, *donor leaves) -> leaf of the target's shape and dtype
    details: what the report shall say of it
    """

    name: str
    apply: Callable[..., Any]
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Take:
    """Take the target's leaves under `target` from the same leaves under `donor`.

    Paths are of whole segments; `*` stands for text within one segment, and in `donor` for what
    the same `*` of `target` stood for. With several donors the path says which one:
    `Take("mag", "edinburgh:imu")`. A transform may combine several: `donor` is then a tuple.
    """

    target: str
    donor: str | tuple[str, ...]
    by: Transform | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The donor paths, also where there is only one."""
        return self.donor if isinstance(self.donor, tuple) else (self.donor,)

    def narrowed(self, target: str) -> "Take":
        """Return this rule for a subtree of what it matches."""
        narrow = tuple(
            _same_donor(source, _donor_path(self, source.rpartition(":")[2], target))
            for source in self.sources
        )
        return Take(target, narrow if isinstance(self.donor, tuple) else narrow[0], self.by)

    def __str__(self) -> str:
        donor = repr(self.donor).replace("'", '"')
        return f'Take("{self.target}", {donor}{f", by={self.by.name}" if self.by else ""})'


@dataclass(frozen=True)
class Keep:
    """Keep the target's own (initial) leaves under `target`."""

    target: str

    def narrowed(self, target: str) -> "Keep":
        """Return this rule for a subtree of what it matches."""
        return Keep(target)

    def __str__(self) -> str:
        return f'Keep("{self.target}")'


@dataclass(frozen=True)
class Leave:
    """Leave the donor's leaves under `donor` unused (of every donor where none is named)."""

    donor: str

    def __str__(self) -> str:
        return f'Leave("{self.donor}")'


Rule = Take | Keep | Leave


@dataclass(frozen=True)
class Assignment:
    """Say where one target leaf comes from: from no source where it is kept."""

    path: str
    sources: tuple[str, ...] = ()  # donor:path
    by: Transform | None = None


def pool(donors: Mapping[str, Tree]) -> dict[str, Any]:
    """Return the leaves of all donors by `donor:path`."""
    for name in donors:
        if set(name) & set(":/.*"):
            raise InputError(
                f"the donor name {name!r} holds one of : / . *", remedy="call it by a plain word"
            )
    return {
        f"{n}:{path}": leaf for n, tree in donors.items() for path, leaf in leaves(tree).items()
    }


def assign(
    target: Tree, donors: Mapping[str, Tree], rules: Sequence[Rule]
) -> tuple[Assignment, ...]:
    """Return where every target leaf comes from; arrays may be traced or mere shapes.

    Raises InputError, with the corrected rule, unless every target leaf is taken or kept by one
    rule, every donor leaf taken or left, and shapes and dtypes agree or a transform is named.
    """
    ours, theirs = leaves(target), pool(donors)
    rule_of = rule_by_path(ours, [rule for rule in rules if not isinstance(rule, Leave)])
    if missing := cover((path for path in ours if path not in rule_of), ours):
        raise InputError(
            f"no rule covers {', '.join(missing)}",
            remedy=f"add {listed(map(Keep, missing))} to re-initialise, or Take(target, donor)",
        )
    assignments = tuple(_assignment(path, rule_of[path], ours, theirs) for path in ours)
    taken = {source for assignment in assignments for source in assignment.sources}
    _check_donors(theirs, taken, [rule for rule in rules if isinstance(rule, Leave)])
    for assignment in assignments:
        _check_alike(assignment, ours, theirs)
    return assignments


def _assignment(
    path: str, rule: Take | Keep, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Assignment:
    if isinstance(rule, Keep):
        return Assignment(path)
    if len(rule.sources) > 1 and rule.by is None:
        raise InputError(
            f"{path} cannot come from {len(rule.sources)} leaves at once",
            remedy=f"name a transform: {str(rule)[:-1]}, by=...)",
        )
    found = tuple(_source(rule, source, path, ours, theirs) for source in rule.sources)
    return Assignment(path, found, rule.by)


def _source(
    rule: Take, source: str, path: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> str:
    """Return the `donor:path` that a target leaf comes from."""
    name, _, pattern = source.rpartition(":")
    name = name or _only_donor(rule, source, theirs)
    below = _donor_path(rule, pattern, path)
    if f"{name}:{below}" in theirs:
        return f"{name}:{below}"
    names = _donor_names(theirs)
    if name not in names:
        raise InputError(
            f"{rule} names the donor {name!r}", remedy=f"the donors are {', '.join(names)}"
        )
    filled = "/".join(_fill(rule, pattern, path))
    _under(rule, filled, _paths_of(name, theirs), written=pattern)
    rest = [p for p in ours if match(rule.target, p) and p != path]
    parts = (Keep(path), *(rule.narrowed(part) for part in cover(rest, ours)))
    raise InputError(
        f'{rule}: {name} has no leaf "{below}" for {path}', remedy=f"replace it by {listed(parts)}"
    )


def _only_donor(rule: Take, source: str, theirs: Mapping[str, Any]) -> str:
    names = _donor_names(theirs)
    if len(names) == 1:
        return names[0]
    either = (str(_corrected(rule, source, f"{name}:{source}")) for name in names)
    raise InputError(
        f"{rule} does not say which donor",
        remedy=f"write {' or '.join(either)}" if names else "give a donor",
    )


def _donor_path(rule: Take, pattern: str, path: str) -> str:
    """Return the donor's path for a target path: stars filled in, what lies below appended."""
    found = match(rule.target, path)
    below = found.below if found else ()
    return "/".join((*_fill(rule, pattern, path), *below))


def _fill(rule: Take, pattern: str, path: str) -> list[str]:
    """Return the donor pattern's segments with each `*` filled from the target's."""
    if pattern.count("*") not in (0, rule.target.count("*")):
        raise InputError(
            f"{rule} has {rule.target.count('*')} and {pattern.count('*')} stars",
            remedy=f"a donor's * repeats one of the target, as in {Take(rule.target, rule.target)}",
        )
    found = match(rule.target, path)
    stars = iter(found.stars if found else ())
    filled = "".join(next(stars) if letter == "*" else letter for letter in pattern)
    return filled.replace(".", "/").split("/")


def _check_donors(theirs: Mapping[str, Any], taken: set[str], rules: Iterable[Leave]) -> None:
    """Raise InputError unless each donor leaf is either taken or left."""
    names = _donor_names(theirs)
    shown = {key: key.split(":", 1)[1] if len(names) == 1 else key for key in theirs}
    accounted = set(taken)
    for rule in rules:
        left = _left(rule, theirs)
        both = [shown[key] for key in left if key in taken]
        if both:
            rest = cover((shown[key] for key in left if key not in taken), shown.values())
            raise InputError(
                f"{rule} leaves {', '.join(cover(both, shown.values()))}, which another rule takes",
                remedy=f"replace it by {listed(map(Leave, rest))}" if rest else "delete it",
            )
        accounted.update(left)
    missing = [shown[key] for key in theirs if key not in accounted]
    if missing:
        parts = cover(missing, shown.values())
        raise InputError(
            f"no rule takes or leaves the donor's {', '.join(parts)}",
            remedy=f"add {listed(map(Leave, parts))}",
        )


def _left(rule: Leave, theirs: Mapping[str, Any]) -> list[str]:
    name, _, pattern = rule.donor.rpartition(":")
    among = [name] if name else _donor_names(theirs)
    paths = [path for n in among for path in _paths_of(n, theirs)]
    found = set(_under(rule, pattern, paths, written=pattern))
    return [f"{n}:{path}" for n in among for path in _paths_of(n, theirs) if path in found]


def _under(rule: Take | Leave, pattern: str, paths: list[str], written: str) -> list[str]:
    return matched(rule, pattern, paths, "donor", lambda near: str(_corrected(rule, written, near)))


def _check_alike(
    assignment: Assignment, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> None:
    if assignment.by is not None or not assignment.sources:
        return
    path, source = assignment.path, assignment.sources[0]
    mine, other = ours[path], theirs[source]
    if tuple(mine.shape) == tuple(other.shape) and mine.dtype == other.dtype:
        return
    one_axis_more = abs(len(mine.shape) - len(other.shape)) == 1
    hint = "one side holds stacked runs: load one run of it; or " if one_axis_more else ""
    raise InputError(
        f"{path} is {mine.dtype}{list(mine.shape)} but {source} is "
        f"{other.dtype}{list(other.shape)}",
        remedy=f'{hint}name a transform, Take("{path}", "{source}", by=...), or re-initialise it, '
        f"{Keep(path)}",
    )


def _corrected(rule: Take | Leave, wrong: str, right: str) -> Take | Leave:
    """Return `rule` with one of its donor paths put right."""
    if isinstance(rule, Leave):
        return Leave(_same_donor(rule.donor, right))
    fixed = tuple(
        _same_donor(source, right) if source.rpartition(":")[2] == wrong else source
        for source in rule.sources
    )
    return Take(rule.target, fixed if isinstance(rule.donor, tuple) else fixed[0], rule.by)


def _same_donor(source: str, path: str) -> str:
    name, colon, _ = source.rpartition(":")
    return name + colon + path


def _donor_names(theirs: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(key.split(":", 1)[0] for key in theirs))


def _paths_of(name: str, theirs: Mapping[str, Any]) -> list[str]:
    return [key.split(":", 1)[1] for key in theirs if key.split(":", 1)[0] == name]
