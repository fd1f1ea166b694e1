"""How time and memory grow with runs: `python -m tests.attack.scale [CASE ..]`.

A case is RUNS, RUNSxVARIANTS, or RUNS/A_CHUNK. A study of eight seeds is trained, and its chunks
are copied as those of a larger study, under other seeds or variants: what was measured is real, and
repeats. Then each step is taken in a process of its own: plan, dry run, merge, report.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench import machine
from mtloc_jax.rows import COLUMNS, OF_RUNS, TRACKS
from mtloc_jax.settings import Settings, replaced
from mtloc_jax.study import workdir
from mtloc_jax.study.chunks import NETWORKS, described
from mtloc_jax.study.opened import pair_of
from mtloc_jax.study.plan import Job, plan
from mtloc_jax.study.study import Study
from tests.studies import ignore

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 8
A_CHUNK = 64
CASES = ("2000", "20000", "100000", "10000/1", "300x100", "3000x1000")
CONFIG = {
    "simulation.round_s": 12.0,
    "hidden": 8,
    "epochs": 1,
    "pretrain_epochs": 1,
    "finetune_rates": (0.5,),
}
"""What makes a study small; it is judged as every study is."""
_CONFIG_FILE = """from ml_collections import ConfigDict
from mtloc_jax.settings import Settings, plain, replaced
def get_config():
    return ConfigDict(plain(replaced(Settings(), {changes!r})))
