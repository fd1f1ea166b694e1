"""Measure training and judging side by side with PyTorch, Keras and Flax on this machine.

  python -m launch.bench                           a quarter of an hour, to results/bench
  python -m launch.bench --quick --output=DIR      two minutes: fewer sizes and rounds
  python -m launch.bench --only=training,frozen

The peers are an extra: pip install -e '.[bench]'. Those not installed are named, the rest runs.
Leave the machine alone meanwhile: ratios stand some noise, seconds do not.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from absl import flags
from rich.console import Console

from bench import figure, gates, machine
from bench.contests import Contest, Scale, all_contests
from bench.measure import hold
from bench.report import SCHEMA, Report, contest_report, gate_table, peak, table
from bench.team import Team, with_batches
from launch import cli
from mtloc_jax.errors import InputError
from mtloc_jax.files import revision, write_whole
from mtloc_jax.report import style, terminal
from mtloc_jax.report.table import ReportTable

_WIDTH = 96  # of the tables; a pipe says 80

_OUTPUT = flags.DEFINE_string("output", "results/bench", "Folder for bench.json and bench.png.")
_QUICK = flags.DEFINE_bool("quick", False, "Two minutes instead of fifteen.")
_ONLY = flags.DEFINE_list("only", [], "Contests to hold; all if empty.")


def main(argv: list[str]) -> None:
    """Hold the contests, print their tables, write the report."""
    del argv
    about = machine.about()
    console = Console(width=max(_WIDTH, Console().width))
    scale = Scale(about["cores"], about["accelerator"] is not None, _QUICK.value)
    chosen = _chosen(all_contests(scale), _ONLY.value)
    head: Report = {
        "schema": SCHEMA,
        "quick": scale.quick,
        "git_revision": revision(Path(_OUTPUT.value)),
        "machine": about,
        "versions": machine.versions(),
    }
    console.print_json(data=head)
    if about["load"] > about["cores"] / 4:
        _say(f"this machine is busy (load {about['load']}): seconds will be too long")
    contests = {}
    for report in _held(chosen):
        contests[report["name"]] = report
        _show(table(report), console)
    report = head | {"contests": contests, "gates": gates.checked(contests)}
    terminal.show(gate_table(report["gates"]), console)
    for path in _written(report, Path(_OUTPUT.value)):
        print(path)


def _chosen(contests: dict[str, Contest], names: list[str]) -> list[Contest]:
    for name in names:
        if name not in contests:
            raise InputError(f"no contest {name!r}", remedy=f"there are {', '.join(contests)}")
    return [contests[name] for name in names or contests]


def _held(contests: list[Contest]) -> Iterator[Report]:
    """Yield each contest's report."""
    peak_gflops = None
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        scratch = Path(folder)
        for contest in contests:
            ready = with_batches(contest, scratch)
            entries = hold(ready, partial(Team, scratch=scratch), _say)
            peak_gflops = peak(entries) or peak_gflops
            yield contest_report(ready, entries, peak_gflops)


def _show(found: ReportTable, console: Console) -> None:
    terminal.show(found, console)
    for note in found.notes:
        terminal.say(note, console)


def _written(report: Report, folder: Path) -> list[Path]:
    path = write_whole(folder / "bench.json", json.dumps(report, indent=1) + "\n")
    with style.drawing():
        drawn = figure.drawn(report)
        if drawn is None:
            return [path]
        style.save(drawn, folder / "bench.png")
    return [path, folder / "bench.png"]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    cli.run(main)
