"""What a swept study compares: its variants' rows, named by the settings they differ in."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from mtloc_jax.errors import InputError
from mtloc_jax.report.provenance import Provenance, check_same_study, read_provenance
from mtloc_jax.rows import CONFIG, DIVERGED, ROWS, VARIANTS, Table, read
from mtloc_jax.settings import DECLARED

TEST_ROUND = "test_round"
Settings = dict[str, Any]  # name as config.sweep has it ("wipe.mode") -> value
Key = tuple[Any, ...]
"""What a variant is set to, to look it up by; 1 and 1.0 are alike."""


@dataclass(frozen=True)
class Contender:
    """Hold the rows of the variants that differ in their test round alone.

    label:    its settings in words ('hidden 64'); empty where there is no other contender
    settings: those that contenders differ in, by their names in the config
    rounds:   the test round held out -> rows.csv of that variant; one where none is swept
    """

    label: str
    settings: Settings
    rounds: Mapping[int, Table]


@dataclass(frozen=True)
class Swept:
    """Hold what a swept study compares, in the order its sweep lists the values.

    reference: the contender with the settings of the study's config, else the first
    """

    contenders: tuple[Contender, ...]
    reference: Contender

    @cached_property
    def reference_at(self) -> int:
        """Return the place of the reference among the contenders."""
        return next(at for at, one in enumerate(self.contenders) if one is self.reference)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the settings that contenders differ in."""
        return tuple(self.reference.settings)

    @property
    def test_rounds(self) -> list[int]:
        """Return the test rounds that were held out in turn; one where none is swept."""
        return sorted({r for contender in self.contenders for r in contender.rounds})

    @property
    def tables(self) -> list[Table]:
        """Return the rows of every variant."""
        return [table for contender in self.contenders for table in contender.rounds.values()]

    @property
    def number(self) -> str | None:
        """Return the swept setting where it is a single one and its values are numbers."""
        if len(self.names) != 1 or len(self.contenders) < 2:
            return None
        values = [contender.settings[self.names[0]] for contender in self.contenders]
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        return self.names[0] if numbers else None


def read_swept(workdir: Path, folders: Sequence[Path]) -> Swept:
    """Read config.json and rows.csv of each variant; no other file of theirs is needed.

    Raises InputError where one is absent, empty, damaged or of another study, or where the
    workdir's config.json sweeps nothing.
    """
    study = read_provenance(workdir)
    config = _config(workdir)
    points = _points(config)
    if not points[0]:
        raise InputError(
            "this study sweeps no setting, yet there are variants",
            remedy="give the --workdir of one variant, or of the study they are of",
            path=workdir / CONFIG,
        )
    order = {_key(point): at for at, point in enumerate(points)}
    every = [_part(folder, study, order, points[0]) for folder in folders]
    # A variant whose every run diverged has none.
    parts = [part for part in every if len(part[1]["seed"])]
    for folder, (_, table) in zip(folders, every, strict=True):
        if not len(table["seed"]) and (not parts or not _diverged(folder)):
            raise no_rows(folder / ROWS)
    ordered = sorted(parts, key=lambda part: order[_key(part[0])])
    return _grouped(ordered, {name: _found(config, name) for name in points[0]})


def variant_folders(workdir: Path) -> list[Path]:
    """Return the folders of a swept study's variants; none of any other study."""
    return sorted(path for path in (workdir / VARIANTS).glob("[!.]*") if path.is_dir())


def no_rows(path: Path) -> InputError:
    """Return the error of a rows.csv without rows."""
    if _diverged(path.parent):
        return InputError(
            "every run diverged",
            remedy="lower --config.learning_rate and give another --workdir",
            path=path,
        )
    return InputError("no rows yet", remedy="run launch.study with this --workdir", path=path)


def _diverged(folder: Path) -> bool:
    path = folder / DIVERGED
    return path.is_file() and len(read(path)["seed"]) > 0


def worded(name: str, value: Any) -> str:
    """Write a setting for a reader: 'hidden 64', 'test round 3', 'own test round'."""
    return DECLARED[name].worded(value) if name in DECLARED else f"{name} {value}"


def _points(config: Mapping[str, Any]) -> list[Settings]:
    """Return what each variant is set to, in the order of the sweep; what only picks is left out.

    A sweep may name "arm", which is no setting: a config has "arms".
    """
    axes = [
        [dict(zip(axis, values, strict=True)) for values in zip(*axis.values(), strict=True)]
        for axis in config.get("sweep", ())
    ]
    merged = [{n: v for point in points for n, v in point.items()} for points in product(*axes)]
    return [{n: v for n, v in m.items() if _found(config, n) is not None} for m in merged]


def _grouped(parts: Sequence[tuple[Settings, Table]], config: Settings) -> Swept:
    """Put variants that differ in their test round alone together, and name what is left."""
    differ = [name for name in config if len({str(held[name]) for held, _ in parts}) > 1]
    names = [name for name in differ or config if name != TEST_ROUND]
    groups: dict[tuple, dict[int, Table]] = {}
    for held, table in parts:
        settings = tuple((name, held[name]) for name in names)
        groups.setdefault(settings, {})[held.get(TEST_ROUND, 0)] = table
    own = {name: config[name] for name in names}
    in_full = _in_full(own, [dict(key) for key in groups])
    contenders = tuple(
        Contender(_label(dict(key), own, in_full), dict(key), rounds)
        for key, rounds in groups.items()
    )
    same = (contender for contender in contenders if contender.settings == own)
    return Swept(contenders, next(same, contenders[0]))


def _key(settings: Settings) -> Key:
    return tuple(tuple(v) if isinstance(v, list) else v for v in settings.values())


def _in_full(own: Settings, every: Sequence[Settings]) -> bool:
    """Say whether each value meets each, or none of `every` has the study's `own`."""
    n_values = [len({str(other[name]) for other in every}) for name in own]
    return own not in every or len(every) >= prod(n_values)


def _label(settings: Settings, own: Settings, in_full: bool) -> str:
    """Name settings in full, or by how they depart from `own`."""
    if in_full:
        return _words(settings)
    departures = {name: v for name, v in settings.items() if v != own[name]}
    return _words(departures) or "own settings"


def _words(settings: Settings) -> str:
    return ", ".join(worded(name, value) for name, value in settings.items())


def _part(
    folder: Path, study: Provenance, order: Mapping[Key, int], names: Iterable[str]
) -> tuple[Settings, Table]:
    """Return what a variant is set to, of the settings swept, and its rows.

    order: each variant -> its place in the sweep; names: the settings swept
    """
    own, config, table = read_provenance(folder), _config(folder), read(folder / ROWS)
    if not {"source", "target"} & set(names):
        own = replace(own, site_pair=study.site_pair)
    check_same_study(table, own, folder / ROWS)
    held = {name: _found(config, name) for name in names}
    if _key(held) not in order:
        raise InputError(
            f"{_words(held)}: the study's sweep does not list this",
            remedy="move this folder out of variants/: it is of another study",
            path=folder / CONFIG,
        )
    return held, table


def _config(folder: Path) -> Mapping[str, Any]:
    return json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("config", {})


def _found(config: Mapping[str, Any], name: str) -> Any:
    """Return the setting at a dotted name; None where there is none."""
    held: Any = config
    for part in name.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held
