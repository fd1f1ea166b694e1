"""Time the readers beside plain ways to read the same files, and measure their memory.

  python -m launch.bench_readers --data_dir=DATA

Ratios are of one run, every way in turn; seconds are CPU time. pandas takes part where it is
installed.
"""

import json
import tempfile
from pathlib import Path

from absl import flags
from rich.console import Console
from rich.table import Table

from bench import machine, readers
from launch import cli
from mtloc_jax.files import revision, write_whole

_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of recordings.", required=True)
_REPEATS = flags.DEFINE_integer("repeats", 5, "Times each way reads the files.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", "results/bench", "Folder for readers.json.")


def main(argv: list[str]) -> None:
    """Measure, print and write down."""
    del argv
    data_dir, about = Path(_DATA_DIR.value), machine.about()
    speeds = readers.speeds(data_dir, int(_REPEATS.value))
    Console().print(_table(speeds))
    with tempfile.TemporaryDirectory() as folder:
        used = readers.memory(data_dir, Path(folder))
    print(
        f"a log of {used.file_mb:.0f} MB: {used.arrays_mb:.1f} MB of arrays, at its peak "
        f"{used.peak_mb:.1f} MB beyond the start: {used.times_arrays:.2f} times them"
    )
    report = {
        "git_revision": revision(Path(_OUTPUT.value)),
        "machine": about,
        "versions": machine.versions(("numpy", "pandas")),
        "speeds": [speed._asdict() for speed in speeds],
        "memory": used._asdict() | {"times_arrays": used.times_arrays},
    }
    text = json.dumps(report, indent=1) + "\n"
    print(write_whole(Path(_OUTPUT.value) / "readers.json", text))


def _table(speeds: list[readers.Speed]) -> Table:
    table = Table("files", "way", "seconds", "times ours")
    for speed in speeds:
        table.add_row(speed.files, speed.way, f"{speed.seconds:.3f}", f"{speed.to_ours:.2f}")
    return table


if __name__ == "__main__":
    cli.run(main)
