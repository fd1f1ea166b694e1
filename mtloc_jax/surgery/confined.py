"""Run a module in a process of its own, with limits: it reads what may be made to do harm.

A damaged file can make a library spin for ever, ask for more memory than there is, or crash. In a
process of its own that is a word on how it ended. It can still do what its user can: libraries
that read files of strangers must run nothing out of them (see SECURITY.md).
"""

import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Say how much a process may take for one file.

    memory_bytes: beyond what it holds when its libraries are there; kept where there is /proc
    cpu_s:        seconds of computing, whole ones, its start not counted
    wall_s:       seconds until it is given up, its start counted: a disk may be slow
    """

    memory_bytes: int
    cpu_s: int
    wall_s: int


@dataclass(frozen=True)
class Ended:
    """Hold how a process ended: what it wrote, and why it wrote nothing."""

    output: bytes
    fault: str | None


def limits_for(n_bytes: int, held_bytes: int) -> Limits:
    """Return what reading a file may take.

    n_bytes: its size; held_bytes: the most that its arrays may hold
    """
    mib = n_bytes // MIB
    return Limits(64 * MIB + 3 * held_bytes, cpu_s=2 + mib // 20, wall_s=60 + mib)


def run(module: str, argument: str, limits: Limits) -> Ended:
    """Run `python -m MODULE ARGUMENT` and return how it ended, within `limits.wall_s`.

    Raises RuntimeError where the module itself is at fault: it ends by an exit code.
    """
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    # HDF5 would load a filter that a file names; one thread, for each reserves memory of its own.
    alone = {"PYTHONPATH": path, "HDF5_PLUGIN_PRELOAD": "::", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", module, argument]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **alone, "OPENBLAS_NUM_THREADS": "1"},
            timeout=limits.wall_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(b"", f"nothing was read within {limits.wall_s} s")
    if done.returncode > 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode('utf-8', 'replace')}")
    return ended(done.returncode, done.stdout, limits)


def ended(returncode: int, output: bytes, limits: Limits) -> Ended:
    """Return what an exit code of 0, or of a signal as -N, means under the limits."""
    if returncode == 0:
        return Ended(output, None)
    if -returncode in (signal.SIGXCPU, signal.SIGKILL):
        return Ended(b"", f"its reader had not ended after {limits.cpu_s} s of computing")
    return Ended(b"", f"its reader crashed with signal {-returncode}")


def confine(limits: Limits) -> None:
    """Bind this process to the limits from here on; it cannot loosen them again."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    last_s = int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_s
    _lower(resource.RLIMIT_CPU, last_s, last_s + 1)
    _lower(resource.RLIMIT_CORE, 0, 0)
    held = _held_bytes()
    if held is not None:
        most = held + limits.memory_bytes
        _lower(resource.RLIMIT_DATA, most, most)


def _lower(what: int, soft: int, hard: int) -> None:
    _, bound = resource.getrlimit(what)
    if bound != resource.RLIM_INFINITY:
        soft, hard = min(soft, bound), min(hard, bound)
    resource.setrlimit(what, (soft, hard))


def _held_bytes() -> int | None:
    """Return the bytes that the limit of data counts; None on a system that does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except OSError:
        return None
    return pages * resource.getpagesize()
