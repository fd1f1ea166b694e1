"""Programs run as a user runs them, each forked from a process that has imported what they need.

Imports are most of what a program takes that only answers a mistake. Each is a process of its own
all the same, with its flags, its environment, its exit code and what it prints. JAX is imported
before the fork but not woken up.
"""

import atexit
import gc
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

Done = subprocess.CompletedProcess[str]

NUMPY_ONLY = ("mtloc_jax.report.write", "launch.cli")
ALL = (
    *NUMPY_ONLY,
    "launch.progress",
    "mtloc_jax.cards.card_page",
    "mtloc_jax.datasets.fetch",
    "mtloc_jax.sites.prepare",
    "mtloc_jax.study.study",
    "mtloc_jax.surgery.export",
    "mtloc_jax.surgery.new_network",
    "mtloc_jax.surgery.show",
    "ml_collections.config_flags",
)


def launched(program: str, *arguments: object, cwd: Path = ROOT, **environment: str) -> Done:
    """Run `python -m program arguments`, or `python program` where it ends in .py."""
    return _forked(ALL, program, arguments, cwd, environment)


def launched_without_jax(program: str, *arguments: object, **environment: str) -> Done:
    """Run `python -W error -m program arguments`; a program that imports JAX fails."""
    return _forked(NUMPY_ONLY, program, arguments, ROOT, environment)


def _forked(
    imports: tuple[str, ...],
    program: str,
    arguments: tuple[object, ...],
    cwd: Path,
    environment: dict[str, str],
) -> Done:
    parent = _parent(imports)
    assert parent.stdin is not None
    assert parent.stdout is not None
    argv = [program, *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        told = [Path(folder) / name for name in ("stdout", "stderr")]
        asked = {"argv": argv, "cwd": cwd, "told": told, "environment": environment}
        parent.stdin.write(json.dumps(asked, default=str) + "\n")
        parent.stdin.flush()
        code = int(parent.stdout.readline())
        out, err = (path.read_text(encoding="utf-8") for path in told)
    return subprocess.CompletedProcess(argv, code, out, err)


@cache
def _parent(imports: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start the process that imports and is forked; it ends when this one does."""
    strict = ["-W", "error"] if imports == NUMPY_ONLY else []
    command = [sys.executable, *strict, "-m", "tests.launched", *imports]
    parent = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(parent.communicate)
    return parent


def _next_asked() -> dict[str, Any] | None:
    """Fork for each line on stdin; return what it asks in the fork, and None at the end."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


def _become(asked: dict[str, Any]) -> int | str | None:
    """Run a program in this process; return what it exits with."""
    for number, path in enumerate((os.devnull, *asked["told"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    program, *_ = sys.argv = asked["argv"]
    try:
        if program.endswith(".py"):
            runpy.run_path(program, run_name="__main__")
        else:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as left:
        return left.code
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave(code: int | str | None) -> None:
    """End this process at once: to tear down all that was imported takes longer than to import."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        import_module(name)
    without_jax = "jax" not in sys.modules
    gc.freeze()  # else a fork's first collection copies every page
    if (asked := _next_asked()) is not None:
        code = _become(asked)
        _leave("JAX was imported" if without_jax and "jax" in sys.modules else code)
