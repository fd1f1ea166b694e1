"""Measure training and judging side by side with PyTorch, Keras and Flax on this machine.

  python -m launch.bench                           a quarter of an hour, to results/bench
  python -m launch.bench --quick --output=DIR      two minutes: fewer sizes and rounds
  python -m launch.bench --only=training,frozen
  python -m launch.bench --accelerator             under eight minutes on a GPU, contest by contest,
                                                   to results/bench/DEVICE; exit 77: there is none
  python -m launch.bench --accelerator --tiny --output=DIR        the same rehearsed on a CPU

The peers are an extra: pip install -e '.[bench]'. Those not installed are named, the rest runs.
Leave the machine alone meanwhile: ratios stand some noise, seconds do not.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from absl import flags
from rich.console import Console

from bench import figure, gates, machine
from bench.contest import Contest, Scale, Variant, in_time
from bench.contests import all_contests
from bench.measure import hold
from bench.report import SCHEMA, Report, contest_report, gate_table, table
from bench.roofline import Ceilings
from bench.team import PATIENCE_S, Team, WorkerFailed, last_lines, with_batches
from launch import cli
from mtloc_jax.errors import InputError
from mtloc_jax.files import revision, write_whole
from mtloc_jax.report import style, terminal
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.table import ReportTable

_WIDTH = 96  # of the tables; a pipe says 80
_RESULTS = "results/bench"

_OUTPUT = flags.DEFINE_string("output", None, "Folder for bench.json, bench.md and bench.png.")
_QUICK = flags.DEFINE_bool("quick", False, "Two minutes instead of fifteen.")
_ONLY = flags.DEFINE_list("only", [], "Contests to hold; all if empty.")
_ACCELERATOR = flags.DEFINE_bool("accelerator", False, "Measure a GPU or TPU, or nothing.")
_TINY = flags.DEFINE_bool("tiny", False, "With --accelerator: rehearse at sizes not worth timing.")
_LIMIT_S = flags.DEFINE_float("limit_s", None, "Begin no contest after so many seconds.")
_REDRAW = flags.DEFINE_bool("redraw", False, "Draw the figure of OUTPUT/bench.json; no more.")
_BEFORE = flags.DEFINE_string("before", "", "With --accelerator: a folder with an older mtloc_jax.")

ABSENT = 77
_ACCELERATOR_LIMIT_S, _LAST_S = 360.0, 90.0  # with the last contest all ends within eight minutes
_AMPLE = 1.2  # times as long as a contest's answers may take: with less it would end in nothing


def main(argv: list[str]) -> None:
    """Hold the contests; print each one's table and write the report as soon as it ends."""
    del argv
    if _REDRAW.value:
        _redraw(Path(_OUTPUT.value or _RESULTS))
        return
    about = machine.about()
    if _ACCELERATOR.value and about["accelerator"] is None and not _TINY.value:
        cli.say("skipped: JAX finds no accelerator here; --tiny --output=DIR rehearses on the CPU")
        sys.exit(ABSENT)
    contests, folder = _chosen(all_contests(_scale(about)), _ONLY.value), _folder(about)
    console = Console(width=max(_WIDTH, Console().width))
    report = _head(about)
    console.print_json(data=report)
    if about["load"] > about["cores"] / 4:
        _say(f"this machine is busy (load {about['load']}): seconds will be too long")
    for held in _held(contests):
        report["contests"][held["name"]] = held
        promised = gates.ON_ACCELERATOR if _ACCELERATOR.value else gates.ON_CPU
        report["gates"] = gates.checked(report["contests"], promised)
        _show(table(held), console)
        _write(report, folder)
    terminal.show(gate_table(report["gates"]), console)
    for path in (*_write(report, folder), *_drawn(report, folder)):
        print(path)


