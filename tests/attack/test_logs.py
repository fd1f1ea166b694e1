"""Thousands of damaged logs of every format: right, different where damaged, or one line, soon."""

import subprocess
import sys

import pytest

from tests.attack import logs
from tests.conftest import ROOT


@pytest.mark.parametrize("name", logs.FORMATS)
def test_a_whole_log_holds_something_of_everything(name, tmp_path):
    folder, files = logs.folder_of(name, tmp_path)
    whole = logs.content(name, folder)
    kinds = {record[0] for record in whole}
    assert {"accel", "gyro", "mag", "waypoint"} <= kinds
    assert (name == "scenario-b") == (not {"scan", "entry"} <= kinds)
    assert logs.comparer(name, whole, cut=False)(folder) == "right"
    assert len(files) in (1, 2, 4, 6)


def test_what_damage_does_elsewhere_is_told_from_what_it_does_where_it_is(tmp_path):
    folder, (file,) = logs.folder_of("location20", tmp_path)
    whole, path = logs.content("location20", folder), tmp_path / file
    lines = path.read_text().split("\n")
    path.write_text("\n".join([*lines[:20], *lines[21:]]))
    read = logs.comparer("location20", whole, cut=False)
    assert read(folder) == "local"
    path.write_text("\n".join([*lines[:20], *lines[80:]]))
    assert read(folder) == "spread 0 60"
    assert logs.comparer("location20", whole, cut=True)(folder) == "local"


@pytest.mark.slow
def test_no_damaged_log_is_read_as_another_walk(capsys):
    # In a process of its own: it forks, which one that has woken JAX up should not.
    done = subprocess.run(
        [sys.executable, "-m", "tests.attack.table", "3600", "logs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    with capsys.disabled():
        print(f"\n{done.stdout}{done.stderr}")
    assert done.returncode == 0
