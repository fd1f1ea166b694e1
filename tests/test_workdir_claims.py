"""One study at work in a folder at a time: living claims, stale ones, and what is merged."""

import errno
import json
import logging
import os
import platform
import shutil
import subprocess
import sys

import pytest

from mtloc_jax import rows
from mtloc_jax.errors import InputError
from mtloc_jax.study import claims, merging, workdir
from mtloc_jax.study.claims import claimed
from mtloc_jax.study.plan import plan
from mtloc_jax.study.processes import Share
from mtloc_jax.study.study import run_study
from mtloc_jax.study.workdir import CONFIG, write_json
from mtloc_jax.times import between
from tests.studies import ignore, tiny

TOLD = {"check": True, "stdout": subprocess.PIPE, "text": True}


def begins(folder, share):
    with claimed(folder, share):
        pass


def claims_in(folder):
    return sorted(path.name for path in (folder / claims.CLAIMS).iterdir())


def test_a_folder_at_work_names_host_process_and_time_and_is_free_afterwards(tmp_path):
    with claimed(tmp_path, Share()) as claim:
        assert claim.locked
        said = r": is at work under process \d+ of .+, share 0 of 1, since 20\d\d-\d\d-\d\dT.*; "
        with pytest.raises(InputError, match=said):
            begins(tmp_path, Share())
    begins(tmp_path, Share())
    assert claims_in(tmp_path) == [claims.GUARD]


@pytest.mark.parametrize(
    ("one", "other", "share_chunks"),
    [
        ((0, 1), (3, 8), True),  # all chunks
        ((0, 2), (1, 2), False),
        ((0, 2), (1, 4), False),  # chunk 1, 5, .. are odd
        ((0, 2), (2, 4), True),  # chunk 2
        ((1, 2), (1, 3), True),  # chunk 1
        ((5, 6), (2, 4), False),  # odd, and even
    ],
)
def test_processes_share_a_folder_where_no_chunk_is_both_ones(tmp_path, one, other, share_chunks):
    with claimed(tmp_path, Share(*one)):
        if share_chunks:
            with pytest.raises(InputError, match="is at work"):
                begins(tmp_path, Share(*other))
        else:
            begins(tmp_path, Share(*other))


def test_what_a_killed_process_left_claims_nothing_and_is_removed(tmp_path):
    begins(tmp_path, Share())
    left = tmp_path / claims.CLAIMS / "0-of-1.elsewhere-7-0badcafe"
    write_json(left, {"host": "elsewhere", "process": 7, "began": "2020-01-01T00:00:00+00:00"})
    begins(tmp_path, Share())
    assert not left.exists()


@pytest.fixture
def no_locks(monkeypatch):
    def unable(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(claims.fcntl, "flock", unable)


def left_by(folder, host, process, share="0-of-1"):
    """Write the claim of another process as it would have."""
    path = folder / claims.CLAIMS / f"{share}.{host}-{process}-0badcafe"
    write_json(path, {"host": host, "process": process, "began": "2020-01-01T00:00:00+00:00"})
    return path


def test_a_file_system_that_cannot_lock_is_said_and_its_files_claim(tmp_path, no_locks, caplog):
    with caplog.at_level(logging.WARNING), claimed(tmp_path, Share()) as claim:
        assert not claim.locked
        held = claims_in(tmp_path)
        with pytest.raises(InputError, match=f"process {os.getpid()} of .* if it has ended, del"):
            begins(tmp_path, Share())
        assert claims_in(tmp_path) == held
    assert "cannot lock" in caplog.text
    begins(tmp_path, Share())


def test_without_locks_an_ended_process_of_this_host_claims_nothing(tmp_path, no_locks):
    begins(tmp_path, Share())
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], **TOLD)
    left = left_by(tmp_path, platform.node(), int(ended.stdout))
    begins(tmp_path, Share())
    assert not left.exists()


def test_without_locks_what_another_host_left_is_named_and_never_removed(tmp_path, no_locks):
    begins(tmp_path, Share())
    left = left_by(tmp_path, "elsewhere", 7)
    with pytest.raises(InputError, match=rf"process 7 of elsewhere.*delete \.claims/{left.name}"):
        begins(tmp_path, Share())
    assert claims_in(tmp_path) == sorted([left.name, claims.GUARD])
    left.unlink()
    begins(tmp_path, Share())


def test_without_locks_other_shares_go_beside_each_other(tmp_path, no_locks):
    begins(tmp_path, Share())
    left_by(tmp_path, "elsewhere", 7, share="0-of-2")
    begins(tmp_path, Share(1, 2))


def test_without_locks_a_claim_that_says_nothing_yet_counts(tmp_path, no_locks):
    begins(tmp_path, Share())
    left_by(tmp_path, "elsewhere", 7).write_text("")
    with pytest.raises(InputError, match="process of an unknown number"):
        begins(tmp_path, Share())


