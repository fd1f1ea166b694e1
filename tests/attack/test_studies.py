"""Studies killed, doubled, deleted, damaged and without room: the same bytes in the end."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

TRIES = 2  # of each attack: a start takes seconds


@pytest.mark.slow
def test_whatever_befalls_a_study_its_rows_are_those_of_an_undisturbed_one(capsys):
    done = subprocess.run(
        [sys.executable, "-m", "tests.attack.studies", str(TRIES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    said = f"\n{done.stdout}{done.stderr[-2000:]}"
    with capsys.disabled():
        print(said)
    assert done.returncode == 0, said
