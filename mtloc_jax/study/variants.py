"""What `sweep` asks for: the variants of a study, and which of the grid's runs each has.

A sweep is a tuple of axes, an axis a dict of settings to their values. Axes multiply; the settings
of one axis move together. A variant's rows are those of a study with its settings, to the byte.
"""

import dataclasses
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from mtloc_jax.arms import ARMS
from mtloc_jax.declared import SWEPT
from mtloc_jax.errors import InputError
from mtloc_jax.registry import meant
from mtloc_jax.rows import VARIANTS
from mtloc_jax.settings import DECLARED, Settings, checked, replaced
from mtloc_jax.sites.pretext import POSITION

PICKS = ("arm", "finetune_rate", "seed")
"""These set nothing: they pick among the grid's runs."""
_LONGEST = 120  # characters of a folder's name: file systems take 255 bytes

Pick = Mapping[str, Any]


@dataclass(frozen=True)
class Variant:
    """Hold the settings by which a variant differs from its study's; none, for itself."""

    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Return the variant as rows name it; empty for the study itself."""
        return "+".join(f"{setting}={value}" for setting, value in self.settings)

    @property
    def folder(self) -> str:
        """Return its name as folders have it: nothing that a path or a shell would read.

        What that leaves out of names in other alphabets, or what is too long, a digest tells apart.
        """
        plain = re.sub(r"[^\w.=+-]+", "-", self.name, flags=re.ASCII)
        if len(plain) <= _LONGEST and self.name.isascii():
            return plain
        return f"{plain[:_LONGEST]}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"

    @property
    def trained(self) -> "Variant":
        """Return what training sees of it."""
        return Variant(tuple(p for p in self.settings if DECLARED[p[0]].kind != "judged"))

    def of(self, names: Collection[str]) -> "Variant":
        """Return the part of it that concerns some settings."""
        return Variant(tuple(pair for pair in self.settings if pair[0] in names))

    def study(self, study: str) -> str:
        """Return what rows of this variant carry in their `study` column."""
        return f"{study}/{self.name}" if self.settings else study

    def applied(self, settings: Settings) -> Settings:
        """Return the settings of a study that is this variant and nothing else."""
        made = replaced(settings, dict(self.settings))
        return dataclasses.replace(made, study=self.study(settings.study), sweep=())


def variants(settings: Settings) -> dict[Variant, list[Pick]]:
    """Return the variants of a study in order, each with the picks that give it its runs.

    Raises InputError where the sweep is no tuple of axes, or names what cannot be swept.
    """
    axes = [_axis(axis) for axis in settings.sweep]
    names = [name for axis in axes for name in axis[0]]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _refused(f"{twice.pop()} is on two axes", "put it on one")
    found: dict[Variant, list[Pick]] = {}
    for points in product(*axes):
        pairs = [pair for point in points for pair in point.items()]
        variant = Variant(tuple(pair for pair in pairs if pair[0] not in PICKS))
        found.setdefault(variant, []).append(dict(p for p in pairs if p[0] in PICKS))
    lying: dict[str, Variant] = {}
    for variant in found:
        other = lying.setdefault(variant.folder, variant)
        if other != variant:
            raise _refused(
                f"{other.name!r} and {variant.name!r} would lie in one folder, {variant.folder}",
                "name what they differ in by other letters, digits or . = + -",
            )
    return found


def pretrained_by(settings: Settings) -> tuple[str, ...]:
    """Return the settings whose variants have pretrained networks of their own."""
    # Which rounds, and how many steps, are questions only where some are left out: rounds by the
    # rate, windows by a pretext that finds no label for them.
    shared = ("subset", "protocol") if settings.source_rate < 1 else ()
    unlabelled = ("protocol",) if settings.pretext != POSITION else ()
    names = [one.name for one in DECLARED.values() if one.pretrained]
    return tuple(dict.fromkeys((*names, *shared, *unlabelled)))


MATCHER, MOTION = "matcher", "motion"
_OF_SOURCE = ("source", "simulation.seed", "simulation.round_s")
PART_BY = {
    MATCHER: (*_OF_SOURCE, "matcher.epochs", "matcher.learning_rate", "matcher.scans"),
    MOTION: (*_OF_SOURCE, "motion.steps", "motion.learning_rate"),
}
"""Part of located arms -> the settings whose variants have pretrained networks of their own."""


def grafted_by(settings: Settings) -> tuple[str, ...]:
    """Return the settings whose variants have grafted networks of their own."""
    # Some decide on the target's vocabulary of access points, some on the network.
    shaping = [
        one.name
        for one in DECLARED.values()
        if one.kind in ("static", "building") or (one.kind == "site" and "target" in one.roles)
    ]
    return (*pretrained_by(settings), *(name for name in shaping if name != "finetune_plan"))


def picked(run: Any, picks: list[Pick]) -> bool:
    """Say whether a run (with arm, finetune_rate and seed) is among those picked."""
    return any(all(getattr(run, name) == value for name, value in p.items()) for p in picks)


def variant_folder(workdir: Path, variant: Variant) -> Path:
    """Return where the rows of a variant lie, and its report."""
    return workdir / VARIANTS / variant.folder if variant.settings else workdir


def _axis(axis: Any) -> list[dict[str, Any]]:
    """Return the points of an axis, each a dict of settings."""
    if not isinstance(axis, Mapping) or not axis:
        raise _refused(f"{axis!r} is no axis", 'write {"learning_rate": (0.001, 0.005)}')
    columns = {}
    for name, values in axis.items():
        if not isinstance(values, tuple | list) or not len(values):
            raise _refused(f"{name} has no values", f'write {{"{name}": (one, another)}}')
        columns[name] = [_value(name, value) for value in values]
    if len({len(values) for values in columns.values()}) > 1:
        raise _refused(
            f"{', '.join(columns)} differ in length",
            "settings of one axis move together; to multiply them, give each its own axis",
        )
    points = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    if len({tuple(point.items()) for point in points}) < len(points):
        raise _refused(f"{', '.join(columns)} repeat a value", "give each value once")
    return points


def _value(name: str, value: Any) -> Any:
    """Return a value of an axis as its setting holds it."""
    if name == "arm":
        ARMS.named(value)
        return value
    if name in PICKS:
        return checked({"finetune_rate": "source_rate", "seed": "simulation.seed"}[name], value)
    able = [*PICKS, *(one.name for one in DECLARED.values() if one.kind in SWEPT)]
    if name not in able:
        raise _refused(f"{name} cannot be swept", meant(name, able))
    try:
        return checked(name, value)
    except InputError as error:
        raise _refused(error.problem, error.remedy) from None


def _refused(problem: str, remedy: str) -> InputError:
    return InputError(f"config.sweep: {problem}", remedy=remedy)
