"""A file of strangers is read in a process that may be stopped: what it says and how it ends."""

import os
import subprocess
import sys

import pytest

from mtloc_jax.surgery import weight_files
from mtloc_jax.surgery.confined import MIB, Limits, ended, limits_for, run
from tests.conftest import ROOT

HARMFUL = """
import sys
from mtloc_jax.surgery.confined import MIB, Limits, confine
confine(Limits(memory_bytes=64 * MIB, cpu_s=1, wall_s=5))
if sys.argv[1] == "spin":
    while True: pass
if sys.argv[1] == "swell":
    try:
        bytearray(256 * MIB)
    except MemoryError:
        print("refused", len(bytearray(8 * MIB)) // MIB)
if sys.argv[1] == "sleep":
    import time; time.sleep(60)
if sys.argv[1] == "crash":
    import os, signal; os.kill(os.getpid(), signal.SIGSEGV)
if sys.argv[1] == "defect":
    raise RuntimeError("broken")
"""
TIGHT = Limits(64 * MIB, cpu_s=1, wall_s=5)


@pytest.fixture
def harmful(tmp_path, monkeypatch):
    (tmp_path / "harmful.py").write_text(HARMFUL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "harmful"


def computed_s():
    """Return what ended processes of this one computed, seconds: a busy machine changes nothing."""
    spent = os.times()
    return spent.children_user + spent.children_system


def test_a_reader_that_spins_is_stopped_after_the_seconds_it_may_compute(harmful):
    before_s = computed_s()
    fault = run(harmful, "spin", Limits(64 * MIB, cpu_s=1, wall_s=600)).fault
    assert fault == "its reader had not ended after 1 s of computing"
    assert computed_s() - before_s < 5


def test_a_reader_that_waits_for_ever_is_given_up(harmful):
    assert run(harmful, "sleep", Limits(64 * MIB, 1, wall_s=1)).fault == (
        "nothing was read within 1 s"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
def test_a_reader_gets_no_more_memory_than_its_limit(harmful):
    assert run(harmful, "swell", TIGHT).output == b"refused 8\n"


def test_a_reader_that_crashes_is_a_word_on_its_end(harmful):
    assert run(harmful, "crash", TIGHT).fault == "its reader crashed with signal 11"


def test_a_defect_of_the_reader_itself_is_not_taken_for_damage(harmful):
    with pytest.raises(RuntimeError, match="broken"):
        run(harmful, "defect", TIGHT)


def test_limits_grow_with_the_file():
    small, large = limits_for(100, 16 * MIB), limits_for(200 * MIB, 800 * MIB)
    assert small == Limits(112 * MIB, cpu_s=2, wall_s=60)
    assert large == Limits(2464 * MIB, cpu_s=12, wall_s=260)
    assert ended(0, b"all", small).output == b"all"


def test_a_file_may_hold_four_times_its_size_and_16_mib_in_any_case():
    assert weight_files.held_bytes(10) == 16 * MIB
    assert weight_files.held_bytes(8 * MIB) == 32 * MIB


def test_the_reader_starts_without_an_accelerators_library():
    program = (
        "import sys; import mtloc_jax.surgery.weight_files; "
        "print({'jax', 'flax', 'orbax', 'matplotlib'} & {n.split('.')[0] for n in sys.modules})"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout == "set()\n"
