"""Compile every program for a chip that is not there, and check what its compiler made of it.

  python -m launch.aot --chip=h100          a minute; v5e, v5p and v6e take five
  python -m launch.aot --chip=v5e --only=training --output=results/aot

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
from mtloc_jax.files import write_whole

if TYPE_CHECKING:
    import jax

    from bench.aot.table import Found
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

    from bench.aot import chips
    from bench.aot.table import table
    from mtloc_jax.report.markdown import markdown

    jax.config.update("jax_platforms", "cpu")  # the chip is compiled for, not used
    try:
        devices = chips.devices(name)
    except chips.NotInstalled as lacking:
        cli.say(f"skipped: {lacking}", to_stderr=True)
        sys.exit(NOT_INSTALLED)
    found = _found(name, devices)
    shown = table(name, chips.CHIPS[name], found)
    _show(shown)
    if _OUTPUT.value:
        _write(Path(_OUTPUT.value), name, found, markdown(shown))
    sys.exit(0 if all(check.passed for _, made in found for check in made) else 1)


def _found(name: str, devices: "list[jax.Device]") -> "Found":
    from bench.aot import checks, chips
    from bench.aot.programs import programs

    made, budgets = programs(devices, chips.CHIPS[name].runs), checks.budgets(name)
    asked = _ONLY.value or list(made)
    if unknown := [one for one in asked if one not in made]:
        raise InputError(f"no program {unknown[0]!r}", remedy=f"there are {', '.join(made)}")
    found = []
    for program in asked:
        cli.say(f"compiling {program} for {name}", to_stderr=True)
        figures = checks.measured(made[program]())
        found.append((figures, checks.checked(figures, chips.CHIPS[name], budgets.get(program))))
    return found


def _show(shown: "ReportTable") -> None:
    from rich.console import Console

    from mtloc_jax.report import terminal

    console = Console()
    terminal.show(shown, console)
    for note in shown.notes:
        terminal.say(note, console)


def _write(folder: Path, name: str, found: "Found", text: str) -> None:
    from bench.aot.table import plain

    write_whole(folder / f"{name}.json", json.dumps(plain(name, found), indent=1) + "\n")
    write_whole(folder / f"{name}.md", text)


if __name__ == "__main__":
    cli.run(main)
