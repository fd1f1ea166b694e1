"""Files and folders that are whole or absent, and the revision that names the code."""

import os
import subprocess

import pytest

from mtloc_jax import files
from mtloc_jax.errors import InputError
from mtloc_jax.files import revision, sha256, whole_folder, write_whole

LAYOUT = {
    "mtloc_jax/files.py": "",
    "mtloc_jax/core/train.py": "rate = 1\n",
    "mtloc_jax/sites/site.py": "",
    "configs/quickstart.py": "",
    "launch/study.py": "",
    "pyproject.toml": "",
    ".gitignore": "/runs/\n",
}


def git(folder, *words):
    said = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *said, *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Return a committed copy of the package's layout, which `revision` takes for its own."""
    folder = tmp_path / "code"
    for name, text in LAYOUT.items():
        write_whole(folder / name, text)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    monkeypatch.setattr(files, "__file__", str(folder / "mtloc_jax" / "files.py"))
    return folder


def test_clean_code_is_named_by_its_commit(code):
    assert revision() == git(code, "rev-parse", "HEAD")[:12]
    git(code, "commit", "-q", "--allow-empty", "-m", "second")
    assert revision() == git(code, "rev-parse", "HEAD")[:12]


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_an_edit_of_any_tracked_file_is_seen_and_undone_is_not(code, name):
    clean = revision()
    (code / name).write_text(LAYOUT[name] + "# edited\n")
    edited = revision()
    assert edited.startswith(f"{clean}+changes-")
    git(code, "add", "-A")  # staged or not
    assert revision() == edited
    (code / name).write_text(LAYOUT[name] + "# otherwise\n")
    assert revision() not in (clean, edited)
    (code / name).write_text(LAYOUT[name])
    git(code, "add", "-A")
    assert revision() == clean


def test_a_new_file_is_seen_by_what_it_holds_and_an_ignored_one_is_not(code):
    clean = revision()
    write_whole(code / "runs" / "rows.csv", "1")
    assert revision() == clean
    write_whole(code / "mtloc_jax" / "core" / "new.py", "1")
    one = revision()
    write_whole(code / "mtloc_jax" / "core" / "new.py", "2")
    assert len({clean, one, revision()}) == 3


def test_a_deleted_file_is_seen(code):
    clean = revision()
    (code / "mtloc_jax" / "sites" / "site.py").unlink()
    assert revision().startswith(f"{clean}+changes-")


@pytest.mark.parametrize("name", ["work", "wörk [1]*", ":(top)"])
def test_what_a_study_writes_within_the_repository_is_no_change_of_the_code(code, name):
    clean, folder = revision(), code / "studies" / name
    write_whole(folder / "rows.csv", "1")
    assert revision(folder) == clean
    assert revision() != clean
    write_whole(code / "mtloc_jax" / "core" / "train.py", "rate = 2\n")
    assert revision(folder).startswith(f"{clean}+changes-")


def test_code_outside_git_or_in_somebody_elses_repository_is_unknown(code, tmp_path, monkeypatch):
    write_whole(code / "runs" / "site-packages" / "mtloc_jax" / "files.py", "")
    installed = code / "runs" / "site-packages" / "mtloc_jax" / "files.py"
    monkeypatch.setattr(files, "__file__", str(installed))
    assert revision() == "unknown"
    write_whole(tmp_path / "elsewhere" / "files.py", "")
    monkeypatch.setattr(files, "__file__", str(tmp_path / "elsewhere" / "files.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert revision() == "unknown"


def test_where_git_is_missing_the_revision_is_unknown(code, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert revision() == "unknown"


def test_this_very_code_has_a_revision_and_versions():
    assert files.versions().keys() == {"python", *files.PACKAGES}
    assert files.versions()["numpy"][0].isdecimal()


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path):
    path = write_whole(tmp_path / "a" / "rows.csv", "b\n")
    assert path.read_bytes() == b"b\n"
    assert sha256(path) == "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f"
    write_whole(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert [one.name for one in path.parent.iterdir()] == ["rows.csv"]


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_says_why(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "rows.csv", "old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InputError, match=r"rows\.csv: cannot write \(No space left on device\); "):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]


def test_a_folder_is_there_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "chunk"

    def stopped():
        with whole_folder(folder) as mine:
            (mine / "rows.csv").write_text("half")
            assert not folder.exists()
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        stopped()
    assert list(tmp_path.iterdir()) == []
    with whole_folder(folder) as mine:
        (mine / "rows.csv").write_text("whole")
    assert [(folder / "rows.csv").read_text(), *tmp_path.iterdir()] == ["whole", folder]


def test_of_two_processes_the_first_folder_stays(tmp_path):
    folder = tmp_path / "chunk"
    with whole_folder(folder) as mine:
        (mine / "rows.csv").write_text("one's")
        with whole_folder(folder) as other:
            (other / "rows.csv").write_text("other's")
    assert (folder / "rows.csv").read_text() == "other's"
    assert list(tmp_path.iterdir()) == [folder]


def test_digests_of_a_folder_name_what_was_altered_or_is_gone(tmp_path):
    for name in ("rows.csv", "a card.json"):
        write_whole(tmp_path / name, name)
    assert files.altered(tmp_path) == []  # nothing is recorded
    files.record_sums(tmp_path, ["rows.csv"])
    files.record_sums(tmp_path, ["a card.json"])
    checked = subprocess.run(["sha256sum", "--check", "--quiet", files.SUMS], cwd=tmp_path)
    assert checked.returncode == 0
    write_whole(tmp_path / "rows.csv", "rows.cst")
    (tmp_path / "a card.json").unlink()
    assert files.altered(tmp_path) == ["a card.json", "rows.csv"]
    write_whole(tmp_path / files.SUMS, "0123  rows.csv\n")
    with pytest.raises(InputError, match=r"SHA256SUMS:1: is damaged"):
        files.altered(tmp_path)


def test_what_a_killed_process_left_of_a_file_goes_when_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(files.platform, "node", lambda: "a-host")
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f".fig[5].svg.partial-a-host-{ended.pid}-7"
    kept = [
        tmp_path / f".fig6.svg.partial-a-host-{ended.pid}-8",  # another file's
        tmp_path / f".fig[5].svg.partial-a-host-{os.getppid()}-7",  # of one that lives
        tmp_path / f".fig[5].svg.partial-elsewhere-{ended.pid}-7",  # who knows
    ]
    for path in (left, *kept):
        path.write_text("half")
    write_whole(tmp_path / "fig[5].svg", "whole")
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "fig[5].svg"])


def test_what_a_living_process_writes_is_told_from_what_a_dead_one_left(tmp_path):
    ours = files.owned_partial(tmp_path / "rows.csv")
    assert ours != files.owned_partial(tmp_path / "rows.csv")
    name, _, _ = ours.name.rpartition("-")
    host = name.rpartition("-")[0]
    assert not files.is_being_written(ours)  # this process knows what it writes
    assert files.is_being_written(tmp_path / f"{host}-1-1")  # 1 lives as long as the machine
    assert not files.is_being_written(tmp_path / f"{host}-4194305-1")  # past the largest number
    assert not files.is_being_written(tmp_path / ".0001.partial")
