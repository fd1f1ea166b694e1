"""Figures of a chip as a table and as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from typing import Any

from bench.aot.checks import Check, Figures
from bench.aot.chips import Chip
from mtloc_jax.report.table import Column, ReportTable

SCHEMA = 2
_COMPILERS = ("jax", "jaxlib", "libtpu", "jax-cuda12-plugin", "jax-cuda12-pjrt")

_BY_HAND = (
    "a compiler does not look into the kernels of `fused`: their operands and results count once "
    "each, where they lie in memory, and their products as written"
)

Found = Sequence[tuple[Figures, list[Check]]]


def table(name: str, chip: Chip, found: Found, revisions: Mapping[str, str]) -> ReportTable:
    """Return one line a program, what is not as agreed, and which revision each is of."""
    labels = (Column("program", label=True), Column("for a", label=True))
    numbers = tuple(
        map(Column, ("runs", "MB", "operations", "MFLOP", "network's", "peak MB a run"))
    )
    lost = [
        f"NOT AS AGREED: {figures.program}: {check.name}: {check.said}"
        for figures, checks in found
        for check in checks
        if not check.passed
    ]
    free = [
        one.program
        for one, made in found
        if not one.refused and "MB" not in {check.name for check in made}
    ]
    passed = sum(check.passed for _, checks in found for check in checks)
    return ReportTable(
        f"Compiled for {name}",
        "what its compiler says of the programs; nothing ran, no figure is a time",
        (*labels, *numbers),
        tuple(_line(figures) for figures, _ in found),
        notes=(
            *lost,
            f"{passed} checks passed, {len(lost)} not: memory, collectives, float64, loops over "
            "runs, states updated in place, products, budgets",
            *([f"no budget is agreed for {', '.join(free)}"] if free else []),
            "MB through memory (caches left out) and MFLOP of products are for one of the column "
            "`for a`; operations are those begun for all runs of a chip, in one step or the whole "
            "program",
            *([_BY_HAND] if any(one.program.startswith("fused") for one, _ in found) else []),
            f"a step of one run is at best {_least_us(chip, found):.1f} us by memory's rate"
            if found
            else "nothing compiled",
            *_revision_notes(revisions),
        ),
    )


def _revision_notes(revisions: Mapping[str, str]) -> list[str]:
    of: dict[str, list[str]] = {}
    for program, revision in revisions.items():
        of.setdefault(revision, []).append(program)
    return [f"revision {revision}: {', '.join(names)}" for revision, names in of.items()]


def _least_us(chip: Chip, found: Found) -> float:
    return found[0][0].mb / chip.gb_s * 1e3


def _line(one: Figures) -> tuple[str | None, ...]:
    if one.refused:
        return (one.program, one.unit, f"{one.runs}", None, None, None, None, "does not fit")
    network = None if one.network_mflop is None else f"{one.network_mflop:.1f}"
    return (
        one.program,
        one.unit,
        f"{one.runs}",
        f"{one.mb:.3g}" if one.mb < 1 else f"{one.mb:.1f}",
        f"{one.operations:,}",
        f"{one.mflop:.1f}",
        network,
        f"{one.peak_mb:.2f}",
    )


def plain(name: str, found: Found, revisions: Mapping[str, str]) -> Mapping[str, Any]:
    """Return figures and checks as plain data, with versions of compilers and revisions of code."""
    return {
        "schema": SCHEMA,
        "chip": name,
        "versions": versions(),
        "programs": [
            asdict(figures)
            | {"revision": revisions[figures.program]}
            | {"checks": [check._asdict() for check in checks]}
            for figures, checks in found
        ],
    }


def versions() -> dict[str, str | None]:
    """Return the compilers' versions, None of those not installed."""
    return {package: _version(package) for package in _COMPILERS}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
