"""A study that signals end at any moment, once or twice, says so in a line and loses nothing."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mtloc_jax.rows import CDF, ROWS, TRACKS
from tests.conftest import ROOT
from tests.test_resume import CONFIG

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
N_LIVES = 12
pytestmark = pytest.mark.usefixtures("signals_heard")


def begin(folder, work):
    """Start the study in a folder that keeps its compiled programs."""
    first, *others = CONFIG
    config = first.replace("configs/", f"{ROOT}/configs/")
    return subprocess.Popen(
        [sys.executable, "-m", "launch.study", "--quiet", f"--workdir={work}", config, *others],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def timed(process):
    began_s = time.monotonic()
    said = process.communicate()[1]
    assert process.returncode == 0, said[-2000:]
    return time.monotonic() - began_s


@pytest.mark.slow
def test_a_study_ended_by_signals_at_random_ends_with_the_same_bytes(tmp_path):
    timed(begin(tmp_path, tmp_path / "first"))  # compiles
    took_s = timed(begin(tmp_path, tmp_path / "undisturbed"))
    rng, struck = np.random.default_rng(0), 0
    for _ in range(N_LIVES):
        process, number = begin(tmp_path, tmp_path / "work"), rng.choice(SIGNALS)
        time.sleep(rng.uniform(0.05, 0.9) * took_s)
        process.send_signal(number)
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0, 0.2))
            process.send_signal(number)
        said = process.communicate(timeout=60)[1]
        if process.returncode == 0:
            continue
        struck += 1
        assert process.returncode == 128 + number, said
        assert "Traceback" not in said
        assert said.endswith("; what was written so far stays on disk\n")
    assert struck > N_LIVES // 2
    timed(begin(tmp_path, tmp_path / "work"))
    for name in (ROWS, CDF, TRACKS):
        ours, theirs = (tmp_path / of / name for of in ("work", "undisturbed"))
        assert ours.read_bytes() == theirs.read_bytes()
    assert not [path for path in (tmp_path / "work").rglob("*") if ".partial" in path.name]
