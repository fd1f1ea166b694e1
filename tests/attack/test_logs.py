"""Thousands of damaged logs of every format: right, different where damaged, or one line, soon."""

import subprocess
import sys
from collections import Counter

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


def test_a_clock_may_move_all_scans_by_as_much_as_readers_let_pass_and_no_more():
    whole = Counter(
        [("entry", t, f"{t % 7}", -50.0, 0, 2437) for t in range(0, 60_000, 1000)]
        + [("scan", 1, t) for t in range(0, 60_000, 1000)]
        + [("accel", 1, t, 9.8) for t in range(0, 60_000, 1000)]
    )

    def moved(by_ms, kinds):
        at = {"entry": 1, "scan": 2, "accel": 2}
        return Counter(
            (*r[: at[r[0]]], r[at[r[0]]] + by_ms, *r[at[r[0]] + 1 :]) if r[0] in kinds else r
            for r in whole.elements()
        )

    def differing(found):
        return tuple(of.total() for of in logs._unmoved(found - whole, whole - found, 200))

    assert differing(moved(200, ("entry", "scan"))) == (0, 0)
    assert differing(moved(201, ("entry", "scan"))) == (120, 120)
    assert differing(moved(1, ("accel",))) == (60, 60)


@pytest.mark.slow
def test_no_damaged_log_is_read_as_another_walk(capsys):
    # In a process of its own: it forks, which one that has woken JAX up should not.
    done = subprocess.run(
        [sys.executable, "-m", "tests.attack.table", "3600", "logs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    said = f"\n{done.stdout}{done.stderr}"
    with capsys.disabled():
        print(said)
    assert done.returncode == 0, said
