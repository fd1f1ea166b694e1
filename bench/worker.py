"""One worker process: become a contestant, then do as the parent asks, one JSON line at a time.

  python -m bench.worker TASK

Started by bench.team. It says when it is prepared; told {"do": "begin"} it compiles; asked
{"do": "time", "steps": n} it answers {"seconds": s}.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

from bench.judged import mean_error_m
from bench.memory import peak_mb
from bench.task import Contestant, Task


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    replies = _claim_stdout()
    try:
        began_s = time.perf_counter()
        task = Task.parsed(sys.argv[1])
        contestant = importlib.import_module(f"bench.contestants.{task.module}").contestant(task)
        _tell(replies, {"prepare_s": time.perf_counter() - began_s})
        for line in sys.stdin:
            _tell(replies, _answer(task, contestant, json.loads(line)))
    except Exception as error:
        # Whatever goes wrong in somebody else's library is part of the report, not its end.
        traceback.print_exc()
        _tell(replies, {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"})


def _claim_stdout() -> TextIO:
    """Keep the pipe to the parent for replies; what libraries print goes to stderr."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return replies


def _tell(replies: TextIO, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def _first_steps(contestant: Contestant) -> dict[str, float]:
    """Time the first step from a restart twice: the first time compiles, the second does not."""

    def one_step() -> float:
        contestant.restart()
        return _seconds(lambda: contestant.advance(1))

    first_s = _seconds(one_step)
    began_s = time.perf_counter()
    step_s = one_step()
    return {
        "compile_s": max(0.0, first_s - (time.perf_counter() - began_s)),
        "step_s": step_s,
    }


def _answer(task: Task, contestant: Contestant, request: dict[str, Any]) -> dict[str, Any]:
    match request["do"]:
        case "begin":
            return _first_steps(contestant)
        case "time":
            return {"seconds": _seconds(lambda: contestant.advance(request["steps"]))}
        case "trace":
            return {"trace": _trace(contestant, request["steps"])}
        case "error":
            contestant.restart()
            contestant.advance(request["steps"])
            return {"error_m": _error_m(task, contestant)}
        case "kernels":
            kernels = importlib.import_module("bench.kernels")
            return {"kernels": kernels.traced(contestant.advance, request["steps"])}
        case "bytes":
            kernels = importlib.import_module("bench.kernels")
            return {"bytes": kernels.moved_bytes(contestant.text(), task.runs)}
        case "memory":
            return peak_mb()
        case unknown:
            raise ValueError(f"nobody can {unknown!r}")


def _error_m(task: Task, contestant: Contestant) -> float:
    if hasattr(contestant, "error_m"):
        return contestant.error_m()
    return mean_error_m(task.shape, contestant.weights())


def _trace(contestant: Contestant, steps: int) -> list[list[float]]:
    """Return the outcome after each of the first `steps` steps."""
    contestant.restart()
    outcomes = []
    for _ in range(steps):
        contestant.advance(1)
        outcomes.append(contestant.outcome())
    return outcomes


def _seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


if __name__ == "__main__":
    main()
