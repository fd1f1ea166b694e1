"""Thousands of damaged files of weights and every trap: right, or refused in a line, and soon."""

import subprocess
import sys

import pytest

from mtloc_jax.errors import InputError
from tests.attack import weights
from tests.attack.readers import started
from tests.conftest import ROOT


@pytest.mark.slow
def test_no_damaged_file_of_weights_does_more_than_be_refused(capsys):
    # In a process of its own: it forks, which one that has woken JAX up should not.
    done = subprocess.run(
        [sys.executable, "-m", "tests.attack.table", "3600", "weights"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    said = f"\n{done.stdout}{done.stderr}"
    with capsys.disabled():
        print(said)
    assert done.returncode == 0, said


@pytest.mark.slow
def test_the_reader_that_programs_start_refuses_every_trap(tmp_path):
    for name, path in weights.traps(tmp_path).items():
        with pytest.raises(InputError) as refused:
            started(path)
        assert str(refused.value).startswith(f"{path}: "), name
    assert not (tmp_path / "unpickled").exists()