def _head(about: dict) -> Report:
    return {
        "schema": SCHEMA,
        "quick": _QUICK.value or _TINY.value,
        "git_revision": revision(Path(_OUTPUT.value or _RESULTS)),
        "machine": about,
        "versions": machine.versions(),
        "contests": {},
        "gates": [],
    }


def _scale(about: dict) -> Scale:
    there = about["accelerator"] is not None or _ACCELERATOR.value
    before = str(Path(_BEFORE.value).resolve()) if _BEFORE.value else ""
    if before and not Path(before, "mtloc_jax").is_dir():
        raise InputError("no mtloc_jax in it", remedy="git archive REV mtloc_jax", path=before)
    if not _ACCELERATOR.value and (_TINY.value or before):
        raise InputError("--tiny and --before go with --accelerator", remedy="add --accelerator")
    kernels = _TINY.value or (about["accelerator"] or "").startswith("TPU")
    return Scale(about["cores"], there, _QUICK.value, _TINY.value, before, kernels)


def _folder(about: dict) -> Path:
    if _OUTPUT.value:
        return Path(_OUTPUT.value)
    if _TINY.value:
        raise InputError("a rehearsal is no result", remedy="say where it goes: --output=DIR")
    device = re.sub(r"[^a-z0-9]+", "-", (about["accelerator"] or "").lower()).strip("-")
    return Path(_RESULTS, device) if _ACCELERATOR.value else Path(_RESULTS)


def _chosen(contests: dict[str, Contest], names: list[str]) -> list[Contest]:
    for name in names:
        if name not in contests:
            raise InputError(f"no contest {name!r}", remedy=f"there are {', '.join(contests)}")
    return [contests[name] for name in names or contests]


def _held(contests: list[Contest]) -> Iterator[Report]:
    """Yield each contest's report, as long as there is time for another."""
    ceilings, began_s = Ceilings(), time.monotonic()
    limit_s = _LIMIT_S.value or (_ACCELERATOR_LIMIT_S if _ACCELERATOR.value else float("inf"))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        scratch = Path(folder)
        for contest in contests:
            left_s = limit_s + _LAST_S - (time.monotonic() - began_s)
            if left_s < max(_LAST_S, _AMPLE * contest.answer_s):
                _say(f"{contest.name}: not held, {max(left_s, 0):.0f} s are left")
                continue
            ready = in_time(with_batches(contest, scratch), left_s)
            entries = hold(ready, partial(_started, scratch, ready.answer_s), _say)
            ceilings.learn(entries)
            yield contest_report(ready, entries, ceilings)


def _started(
    scratch: Path, answer_s: float, variant: Variant, turn: AbstractContextManager[None]
) -> Team:
    try:
        return Team(variant, scratch, turn, answer_s or PATIENCE_S)
    except WorkerFailed:
        _say(last_lines(variant, scratch))
        raise


def _show(found: ReportTable, console: Console) -> None:
    terminal.show(found, console)
    for note in found.notes:
        terminal.say(note, console)


def _write(report: Report, folder: Path) -> list[Path]:
    tables = [*map(table, report["contests"].values()), gate_table(report["gates"])]
    pages = "\n".join(map(markdown, filter(lambda one: one.lines, tables)))
    return [
        write_whole(folder / "bench.json", json.dumps(report, indent=1) + "\n"),
        write_whole(folder / "bench.md", pages),
    ]


def _drawn(report: Report, folder: Path) -> list[Path]:
    with style.drawing():
        drawn = figure.drawn(report)
        if drawn is None:
            return []
        style.save(drawn, folder / "bench.png")
    return [folder / "bench.png"]


def _redraw(folder: Path) -> None:
    try:
        report = json.loads((folder / "bench.json").read_text())
    except FileNotFoundError as error:
        raise InputError("no such file", remedy="measure first", path=error.filename) from None
    for path in _drawn(report, folder):
        print(path)


def _say(line: str) -> None:
    print(f"{time.strftime('%T')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    cli.run(main)
