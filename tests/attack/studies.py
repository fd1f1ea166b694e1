"""Studies attacked at work and when done, as one table: `python -m tests.attack.studies [TRIES]`.

Each start is forked from this process, which has imported JAX but not woken it up. What is asked of
every attack: the start ends well or in one line, and a last start of the same command ends with the
rows of an undisturbed study, byte for byte.
"""

import os
import resource
import runpy
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

import mtloc_jax.report.write
import mtloc_jax.study.study  # noqa: F401  (forks have it already)
from launch import cli, interrupts  # noqa: F401
from mtloc_jax.rows import CDF, ROWS, TRACKS
from tests.test_resume import CONFIG

ROOT = Path(__file__).resolve().parents[2]
TRIES = 12
SLOW_S = 0.15
"""By how much each write to a slow disk is late."""

Limits = Callable[[], object]


class Bench:
    """Start studies below one folder, and remember what an undisturbed one leaves."""

    def __init__(self, folder: Path) -> None:
        """Run one study to fill the cache of compiled programs, and one to time it."""
        self.folder, self.number = folder, 0
        self.ended(self.begin(folder / "first"))
        began_s = time.monotonic()
        code, said = self.ended(self.begin(folder / "undisturbed"))
        self.took_s = time.monotonic() - began_s
        assert code == 0, said

    def begin(self, work: Path, *flags: str, limit: Limits = lambda: None) -> tuple[int, Path]:
        """Start a study in a process of its own; return its id, and where it says what it says."""
        self.number += 1
        said = self.folder / f"said-{self.number}"
        child = os.fork()
        if not child:
            os.chdir(self.folder)
            out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            config = [flag.replace("configs/", f"{ROOT}/configs/") for flag in CONFIG]
            sys.argv = ["launch.study", "--quiet", f"--workdir={work}", *config, *flags]
            limit()
            _become()
        return child, said

    def ended(self, begun: tuple[int, Path]) -> tuple[int, str]:
        """Wait for a start; return its exit code, minus the number of the signal that ended it, and
        what it said.
        """
        child, said = begun
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return code, said.read_text(encoding="utf-8", errors="replace")

    def is_over(self, begun: tuple[int, Path]) -> bool:
        """Say whether a start has come to its end, before it is asked how."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, begun[0], options) is not None

    def verdict(self, work: Path, *starts: tuple[int, str]) -> str:
        """Start once more; say what came of all starts."""
        if any("Traceback" in said for _, said in starts):
            return "traceback"
        if any(code not in (0, 2, -signal.SIGKILL) for code, _ in starts):
            return "another exit"
        if any(code == 2 and said.count("error: ") != 1 for code, said in starts):
            return "several lines"
        code, said = self.ended(self.begin(work))
        if code != 0:
            print(said[-400:])
            return "cannot go on"
        same = all(
            (work / name).read_bytes() == (self.folder / "undisturbed" / name).read_bytes()
            for name in (ROWS, CDF, TRACKS)
        )
        left = [path for path in work.rglob("*") if ".partial" in path.name]
        if left:
            print(*(path.relative_to(work) for path in left))
        return "other rows" if not same else "litter" if left else "same bytes"


def killed(bench: Bench, work: Path, rng: np.random.Generator) -> str:
    """Kill a study at any moment."""
    begun = bench.begin(work)
    time.sleep(rng.uniform(0.05, 0.95) * bench.took_s)
    os.kill(begun[0], signal.SIGKILL)
    return bench.verdict(work, bench.ended(begun))


def started_twice(bench: Bench, work: Path, rng: np.random.Generator) -> str:
    """Start a study twice on a slow disk, at once or a while apart."""
    first = bench.begin(work, limit=_slow)
    time.sleep(rng.choice([0.0, rng.uniform(0, 0.9) * bench.took_s]))
    in_turn = bench.is_over(first)  # a machine that has less to do than when it was timed
    second = bench.begin(work, limit=_slow)
    ends = [bench.ended(first), bench.ended(second)]
    if sorted(code for code, _ in ends) != ([0, 0] if in_turn else [0, 2]):
        return f"both end with {ends[0][0]}"
    return bench.verdict(work, *ends)


def started_otherwise(bench: Bench, work: Path, rng: np.random.Generator) -> str:
    """Start two studies of different settings in one folder at the same moment."""
    both = [bench.begin(work, limit=_slow), bench.begin(work, "--config.epochs=3", limit=_slow)]
    ends = [bench.ended(one) for one in both]
    if sorted(code for code, _ in ends) != [0, 2]:
        return f"both end with {ends[0][0]}"
    if ends[1][0] == 0:  # the other one was first: the folder is its
        code, said = bench.ended(bench.begin(work))
        mixed = code == 0 or "another study's rows" not in said
        return "mixed" if mixed else "same bytes"
    return bench.verdict(work, *ends)


def deleted(bench: Bench, work: Path, rng: np.random.Generator) -> str:
    """Delete the folder of a study at work."""
    begun = bench.begin(work)
    time.sleep(rng.uniform(0.2, 0.95) * bench.took_s)
    too_late = bench.is_over(begun)
    while work.exists():  # what is written meanwhile keeps a folder from going
        shutil.rmtree(work, ignore_errors=True)
    end = bench.ended(begun)
    if end[0] == 0 and not too_late and not (work / ROWS).exists():
        return "lost without a word"
    return bench.verdict(work, end)


def full(bench: Bench, work: Path, rng: np.random.Generator) -> str:
    """Let no file grow beyond some size, as a full disk does."""
    n_bytes = int(2 ** rng.uniform(8, 18))
    return bench.verdict(work, bench.ended(bench.begin(work, limit=lambda: _limited(n_bytes))))


def damaged(bench: Bench, work: Path, rng: np.random.Generator) -> str:
    """Flip, cut or delete one file of a finished study."""
    shutil.copytree(bench.folder / "undisturbed", work)
    files = sorted(path for path in work.rglob("*") if path.is_file())
    path = files[rng.integers(len(files))]
    content = bytearray(path.read_bytes())
    harm = rng.integers(3)
    if harm == 0 and content:
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content if harm == 0 else content[: len(content) // 2])
    if harm == 2:
        path.unlink()
    return bench.verdict(work)


def two_damaged(bench: Bench, work: Path, rng: np.random.Generator) -> str:
    """Damage two files of a study that was killed, and start it again."""
    begun = bench.begin(work)
    time.sleep(rng.uniform(0.3, 0.9) * bench.took_s)
    os.kill(begun[0], signal.SIGKILL)
    bench.ended(begun)
    for path in rng.permutation(sorted(p for p in work.rglob("*.csv")))[:2]:
        Path(path).write_bytes(Path(path).read_bytes()[:-7])
    return bench.verdict(work)


ATTACKS = {
    "killed": killed,
    "started twice, slow disk": started_twice,
    "started with other settings": started_otherwise,
    "folder deleted": deleted,
    "disk full": full,
    "a file damaged when done": damaged,
    "killed, then files cut": two_damaged,
}


def main(tries: int) -> bool:
    """Run every attack, print the table; say whether all ended with the same bytes."""
    found: dict[str, Counter] = {name: Counter() for name in ATTACKS}
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        for attack, run in ATTACKS.items():
            rng = np.random.default_rng(len(attack))
            for k in range(tries):
                work = bench.folder / f"{attack.replace(' ', '-').replace(',', '')}-{k}"
                found[attack][run(bench, work, rng)] += 1
                shutil.rmtree(work, ignore_errors=True)
    for attack, verdicts in found.items():
        said = ", ".join(f"{verdict} {n}" for verdict, n in verdicts.most_common())
        print(f"{attack:30}{tries:4} tries: {said}")
    return all(verdicts.keys() <= {"same bytes"} for verdicts in found.values())


def _become() -> None:
    """Run launch.study in this process and end it with its exit code."""
    code: object = 1
    try:
        runpy.run_module("launch.study", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as left:
        code = left.code
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _slow() -> None:
    before = os.fsync

    def late(descriptor: int) -> None:
        time.sleep(SLOW_S)
        before(descriptor)

    os.fsync = late


def _limited(n_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


if __name__ == "__main__":
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else TRIES))
