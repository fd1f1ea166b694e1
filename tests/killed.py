"""Run a small study while killing it at random moments: `python -m tests.killed DIR KILLS`.

Each life is forked from this process, which has imported JAX but not woken it up. Leaves
DIR/undisturbed and DIR/killed, and prints how many kills struck.
"""

import os
import signal
import sys
import time
from pathlib import Path

import jax
import numpy as np

from mtloc_jax.study.study import run_study
from tests.studies import ignore, small

DEVICES = 4


def begin(folder: Path, cache: Path) -> int:
    """Start the study in a process of its own and return its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        jax.config.update("jax_num_cpu_devices", DEVICES)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.config.update("jax_compilation_cache_dir", str(cache))
        run_study(small(runs_per_chunk=2), folder, ignore)
        status = 0
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """Wait for a process and return its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, kills: int) -> None:
    """Run the study undisturbed, then again with `kills` kills on the way."""
    cache, struck, took_s = folder / "cache", 0, 0.0
    for _ in range(2):  # the first fills the compile cache, the second says how long a life is
        began_s = time.monotonic()
        name = "undisturbed" if not took_s else "again"
        assert ended(begin(folder / name, cache)) == 0
        took_s = time.monotonic() - began_s
    rng = np.random.default_rng(kills)
    for _ in range(kills):
        child = begin(folder / "killed", cache)
        time.sleep(rng.uniform(0.1, 0.9) * took_s)
        os.kill(child, signal.SIGKILL)
        struck += ended(child) == -signal.SIGKILL
    assert ended(begin(folder / "killed", cache)) == 0
    print(struck)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
