"""Time the import of a trained network of 295,810 parameters and its graft onto a building.

  python -m launch.bench_surgery

Every graft runs in a process of its own; seconds are counted there, after the imports.
"""

import json
import tempfile
from pathlib import Path

from absl import flags
from rich.console import Console
from rich.table import Table

from bench import machine, surgery
from launch import cli
from mtloc_jax.files import revision, write_whole

_REPEATS = flags.DEFINE_integer("repeats", 5, "Processes for each kind of donor.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", "results/bench", "Folder for surgery.json.")


def main(argv: list[str]) -> None:
    """Measure, print and write down."""
    del argv
    about, repeats = machine.about(), int(_REPEATS.value)
    with tempfile.TemporaryDirectory() as folder:
        found = surgery.timings(Path(folder), repeats)
    Console().print(_table(found))
    report = {
        "git_revision": revision(Path(_OUTPUT.value)),
        "machine": about,
        "versions": machine.versions(("jax", "jaxlib", "flax", "numpy", "safetensors")),
        **surgery.report(found, repeats),
    }
    text = json.dumps(report, indent=1) + "\n"
    print(write_whole(Path(_OUTPUT.value) / "surgery.json", text))


def _table(found: list[surgery.Timing]) -> Table:
    table = Table("donor", "rules", *(f"{stage} s" for stage in surgery.STAGES), "all s", "slowest")
    for timing in found:
        seconds = (*timing.stages_s.values(), timing.total_s, timing.slowest_s)
        table.add_row(timing.donor, timing.rules, *(f"{x:.3f}" for x in seconds))
    return table


if __name__ == "__main__":
    cli.run(main)
