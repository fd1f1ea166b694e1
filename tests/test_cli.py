"""What a user sees on the command line when something is wrong: one line and an exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launch import cli
from tests.conftest import ROOT
from tests.launched import Done, launched

CONFIG = """
import ml_collections
from mtloc_jax.errors import InputError

def get_config(arg=""):
    if arg == "wrong":
        raise InputError("no such argument 'wrong'", remedy="use :smoke")
    if arg == "defect":
        raise ValueError("broken")
    if arg == "typo":
        ml_collections.nothing
    return ml_collections.ConfigDict({"seeds": 3, "model": {"hidden": 128}})
"""
PROGRAM = '''"""Print the seeds.

  python program.py --config=c.py --workdir=DIR
"""
from absl import flags
from ml_collections import config_flags
from launch import cli
from mtloc_jax.errors import InputError

config = config_flags.DEFINE_config_file("config")
workdir = flags.DEFINE_string("workdir", None, "Where it goes.", required=True)

def main(argv):
    if workdir.value == "bad":
        raise InputError("no such trace", remedy="check the name", path="a.txt", line=3)
    if workdir.value == "ctrl-c":
        raise KeyboardInterrupt
    if workdir.value == "defect":
        raise RuntimeError("broken")
    print("seeds", config.value.seeds)
    while workdir.value == "endless":
        print("more", flush=True)

cli.run(main)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli")
    (path / "c.py").write_text(CONFIG)
    (path / "program.py").write_text(PROGRAM)
    return path


def run(folder: Path, *arguments: str) -> Done:
    return launched("program.py", *arguments, cwd=folder)


def test_a_good_command_runs_and_exits_0(folder: Path) -> None:
    done = run(folder, "--config=c.py", "--config.seeds=7", "--workdir=out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "seeds 7\n", "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--config=c.py", "--workdir=bad"], "error: a.txt:3: no such trace; check the name"),
        (["--config=c.py"], "error: flag --workdir=None: Flag --workdir must have a value"),
        (["--confg=c.py"], "error: Unknown command line flag 'confg'. Did you mean: config"),
        (["--config=c.py", "--workdir=o", "--config.seedz=1"], "error: unknown config field seedz"),
        (["--config=c.py", "--workdir=o", "--config.model.x=1"], "error: unknown config field x"),
        (["--config=c.py", "--workdir=o", "--config.seeds=x"], "error: flag --config.seeds=x: "),
        (["--config=gone.py", "--workdir=o"], "error: gone.py: cannot read this config file"),
        (["--config=c.py:wrong", "--workdir=o"], "error: no such argument 'wrong'; use :smoke"),
        (["--config=c.py", "--workdir=o", "extra"], "error: unexpected argument 'extra'"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(
    folder: Path, arguments: list[str], line: str
) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_ctrl_c_is_one_line_and_exit_code_130(folder: Path) -> None:
    done = run(folder, "--config=c.py", "--workdir=ctrl-c")
    assert done.returncode == 130
    assert done.stderr == "interrupted; what was written so far stays on disk\n"


def test_a_reader_that_has_enough_ends_a_program_without_a_word(folder: Path) -> None:
    command = [sys.executable, "program.py", "--config=c.py", "--workdir=endless"]
    places = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, env=places, **pipes) as program:
        assert program.stdout.readline() == b"seeds 3\n"
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == cli.ENOUGH_READ


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config=c.py", "--workdir=defect"],
        ["--config=c.py:defect", "--workdir=o"],
        ["--config=c.py:typo", "--workdir=o"],
    ],
)
def test_a_defect_keeps_its_traceback(folder: Path, arguments: list[str]) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_help_shows_the_command_and_the_flags_and_exits_0(folder: Path) -> None:
    done = run(folder, "--help")
    assert done.returncode == 0
    assert "python program.py --config=c.py --workdir=DIR" in done.stdout
    assert "--workdir: Where it goes." in done.stdout
