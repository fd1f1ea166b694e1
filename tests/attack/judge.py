"""What a reader makes of one file, found in a forked process that may hang, swell or crash.

Fork only from a process without threads: one that has not woken JAX up.
"""

import os
import resource
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mtloc_jax.errors import InputError

_MOST_BYTES = 4 * 2**30  # however a reader swells, this machine goes on

Read = Callable[[Path], str]
"""A file -> a digest of all that was read from it; raises InputError where it is refused."""


class Verdict(StrEnum):
    """Say what came of a file; all but the first three are faults of a reader."""

    RIGHT = "right"  # what the whole file holds
    REFUSED = "refused"  # by one line that names the file
    OTHER = "other"  # taken, for something else than the whole file holds
    RAMBLED = "several lines"  # refused by a message of several lines, or without the file's name
    TRACEBACK = "traceback"
    CRASHED = "crashed"
    HUNG = "hung"
    SWELLED = "swelled"


@dataclass(frozen=True)
class Bounds:
    """Say how much a reader may take: seconds of CPU, and bytes beyond what it begins with."""

    cpu_s: float
    memory_bytes: int


@dataclass(frozen=True)
class Judged:
    """Hold a verdict, what was said or found, and what it took."""

    verdict: Verdict
    said: str
    cpu_s: float
    memory_bytes: int


def judge(read: Read, path: Path, wanted: str, bounds: Bounds) -> Judged:
    """Read a file in a forked process and judge what comes of it against what is wanted."""
    mine, theirs = os.pipe()
    before = _resident_bytes()
    child = os.fork()
    if not child:
        _tell(read, path, wanted, theirs)
    os.close(theirs)
    said = _heard(mine, child, time.monotonic() + 12 * bounds.cpu_s)
    _, status, used = os.wait4(child, 0)
    cpu_s, grown = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 - before
    verdict, _, words = said.partition(" ")
    if os.WIFSIGNALED(status):
        killed = os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXCPU)
        verdict, words = ("HUNG", "") if killed else ("CRASHED", str(os.WTERMSIG(status)))
    elif cpu_s > bounds.cpu_s:
        verdict = "HUNG"
    elif grown > bounds.memory_bytes:
        verdict = "SWELLED"
    return Judged(Verdict[verdict or "CRASHED"], words, cpu_s, max(grown, 0))


def _tell(read: Read, path: Path, wanted: str, pipe: int) -> None:
    """Read, say in one line what came of it, and end this process without a word more."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        found = read(path)
        said = "RIGHT" if found == wanted else f"OTHER {found}"
    except InputError as error:
        fit = "\n" not in str(error) and str(error).startswith(str(path))
        said = f"{'REFUSED' if fit else 'RAMBLED'} {error}"
    except BaseException as error:
        said = f"TRACEBACK {type(error).__name__}: {error}"
    os.write(pipe, said.encode("utf-8", "backslashreplace")[:4096])
    os._exit(0)


def _heard(pipe: int, child: int, until_s: float) -> str:
    """Return what the process said by then; kill it where it has said nothing."""
    with os.fdopen(pipe, "rb") as told:
        ready, _, _ = select.select([told], [], [], max(0.0, until_s - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            return ""
        return told.read().decode("utf-8", "replace")


def _resident_bytes() -> int:
    """Return what this process holds now; a forked one begins with as much."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()
