"""A walk is located as it is heard just as the whole of it is: to the last bit."""

import os
import subprocess
import sys

import pytest

from tests import streamed
from tests.conftest import ROOT


def test_ticks_one_by_one_are_the_kalman_filter_of_the_whole_walk():
    streamed.check_kalman()


def test_steps_one_by_one_are_the_grid_filter_of_the_whole_walk():
    streamed.check_grid()


@pytest.mark.slow
def test_both_are_so_as_studies_compile_them():
    apart = {name: of for name, of in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-m", "tests.streamed"]
    done = subprocess.run(command, cwd=ROOT, env=apart, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "bit for bit\n"), done.stderr
