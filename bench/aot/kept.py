"""Programs that were compiled before, kept beside those compiled now: a compiler takes its time."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from bench.aot.checks import Figures, budgets, checked
from bench.aot.chips import CHIPS
from bench.aot.table import Found, versions
from mtloc_jax.errors import InputError


class Compiled(NamedTuple):
    """Hold a program's figures and the revision of the code that was compiled."""

    figures: Figures
    revision: str


def read(path: Path) -> dict[str, Compiled]:
    """Return what a chip's file holds, by program; nothing where there is no such file.

    Raises InputError where other compilers made it: their figures do not stand in one table.
    """
    if not path.is_file():
        return {}
    report = json.loads(path.read_text(encoding="utf-8"))
    made_by, here = report["versions"], versions()
    for package, version in made_by.items():
        if version and here[package] and version != here[package]:
            raise InputError(
                f"its programs were compiled by {package} {version}, here is {here[package]}",
                remedy="install that version, or give another --output and compile all programs",
                path=path,
            )
    names = [field.name for field in fields(Figures)]
    return {
        one["program"]: Compiled(
            Figures(**{name: one[name] for name in names}), one.get("revision", "unknown")
        )
        for one in report["programs"]
    }


def merged(
    before: Mapping[str, Compiled], now: Mapping[str, Compiled], order: Iterable[str]
) -> dict[str, Compiled]:
    """Return the newer of each program, in an order; those that are no more are left out."""
    either = {**before, **now}
    return {name: either[name] for name in order if name in either}


def judged(chip: str, compiled: Mapping[str, Compiled]) -> Found:
    """Return the figures of programs, each held against what is agreed now."""
    agreed = budgets(chip)
    return [
        (one.figures, checked(one.figures, CHIPS[chip], agreed.get(name)))
        for name, one in compiled.items()
    ]


def revisions(compiled: Mapping[str, Compiled]) -> dict[str, str]:
    """Return the revision that each program was compiled at."""
    return {name: one.revision for name, one in compiled.items()}
