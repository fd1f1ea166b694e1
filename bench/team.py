"""The parent's side of the workers: start them, ask them, time them, end them."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.contest import Contest, Variant
from bench.precision import JAX_NAMES
from bench.task import Task

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 900.0  # the slowest cold compile known takes three minutes on a quiet machine
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class WorkerFailed(Exception):
    """Say in one line why a worker gave no answer."""


class Worker:
    """Hold one worker process and the two pipes to it."""

    def __init__(
        self, task: Task, environment: Mapping[str, str], log: Path, patience_s: float
    ) -> None:
        """Start it; its libraries' output goes to the file `log`."""
        self._patience_s = patience_s
        with log.open("a", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bench.worker", task.text()],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def send(self, request: dict[str, Any]) -> None:
        """Ask for something."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerFailed(self._last_words()) from None

    def receive(self) -> dict[str, Any]:
        """Wait for the answer; raises WorkerFailed on an error, a dead worker or a silent one."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            if not ready.select(self._patience_s):
                raise WorkerFailed(f"no answer within {self._patience_s:.0f} s")
        line = self._process.stdout.readline()
        reply = json.loads(line) if line else {"error": self._last_words()}
        if "error" in reply:
            raise WorkerFailed(reply["error"])
        return reply

    def close(self) -> None:
        """End the process and wait for its end."""
        self._process.kill()
        self._process.communicate()

    def _last_words(self) -> str:
        return f"the worker died with exit code {self._process.wait()}"


class Team:
    """Hold the workers of one variant, which start every round together."""

    def __init__(
        self,
        variant: Variant,
        scratch: Path,
        turn: AbstractContextManager[None] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Start them and wait until all have done their first step, in their `turn`.

        patience_s: how long any answer may take
        """
        environment = environment_of(variant, os.environ, scratch)
        size, log = variant.task.runs, _log(variant, scratch)
        tasks = [replace(variant.task, first_run=size * k) for k in range(variant.processes)]
        self._workers = [Worker(task, environment, log, patience_s) for task in tasks]
        try:
            for worker in self._workers:
                worker.receive()
            with turn or nullcontext():
                ready = self._ask({"do": "begin"})
        except BaseException:
            self.close()
            raise
        self.compile_s = max(reply["compile_s"] for reply in ready)
        self.step_s = max(reply["step_s"] for reply in ready)

    def time(self, steps: int) -> float:
        """Return the seconds until every worker has done `steps` steps."""
        began_s = time.perf_counter()
        self._ask({"do": "time", "steps": steps})
        return time.perf_counter() - began_s

    def trace(self, steps: int) -> list[list[float]]:
        """Return the first run's outcome after each of the first `steps` steps."""
        return self._ask({"do": "trace", "steps": steps})[0]["trace"]

    def error_m(self, steps: int) -> float:
        """Return the first run's mean error after `steps` steps, metres."""
        return self._ask({"do": "error", "steps": steps})[0]["error_m"]

    def peak_mb(self) -> dict[str, float | None]:
        """Return the workers' peak memory, summed."""
        peaks = self._ask({"do": "memory"})
        host_mb = sum(peak["host_mb"] for peak in peaks)
        device = [peak["device_mb"] for peak in peaks if peak["device_mb"] is not None]
        return {"host_mb": host_mb, "device_mb": sum(device) if device else None}

    def kernels(self, steps: int) -> dict[str, Any] | None:
        """Return which kernels the first worker runs in so many steps, as bench.kernels does."""
        return self._ask({"do": "kernels", "steps": steps})[0]["kernels"]

    def moved_bytes(self) -> float | None:
        """Return what a step moves a run, as bench.kernels reads it off the compiled program."""
        return self._ask({"do": "bytes"})[0]["bytes"]

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.close()

    def _ask(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        for worker in self._workers:
            worker.send(request)
        return [worker.receive() for worker in self._workers]


def last_lines(variant: Variant, scratch: Path, lines: int = 12) -> str:
    """Return the end of what a variant's libraries said."""
    return "\n".join(_log(variant, scratch).read_text(errors="replace").splitlines()[-lines:])


def _log(variant: Variant, scratch: Path) -> Path:
    return scratch / f"{variant.name}-{variant.task.precision or 'default'}.log"


def with_batches(contest: Contest, scratch: Path) -> Contest:
    """Write down the batches our runs draw, and tell every worker of the contest where."""
    if not contest.batch_runs:
        return contest
    shape, runs, by = contest.variants[0].task.shape, contest.batch_runs, contest.written_by
    path = scratch / "-".join(map(str, (*by, *asdict(shape).values(), runs)))
    if not path.exists():
        words = [json.dumps(asdict(shape)), str(runs), str(path)]
        environment = dict(os.environ) | {"JAX_PLATFORMS": "cpu"}
        command = [sys.executable, "-m", *by, *words]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    told = [replace(one, task=replace(one.task, batches=str(path))) for one in contest.variants]
    return replace(contest, variants=tuple(told))


def environment_of(variant: Variant, inherited: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return a worker's environment: clear thread settings, caches of its own."""
    environment = {k: v for k, v in inherited.items() if k not in _THREADS}
    if variant.threads:
        environment |= dict.fromkeys(_THREADS, str(variant.threads))
    if variant.task.precision:
        environment["JAX_DEFAULT_MATMUL_PRECISION"] = JAX_NAMES[variant.task.precision]
    places = [variant.library, str(ROOT), inherited.get("PYTHONPATH", "")]
    return environment | {
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
        "JAX_NUM_CPU_DEVICES": str(variant.devices),
        "JAX_COMPILATION_CACHE_DIR": str(scratch / f"jax-{variant.name}"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "TORCHINDUCTOR_CACHE_DIR": str(scratch / f"inductor-{variant.name}"),
        # One card each: PyTorch's loops and the yardsticks know of no other.
        "CUDA_VISIBLE_DEVICES": inherited.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0],
        # Several workers share an accelerator: none may take all of its memory beforehand.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "KERAS_BACKEND": "jax",
    }
