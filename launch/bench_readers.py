"""Time the readers beside plain ways to read the same files, and measure their memory.

  python -m launch.bench_readers --data_dir=DATA

Ratios are of one run, every way in turn; seconds are CPU time.
"""

import tempfile
from pathlib import Path

from absl import flags
from rich.console import Console
from rich.table import Table

from bench import readers
from launch import cli

_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of recordings.", required=True)
_REPEATS = flags.DEFINE_integer("repeats", 5, "Times each way reads the files.", lower_bound=1)


def main(argv: list[str]) -> None:
    """Measure and print."""
    del argv
    data_dir = Path(_DATA_DIR.value)
    table = Table("files", "way", "seconds", "times ours")
    for speed in readers.speeds(data_dir, int(_REPEATS.value)):
        table.add_row(speed.files, speed.way, f"{speed.seconds:.3f}", f"{speed.to_ours:.2f}")
    Console().print(table)
    with tempfile.TemporaryDirectory() as folder:
        used = readers.memory(data_dir, Path(folder))
    print(
        f"a log of {used.file_mb:.0f} MB: {used.arrays_mb:.1f} MB of arrays, at its peak "
        f"{used.peak_mb:.1f} MB beyond the start: {used.peak_mb / used.arrays_mb:.2f} times them"
    )


if __name__ == "__main__":
    cli.run(main)
