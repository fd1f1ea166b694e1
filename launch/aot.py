"""Compile every program for a chip that is not there, and check what its compiler made of it.

  python -m launch.aot --chip=h100          a minute; v5e, v5p and v6e take five
  python -m launch.aot --chip=v5e --only=training --output=results/aot

Into an OUTPUT that holds other programs of the chip, those compiled now are put beside them.
Nothing runs: no figure is a time. The compilers are extras: pip install -e '.[aot-cuda]' for h100,
'.[aot-tpu]' for the others. Exits with 0 where all is as agreed (bench/aot/budgets.json), 1 where
something is not, 77 where the compiler is not installed.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from launch import cli
from mtloc_jax.errors import InputError
from mtloc_jax.files import revision, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jax

    from bench.aot.kept import Compiled
    from mtloc_jax.report.table import ReportTable

NOT_INSTALLED = 77
CHIPS = ("h100", "v5e", "v5p", "v6e")
"""The names of bench.aot.chips.CHIPS, which need JAX."""

_CHIP = flags.DEFINE_enum("chip", None, CHIPS, "Which chip.")
_ONLY = flags.DEFINE_list("only", [], "Programs to compile; all if empty.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for CHIP.json and CHIP.md; none if absent.")


def main(argv: list[str]) -> None:
    """Compile, show the table, write it where asked, exit by what was found."""
    del argv
    name = cli.given(_CHIP)
    import jax

    from bench.aot import chips, kept

    jax.config.update("jax_platforms", "cpu")  # the chip is compiled for, not used
    try:
        devices = chips.devices(name)
    except chips.NotInstalled as lacking:
        cli.say(f"skipped: {lacking}", to_stderr=True)
        sys.exit(NOT_INSTALLED)
    path = Path(_OUTPUT.value, f"{name}.json") if _OUTPUT.value else None
    before = kept.read(path) if path else {}
    order, compiled = _compiled(name, devices)
    _show(_table(name, compiled))
    if path:
        _write(path, name, kept.merged(before, compiled, order))
    checks = [check for _, made in kept.judged(name, compiled) for check in made]
    sys.exit(0 if all(check.passed for check in checks) else 1)


def _compiled(name: str, devices: "list[jax.Device]") -> "tuple[list[str], dict[str, Compiled]]":
    """Return the programs there are, in order, and those asked for as compiled now."""
    from bench.aot import checks, chips
    from bench.aot.kept import Compiled
    from bench.aot.programs import programs

    made = programs(devices, chips.CHIPS[name].runs)
    asked = _ONLY.value or list(made)
    if unknown := [one for one in asked if one not in made]:
        raise InputError(f"no program {unknown[0]!r}", remedy=f"there are {', '.join(made)}")
    now, found = revision(Path(_OUTPUT.value) if _OUTPUT.value else None), {}
    for program in asked:
        cli.say(f"compiling {program} for {name}", to_stderr=True)
        found[program] = Compiled(checks.measured(made[program]()), now)
    return list(made), found


def _table(name: str, compiled: "Mapping[str, Compiled]") -> "ReportTable":
    from bench.aot import chips, kept
    from bench.aot.table import table

    return table(name, chips.CHIPS[name], kept.judged(name, compiled), kept.revisions(compiled))


def _show(shown: "ReportTable") -> None:
    from rich.console import Console

    from mtloc_jax.report import terminal

    console = Console()
    terminal.show(shown, console)
    for note in shown.notes:
        terminal.say(note, console)


def _write(path: Path, name: str, compiled: "Mapping[str, Compiled]") -> None:
    from bench.aot import kept
    from bench.aot.table import plain
    from mtloc_jax.report.markdown import markdown

    report = plain(name, kept.judged(name, compiled), kept.revisions(compiled))
    write_whole(path, json.dumps(report, indent=1) + "\n")
    write_whole(path.with_suffix(".md"), markdown(_table(name, compiled)))


if __name__ == "__main__":
    cli.run(main)
