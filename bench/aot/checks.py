"""What a compiler made of a program, and whether that is as agreed."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import jax

from bench.aot.chips import Chip
from bench.aot.cost import COLLECTIVE, Cost, cost
from bench.aot.hlo import Hlo
from bench.aot.programs import Program

BUDGETS = Path(__file__).with_name("budgets.json")
LIKE_THE_NETWORK = 0.02
"""By how much products may differ from the network's: few channels are projected without one."""
_IN_PLACE = 0.98  # of the donated bytes
_SPARE = 0.1  # of a chip's memory


class Budget(NamedTuple):
    """Hold the most that a program may take.

    mb: through memory, a unit; operations: begun; peak_mb: of memory, a run
    """

    mb: float
    operations: int
    peak_mb: float


@dataclass(frozen=True)
class Figures:
    """Hold what a compiler says of one program on one chip; `refused`: why there is none.

    mb, mflop: a unit; network_mflop: what the network's products take, None where they are no
    measure; again_mflop: that are done twice by design; operations: begun in a step, or in the
    whole program; peak_mb: a run
    """

    program: str
    unit: str
    runs: int
    refused: str = ""
    mb: float = 0.0
    operations: int = 0
    mflop: float = 0.0
    network_mflop: float | None = None
    again_mflop: float = 0.0
    peak_mb: float = 0.0
    peak_gib: float = 0.0
    donated_mb: float = 0.0
    in_place_mb: float = 0.0
    collectives: list[str] = field(default_factory=list)
    float64: bool = False
    loops_over_runs: list[str] = field(default_factory=list)


class Check(NamedTuple):
    """Hold one check of one program: what was found is said either way."""

    name: str
    passed: bool
    said: str


def measured(program: Program) -> Figures:
    """Compile a program and read its figures."""
    try:
        compiled = program.compiled()
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return Figures(program.name, program.unit, program.runs, refused=str(error).split("\n")[0])
    memory = compiled.memory_analysis()
    return read(
        program, compiled.as_text(), memory.peak_memory_in_bytes, memory.alias_size_in_bytes
    )


def read(program: Program, text: str, peak_bytes: int, in_place_bytes: int) -> Figures:
    """Read the figures of a compiled program off its text.

    peak_bytes, in_place_bytes: of one device, at most at once, and of results that lie where the
        arguments did
    """
    hlo = Hlo(text)
    counted = hlo.step if program.loops else hlo.entry
    found: Cost = cost(hlo, counted)
    return Figures(
        program.name,
        program.unit,
        program.runs,
        mb=found.bytes / program.units / 1e6,
        operations=int(found.operations),
        mflop=found.flop / program.units / 1e6,
        network_mflop=None if program.flop is None else program.flop / 1e6,
        again_mflop=program.again / 1e6,
        peak_mb=peak_bytes / program.runs / 1e6,
        peak_gib=peak_bytes / 2**30,
        donated_mb=program.donated / 1e6,
        in_place_mb=in_place_bytes / 1e6,
        collectives=sorted({match.group(1) for match in COLLECTIVE.finditer(text)}),
        float64="f64[" in text,
        loops_over_runs=[
            loop.name for loop in hlo.all_loops(counted) if hlo.trips(loop) == program.runs
        ],
    )


def checked(found: Figures, chip: Chip, budget: Budget | None) -> list[Check]:
    """Hold figures against what is agreed; budget: None where nothing is."""
    if found.refused:
        return [Check("fits", False, found.refused)]
    network, rest = found.network_mflop, (1 - _SPARE) * chip.memory_gib
    checks = [
        Check("fits", found.peak_gib < rest, f"{found.peak_gib:.2f} of {chip.memory_gib} GiB"),
        Check("no collectives", not found.collectives, ", ".join(found.collectives)),
        Check("no float64", not found.float64, ""),
        Check("no loop over runs", not found.loops_over_runs, ", ".join(found.loops_over_runs)),
    ]
    if budget is not None:
        checks.append(_within("MB", found.mb, budget.mb))
        checks.append(_within("operations", found.operations, budget.operations))
        checks.append(_within("peak MB a run", found.peak_mb, budget.peak_mb))
    if found.donated_mb:
        said = f"{found.in_place_mb:.1f} of {found.donated_mb:.1f} MB"
        in_place = found.in_place_mb > _IN_PLACE * found.donated_mb
        checks.append(Check("state updated in place", in_place, said))
    if network is not None:
        said = f"{found.mflop:.1f} MFLOP, the network's {network:.1f}"
        said += f" and {found.again_mflop:.1f} again" if found.again_mflop else ""
        alike = abs(found.mflop - network - found.again_mflop) <= LIKE_THE_NETWORK * network
        checks.append(Check("products of the network", alike, said))
    return checks


def _within(name: str, found: float, most: float) -> Check:
    return Check(name, found <= most, f"{found:.4g}, at most {most:g}")


def budgets(chip: str) -> dict[str, Budget]:
    """Return what is agreed on a chip, by program; not all programs of every chip have a budget."""
    found = json.loads(BUDGETS.read_text(encoding="utf-8"))
    return {name: Budget(**one) for name, one in found.get(chip, {}).items()}
