"""Jobs: what a folder's files are called, and how they are read one after the other."""

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.jobs import Job, by_stem, read_all
from mtloc_jax.logs.lines import chunks
from mtloc_jax.simulate import building_a, simulate


def test_files_go_by_their_name_packed_or_not(tmp_path):
    for name in ("b.txt", "a.txt.gz", "notes.md", "c.csv"):
        (tmp_path / name).touch()
    paths = {"a": tmp_path / "a.txt.gz", "b": tmp_path / "b.txt"}
    assert by_stem(tmp_path, ".txt") == paths
    (tmp_path / "b.txt.gz").touch()
    with pytest.raises(InputError, match=r"b.txt.gz: lies there packed and unpacked"):
        by_stem(tmp_path, ".txt")
    with pytest.raises(InputError, match=r"no .xml file"):
        by_stem(tmp_path, ".xml")
    with pytest.raises(InputError, match="no such folder"):
        by_stem(tmp_path / "none", ".txt")
    with pytest.raises(InputError, match=r"c\.csv: is a file, no folder"):
        by_stem(tmp_path / "c.csv", ".txt")


def test_what_lies_in_a_logs_place_is_said(tmp_path):
    (tmp_path / "walk.txt").mkdir()
    with pytest.raises(InputError, match=r"walk\.txt: is no plain file"):
        next(chunks(tmp_path / "walk.txt"))
    with pytest.raises(InputError, match=r"none\.txt: no such file"):
        next(chunks(tmp_path / "none.txt"))


def test_walks_come_in_the_order_of_their_jobs_with_their_session():
    rounds = simulate(building_a(0), 0, n_rounds=3, round_s=6.0)
    jobs = [
        Job("two", None, (), lambda: rounds[:2], session=4),
        Job("one", 3, (), lambda: rounds[2]),
    ]
    told = []
    walks = read_all(jobs, lambda done, of: told.append((done, of)))
    assert [walk.name for walk in walks] == [walk.name for walk in rounds]
    assert [walk.session for walk in walks] == [4, 4, None]
    assert np.shares_memory(walks[0].mag.values, rounds[0].mag.values)
    assert told == [(1, 2), (2, 2)]
