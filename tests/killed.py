"""Run a small study while killing it at random moments: `python -m tests.killed DIR KILLS STUDY`.

STUDY is `networks`, or `walks`, which locates whole walks by networks that it trains. A moment is a
while after one of the reports that a study makes of itself. Each life is forked from this process,
which has imported JAX but not woken it up. Leaves DIR/undisturbed and DIR/killed, and prints how
many kills struck.
"""

import os
import signal
import sys
import time
from pathlib import Path

import jax
import numpy as np

from mtloc_jax.study.study import run_study
from tests.studies import located, small

STUDIES = {
    "networks": small(runs_per_chunk=2),
    "walks": located(
        arms=("cosine-held", "cosine-none-filter", "cosine-none-grid", "matcher-held"), seeds=3
    ),
}
DEVICES = 4
LONGEST_S = 0.2  # after a report: about what a chunk takes to be written


def begin(study: str, folder: Path, cache: Path) -> tuple[int, int]:
    """Start the study in a process of its own; return its id and where it writes "." a report."""
    reports, told = os.pipe()
    child = os.fork()
    if child:
        os.close(told)
        return child, reports
    status = 1
    try:
        jax.config.update("jax_num_cpu_devices", DEVICES)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.config.update("jax_compilation_cache_dir", str(cache))
        run_study(STUDIES[study], folder, lambda *_: os.write(told, b"."))
        status = 0
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """Wait for a process and return its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def heard(reports: int, most: float = np.inf) -> int:
    """Wait for `most` reports or the end of who makes them; return how many there were."""
    n = 0
    while n < most and os.read(reports, 1):
        n += 1
    return n


def main(folder: Path, kills: int, study: str) -> None:
    """Run the study undisturbed, then again with `kills` kills on the way."""
    cache, struck = folder / "cache", 0
    child, reports = begin(study, folder / "undisturbed", cache)
    n_reports = heard(reports)
    assert ended(child) == 0
    rng = np.random.default_rng(kills)
    # A life goes on where the last one ended: each has its share of the way, or the first few
    # would come to its end and leave nothing to strike.
    most = 2 + n_reports // kills
    for _ in range(kills):
        child, reports = begin(study, folder / "killed", cache)
        heard(reports, rng.integers(1, most))
        time.sleep(rng.uniform(0, LONGEST_S))
        os.kill(child, signal.SIGKILL)
        struck += ended(child) == -signal.SIGKILL
        os.close(reports)
    child, reports = begin(study, folder / "killed", cache)
    heard(reports)
    assert ended(child) == 0
    print(struck)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
