"""What `config.sweep` asks for: the variants of a study, and which of the grid's runs each has.

A sweep is a tuple of axes, an axis a dict of settings to their values. Axes multiply; the settings
of one axis move together. A variant's rows are those of a study with its settings, to the byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from mtloc_jax.errors import InputError

FOLDER = "variants"
PICKS = ("arm", "finetune_rate", "seed")
"""These set nothing: they pick among the grid's runs."""
JUDGED = ("wipe.mode", "wipe.fill", "wipe.burst_windows")
"""Networks that differ in these alone are trained once and judged several times."""
_SHARED = ("hidden", "forget_bias", "batch_size", "wifi_entry_max_age_ms", "window")
STATIC = (*_SHARED, "scaling", "test_round", "branches", "output")
"""Runs that differ in these are compiled apart, or read other windows; all others share a program.
"""
TRACED = (
    "learning_rate",
    "dropout",
    "epochs",
    "pretrain_epochs",
    "start",
    "subset",
    "protocol",
    "finetune_plan",
    "source_rate",
    "pretext",
)

Pick = Mapping[str, Any]


@dataclass(frozen=True)
class Variant:
    """Hold the settings by which a variant differs from its study's config; none, for itself."""

    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Return the variant as rows and folders name it; empty for the study itself."""
        return "+".join(f"{setting}={value}" for setting, value in self.settings)

    @property
    def trained(self) -> "Variant":
        """Return what training sees of it."""
        return Variant(tuple(pair for pair in self.settings if pair[0] not in JUDGED))

    def study(self, study: str) -> str:
        """Return what rows of this variant carry in their `study` column."""
        return f"{study}/{self.name}" if self.settings else study

    def applied(self, config: ConfigDict) -> ConfigDict:
        """Return the config of a study that is this variant and nothing else."""
        made = ConfigDict(config.to_dict())
        made.update_from_flattened_dict(dict(self.settings))
        made.study, made.sweep = self.study(config.study), ()
        return made


def variants(config: ConfigDict) -> dict[Variant, list[Pick]]:
    """Return the variants of a study in order, each with the picks that give it its runs.

    Raises InputError where the sweep is no tuple of axes, or names what cannot be swept.
    """
    axes = [_axis(axis, config) for axis in config.get("sweep", ())]
    names = [name for axis in axes for name in axis[0]]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _refused(f"{twice.pop()} is on two axes", "put it on one")
    found: dict[Variant, list[Pick]] = {}
    for points in product(*axes):
        pairs = [pair for point in points for pair in point.items()]
        settings = tuple(pair for pair in pairs if pair[0] not in PICKS)
        found.setdefault(Variant(settings), []).append(dict(p for p in pairs if p[0] in PICKS))
    return found


def pretraining_settings(config: ConfigDict) -> tuple[str, ...]:
    """Return the settings whose variants have pretrained networks of their own."""
    # Which rounds, and how many steps, are questions only where some are left out.
    shared = ("subset", "protocol") if config.source_rate < 1 else ()
    asked = ("learning_rate", "pretrain_epochs", "source_rate", "pretext")
    return (*_SHARED, "scaling", *asked, *shared)


def grafting_settings(config: ConfigDict) -> tuple[str, ...]:
    """Return the settings whose variants have grafted networks of their own.

    One of them decides on the target's vocabulary of access points.
    """
    return (*pretraining_settings(config), "test_round")


def picked(run: Any, picks: list[Pick]) -> bool:
    """Say whether a run (with arm, finetune_rate and seed) is among those picked."""
    return any(all(getattr(run, name) == value for name, value in p.items()) for p in picks)


def variant_folder(workdir: Path, variant: Variant) -> Path:
    """Return where the rows of a variant lie, and its report."""
    return workdir / FOLDER / variant.name if variant.settings else workdir


def report_folders(workdir: Path) -> list[Path]:
    """Return the folders that each get tables and figures: the variants', or the study's own."""
    inner = sorted(path for path in (workdir / FOLDER).glob("[!.]*") if path.is_dir())
    return inner or [workdir]


def _axis(axis: Any, config: ConfigDict) -> list[dict[str, Any]]:
    """Return the points of an axis, each a dict of settings."""
    if not isinstance(axis, Mapping) or not axis:
        raise _refused(f"{axis!r} is no axis", 'write {"learning_rate": (0.001, 0.005)}')
    columns = {}
    for name, values in axis.items():
        if not isinstance(values, tuple | list) or not len(values):
            raise _refused(f"{name} has no values", f'write {{"{name}": (one, another)}}')
        columns[name] = [_value(name, value, config) for value in values]
    if len({len(values) for values in columns.values()}) > 1:
        raise _refused(
            f"{', '.join(columns)} differ in length",
            "settings of one axis move together; to multiply them, give each its own axis",
        )
    points = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    if any(point in points[:k] for k, point in enumerate(points)):
        raise _refused(f"{', '.join(columns)} repeat a value", "give each value once")
    return points


def _value(name: str, value: Any, config: ConfigDict) -> Any:
    kinds: dict[str, type] = {"arm": str, "finetune_rate": float, "seed": int}
    if name not in PICKS:
        held = _held(name, config)
        kinds[name] = type(held)
    if kinds[name] is float and type(value) is int:
        return float(value)
    if type(value) is not kinds[name]:
        raise _refused(f"{name} is {value!r}", f"its values are {kinds[name].__name__}")
    return value


def _held(name: str, config: ConfigDict) -> Any:
    """Return the value that a setting has without the sweep."""
    first, _, rest = name.partition(".")
    allowed = (*TRACED, *JUDGED, *STATIC)
    known = name in allowed or (first in allowed and rest in config.get(first, ()))
    if not known or name == "window":
        names = (*PICKS, *TRACED, *JUDGED, *STATIC)
        choices = ", ".join("window.steps" if n == "window" else n for n in names)
        raise _refused(f"{name} cannot be swept", f"what can: {choices} ..")
    held = config[first]
    return held[rest] if rest else held


def _refused(problem: str, remedy: str) -> InputError:
    return InputError(f"config.sweep: {problem}", remedy=remedy)