def lost(folder, replace):
    with claimed(folder, Share()) as claim:
        claim.check()
        shutil.rmtree(folder)
        replace()
        with pytest.raises(InputError, match="was removed or replaced"):
            claim.check()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_claim_on_a_folder_that_was_removed_or_replaced_is_no_claim(tmp_path, replaced):
    folder = tmp_path / "work"
    with pytest.raises(InputError, match="was removed or replaced"):
        lost(folder, lambda: shutil.copytree(tmp_path, folder) if replaced else None)


def reads(folder, remove):
    with claimed(folder, Share()):
        if remove:
            shutil.rmtree(folder)
        (folder / "rows.csv").read_bytes()


def test_what_cannot_be_read_in_a_removed_folder_is_said_to_be_removed(tmp_path):
    with pytest.raises(InputError, match="was removed or replaced"):
        reads(tmp_path / "work", remove=True)
    with pytest.raises(FileNotFoundError):
        reads(tmp_path / "work", remove=False)


def test_a_second_start_of_a_study_writes_nothing(tmp_path):
    with claimed(tmp_path, Share()), pytest.raises(InputError, match="is at work under process"):
        run_study(tiny(arms=("scratch",)), tmp_path, ignore)
    assert {path.name for path in tmp_path.iterdir()} == {claims.CLAIMS}


ASKED = tiny(arms=("scratch",), seeds=2)


def written(folder, *runs):
    """Write a chunk with a row of the scratch arm of some seeds; no other file has rows."""
    folder.mkdir()
    for name in rows.OF_RUNS:
        rows.append(folder / name, [])
    keys = {"study": ASKED.study, "site_pair": "a,b", "arm": "scratch", "finetune_rate": 1.0}
    clean = {"split": "test", "modality": "none", "drop_rate": 0, "wipe_seed": 0, "n_windows": 9}
    metrics = dict.fromkeys(rows.METRICS, 1.5)
    (folder / rows.ROWS).unlink()
    rows.append(folder / rows.ROWS, [{**keys, "seed": s, **clean, **metrics} for s in runs])
    return folder


def merged(folder, *chunks):
    write_json(folder / CONFIG, {"config": {}})
    merging.merge(folder, chunks, plan(ASKED), {}, {})
    return rows.read(folder / rows.ROWS)["seed"].tolist()


def test_runs_are_merged_in_the_order_of_the_grid_whatever_chunk_has_them(tmp_path):
    later, sooner = written(tmp_path / "0", 1), written(tmp_path / "1", 0)
    assert merged(tmp_path, later, sooner) == [0, 1]
    assert set(rows.read(tmp_path / rows.ROWS)["site_pair"]) == {"a,b"}


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (((0, 1), (1,)), r"1/rows\.csv: quickstart, scratch 1\.0000, seed 1 is in .*0/rows\.csv"),
        (((0, 1, 0), ()), r"0/rows\.csv: .* seed 0 is in .*0/rows\.csv too"),
        (((0, 0), (1,)), r"0/rows\.csv: holds a row twice"),
        (((0, 1), (2,)), r"1/rows\.csv: .* seed 2 is no run of this study"),
        (((0,), ()), "seed 1 is in no chunk"),
    ],
)
def test_runs_that_are_double_strange_or_lacking_are_not_merged(tmp_path, runs, said):
    chunks = [written(tmp_path / str(k), *of) for k, of in enumerate(runs)]
    with pytest.raises(InputError, match=said):
        merged(tmp_path, *chunks)
    assert not (tmp_path / rows.ROWS).exists()


def test_a_line_that_is_no_row_is_not_merged(tmp_path):
    chunk = written(tmp_path / "0", 0, 1)
    with (chunk / rows.ROWS).open("a") as file:
        file.write("half a li\n")
    with pytest.raises(InputError, match="a line that is no row"):
        merged(tmp_path, chunk)


def test_what_a_chunks_card_says_has_a_digest_of_its_own(tmp_path):
    chunk = written(tmp_path / "0", 0)
    identity = workdir.Identity("ours", {"target": "it"}, ({"git_revision": "now"},))
    workdir.seal(chunk, identity, [{"seed": 0}], between(0.0, 1.5))
    assert workdir.sealed(chunk)["runs"] == [{"seed": 0}]
    text = (chunk / workdir.CHUNK).read_text()
    (chunk / workdir.CHUNK).write_text(text.replace('"seed": 0', '"seed": 1'))
    with pytest.raises(InputError, match=r"chunk\.json: is not what was saved"):
        workdir.sealed(chunk)
    said = json.loads(text)
    del said["seal"]  # as earlier versions wrote it
    write_json(chunk / workdir.CHUNK, said)
    assert workdir.sealed(chunk)["runs"] == [{"seed": 0}]
