"""A signal ends a program in one line and an exit code, whenever it comes and however often."""

import os
import signal
import subprocess
import sys
import time

import pytest

from mtloc_jax.simulate import building_a, simulate
from tests.conftest import ROOT
from tests.test_prepare import write_csv

PROGRAM = '''"""Do something that a signal meets: python program.py --what=WORD."""
import ctypes, os, sys, threading, time
from absl import flags
from launch import cli, interrupts
from mtloc_jax.errors import InputError

what = flags.DEFINE_string("what", None, "What to do.")
interrupts.UNWIND_S = 60.0 if "--what=stubborn" in sys.argv else 0.5

class Swallows:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(60)

class Late:
    def __del__(self, write=os.write, sleep=time.sleep):
        write(1, b"late\\n")  # while Python is taken down
        sleep(0.5)

late = Late() if "--what=late" in sys.argv or "--what=ended" in sys.argv else None

def main(argv):
    if what.value == "ended":
        return
    if what.value == "swallow":
        Swallows()
        print("went on", flush=True)
        time.sleep(60)
        return
    if what.value == "blocked":
        print("ready", flush=True)
        lock = ctypes.create_string_buffer(64)  # C code that looks at no signal, as XLA's
        for _ in range(2):
            ctypes.CDLL(None).pthread_mutex_lock(lock)
    if what.value == "chatty":
        threading.Timer(0.2, lambda: print("a library's word", file=sys.stderr)).start()
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        if what.value == "stubborn":
            print("unwinding", flush=True)
            time.sleep(60)
        if what.value == "turned":
            raise RuntimeError("Event loop is closed")
        if what.value == "input":
            raise InputError("cannot write", remedy="free space")
        if what.value == "chatty":
            time.sleep(0.3)
        raise

cli.run(main)
'''
LINES = {
    signal.SIGINT: "interrupted; what was written so far stays on disk\n",
    signal.SIGTERM: "ended by SIGTERM; what was written so far stays on disk\n",
    signal.SIGHUP: "ended by SIGHUP; what was written so far stays on disk\n",
}


pytestmark = pytest.mark.usefixtures("signals_heard")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "program.py"
    path.write_text(PROGRAM)
    return path


def started(*command, shell=(), **options):
    return subprocess.Popen(
        [*shell, sys.executable, *map(str, command)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ended(process):
    """Return the exit code and what a process said on stderr, within seconds."""
    said = process.communicate(timeout=30)[1]
    return process.returncode, said


@pytest.mark.parametrize("number", LINES)
def test_a_signal_is_one_line_and_its_exit_code(program, number):
    process = started(program)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert ended(process) == (128 + number, LINES[number])


def test_what_was_interrupted_is_not_taken_down(program):
    process = started(program, "--what=late")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    told, said = process.communicate(timeout=30)
    assert (process.returncode, told, said) == (143, "", LINES[signal.SIGTERM])


def test_a_signal_after_the_end_changes_nothing(program):
    process = started(program, "--what=ended")
    assert process.stdout.readline() == "late\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (0, "")


@pytest.mark.parametrize("what", ["turned", "input", "chatty", "swallow", "blocked"])
def test_whatever_the_program_makes_of_it(program, what):
    process = started(program, f"--what={what}")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)  # it is in its sleep, or in the C code, by then
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, LINES[signal.SIGINT])


def test_a_second_signal_ends_a_program_that_is_unwinding(program):
    process = started(program, "--what=stubborn")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "unwinding\n"
    process.send_signal(signal.SIGINT)
    assert ended(process) == (143, LINES[signal.SIGTERM])


def test_who_ignores_hangups_goes_on(program):
    process = started(program, shell=("sh", "-c", "trap '' HUP; exec \"$@\"", "sh"))
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (143, LINES[signal.SIGTERM])


def catches(process, number):
    """Say whether a process has a handler for a signal, as Linux knows it."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        caught = next(line for line in status if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) >> (number - 1) & 1


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the moment")
@pytest.mark.parametrize("number", LINES)
def test_a_signal_while_a_program_starts_is_one_line_too(number):
    process = started("-m", "launch.report", "--workdir=nowhere")
    while not catches(process, signal.SIGHUP):  # nothing but launch itself takes that one over
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(number)
    assert ended(process) == (128 + number, LINES[number])


def test_readers_beside_it_are_silent_when_their_terminal_is_interrupted(tmp_path):
    for walk in simulate(building_a(0), 0, n_rounds=6, round_s=6.0):
        write_csv(tmp_path / "csv" / walk.name, walk)
    command = ["-m", "launch.prepare", f"--input={tmp_path / 'csv'}", "--format=csv"]
    command += [f"--output={tmp_path / 'site'}", "--workers=2"]
    process = started(*command, start_new_session=True)
    while not (tmp_path / "site" / "rounds").is_dir():  # the workers are started right after
        assert process.poll() is None
        time.sleep(0.002)
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    assert ended(process) == (130, LINES[signal.SIGINT])
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