"""
_STEPS = {
    "plan": ("-m", "tests.attack.scale", "--plan", "{case}", "{to}"),
    "dry run": (
        "-m",
        "launch.study",
        "--quiet",
        "--dry_run",
        "--config={config}",
        "--workdir={to}",
    ),
    "merge": ("-m", "tests.attack.scale", "--merge", "{case}", "{to}"),
    "report": ("-m", "launch.report", "--workdir={to}"),
}
_WATCH = """import resource, subprocess, sys, time
began_s = time.monotonic()
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - began_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(code)
"""
"""A small process that starts a step: the most memory of one counts that of what it forks from."""
_ARMS = 3  # each with one run a seed

Lines = dict[tuple[str, int], list[tuple[bytes, bytes]]]
"""Arm and seed -> the rows of a run: what stands between study and seed, and behind them."""


@dataclass(frozen=True)
class Case:
    """Say how large a study is: its runs, its variants, and how many runs a chunk has."""

    runs: int
    variants: int = 1
    a_chunk: int = A_CHUNK

    @classmethod
    def of(cls, said: str) -> "Case":
        """Return the case that RUNS, RUNSxVARIANTS or RUNS/A_CHUNK says."""
        counts, _, a_chunk = said.partition("/")
        runs, _, variants = counts.partition("x")
        return cls(int(runs), int(variants or 1), int(a_chunk or A_CHUNK))

    @property
    def changes(self) -> dict[str, Any]:
        """Return in what its settings differ from every study's."""
        seeds = -(-self.runs // (_ARMS * self.variants))
        rates = tuple(round(0.001 * (1 + k / self.variants), 9) for k in range(self.variants))
        sweep = ({"learning_rate": rates},) if self.variants > 1 else ()
        return CONFIG | {"seeds": seeds, "runs_per_chunk": self.a_chunk, "sweep": sweep}


class Taken(NamedTuple):
    """Hold what a step took: seconds by the clock and of computing, and the most memory."""

    clock_s: float
    cpu_s: float
    memory_mib: float


class Template:
    """A trained study of a few seeds, whose rows are copied."""

    def __init__(self, folder: Path) -> None:
        """Train it where it is not there."""
        self.folder = folder
        settings = replaced(Settings(), CONFIG | {"seeds": SEEDS, "runs_per_chunk": A_CHUNK})
        Study(settings, folder, ignore).run(accept_changes=True)
        self.lines = {name: self._lines(name) for name in OF_RUNS}
        (first, *_) = sorted((folder / workdir.CHUNKS).iterdir())
        self.networks = first / NETWORKS

    def _lines(self, name: str) -> Lines:
        """Return the rows of a file; tracks are seed 0's alone."""
        found: Lines = {}
        path = self.folder / name
        for line in path.read_bytes().splitlines(keepends=True)[1:] if path.is_file() else ():
            _, pair, arm, rate, seed, rest = line.split(b",", 5)
            of_run = found.setdefault((arm.decode(), int(seed)), [])
            of_run.append((b",".join([pair, arm, rate]), rest))
        return found

    def rows(self, name: str, job: Job, study: str) -> Iterator[bytes]:
        """Yield the rows of a run, copied from one of its arm."""
        seed = job.spec.seed
        if name == TRACKS and seed:
            return
        like = (seed + sum(study.encode())) % SEEDS if seed else 0  # variants differ
        for before, behind in self.lines[name].get((job.spec.arm, like), ()):
            yield b"%b,%b,%d,%b" % (study.encode(), before, seed, behind)


def copied(case: Case, template: Template, folder: Path) -> None:
    """Write all chunks of a case as if its runs had been trained."""
    settings = replaced(Settings(), case.changes)
    study = Study(settings, folder, ignore)
    data, pair = study._digests(), pair_of(study.sites)
    folder.mkdir(parents=True)
    identity = workdir.claim(folder, settings, site_pair=pair, simulated=True, data=data)
    for chunk in study.plan.chunks:
        place = workdir.chunk_folder(folder, chunk.number)
        place.mkdir(parents=True)
        for name in OF_RUNS:
            with (place / name).open("wb") as file:
                file.write(",".join(COLUMNS[name]).encode() + b"\n")
                for job in chunk.jobs:
                    for variant in job.judged:
                        file.writelines(template.rows(name, job, variant.study(settings.study)))
        shutil.copytree(template.networks, place / NETWORKS, copy_function=os.link)
        workdir.seal(place, identity, [described(job) for job in chunk.jobs])


def taken(step: str, said: str, config: Path, to: Path) -> Taken:
    """Take a step in a process of its own; raises RuntimeError where it fails."""
    words = [word.format(case=said, config=config, to=to) for word in _STEPS[step]]
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, sys.executable, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{step} of {said}: {done.stderr[-2000:]}")
    return Taken(*map(float, done.stdout.split("\n")[-2].split()))


def measured(said: str, template: Template, folder: Path, steps: list[str]) -> Iterator[str]:
    """Yield a line of the table for each step of a case."""
    case, to = Case.of(said), folder / said.replace("/", "-by-")
    config = folder / f"{to.name}.py"
    config.write_text(_CONFIG_FILE.format(changes=case.changes))
    if not to.is_dir() and {"merge", "report"} & set(steps):
        copied(case, template, to)
    for step in steps:
        used = taken(step, said, config, to if step in ("merge", "report") else folder / "unmade")
        yield f"{said:>12}  {step:8}{used.clock_s:9.1f}{used.cpu_s:9.1f}{used.memory_mib:9.0f}"


def main(folder: Path, cases: list[str], steps: list[str]) -> None:
    """Print what each step of each case takes."""
    about = machine.about()
    versions = machine.versions(("jax", "numpy"))
    print(json.dumps({name: about[name] for name in ("cpu", "cores", "load")} | versions))
    template = Template(folder / "template")
    print(f"{'runs':>12}  {'step':8}{'clock s':>9}{'CPU s':>9}{'MiB':>9}")
    for said in cases:
        for line in measured(said, template, folder, steps):
            print(line, flush=True)


def _step(step: str, case: Case, to: Path) -> None:
    """Take a step that is a part of a program alone."""
    settings = replaced(Settings(), case.changes)
    if step == "--plan":
        plan(settings)
    else:
        Study(settings, to, ignore).run(accept_changes=True)


if __name__ == "__main__":
    if sys.argv[1:2] in (["--plan"], ["--merge"]):
        _step(sys.argv[1], Case.of(sys.argv[2]), Path(sys.argv[3]))
    else:
        _parser = argparse.ArgumentParser(description=__doc__)
        _parser.add_argument("cases", nargs="*", default=CASES)
        _parser.add_argument("--folder", type=Path, help="kept; a temporary one by default")
        _parser.add_argument("--steps", default=",".join(_STEPS))
        _asked = _parser.parse_args()
        with tempfile.TemporaryDirectory() as _own:
            main(_asked.folder or Path(_own), _asked.cases, _asked.steps.split(","))
