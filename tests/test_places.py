"""What a disk has against a path that a user gave ends in one line; `~` is the user's home."""

import errno
import os
import subprocess
import sys

import pytest

from launch import places
from mtloc_jax.errors import InputError
from mtloc_jax.files import write_whole
from mtloc_jax.surgery.network import read_network
from tests.conftest import ROOT

LONG = "x" * 300


def run(*command, **environment):
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr


@pytest.fixture
def file(tmp_path):
    (tmp_path / "file").write_text("")
    return tmp_path / "file"


def test_home_is_where_a_shell_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places.folder("~/runs") == tmp_path / "runs"
    assert places.place("a/~b").parts == ("a", "~b")
    with pytest.raises(InputError, match=r"~nobody-at-all.*whose home this is"):
        places.place("~nobody-at-all/x")


def test_a_file_is_no_folder(file, tmp_path):
    with pytest.raises(InputError, match="file: is a file; name a folder"):
        places.folder(str(file))
    assert places.folder(str(tmp_path)) == tmp_path
    assert places.place(str(file)) == file


@pytest.mark.parametrize(
    ("below", "says"), [(LONG, "File name too long"), ("file/x", "Not a directory")]
)
def test_what_cannot_be_there_is_named(file, tmp_path, below, says):
    with pytest.raises(InputError, match=rf"cannot be used \({says}\); check the path"):
        places.place(str(tmp_path / below))


def test_a_ring_of_links_is_named(tmp_path):
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    with pytest.raises(InputError, match="Too many levels of symbolic links"):
        places.place(str(tmp_path / "ring" / "x"))


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_cannot_be_written_is_the_users_matter(number):
    found = places.as_input_error(OSError(number, os.strerror(number), "a/b.png"))
    assert str(found).startswith(f"a/b.png: cannot be used ({os.strerror(number)}); ")


def test_a_file_that_is_missing_is_a_defect_here():
    assert places.as_input_error(FileNotFoundError(errno.ENOENT, "gone", "page.css")) is None
    assert places.as_input_error(OSError(errno.ENOSPC, "full")) is None


def test_writing_where_a_file_lies_in_the_way_is_one_line(file):
    with pytest.raises(InputError, match=r"cannot write \((File exists|Not a directory)\)"):
        write_whole(file / "config.json", "")


def test_a_network_whose_name_is_too_long_is_named():
    with pytest.raises(InputError, match=r"cannot be read \(File name too long\)"):
        read_network(LONG)


@pytest.mark.parametrize(
    "command",
    [
        ["launch.prepare", "--input=FILE", "--format=csv", "--output=FILE"],
        ["launch.prepare", f"--input={LONG}", "--format=csv", "--output=x"],
        ["launch.fetch", "--source=mmloc/edinburgh", "--output=FILE/x"],
    ],
)
def test_programs_say_it_in_one_line(file, command):
    code, said = run(*(word.replace("FILE", str(file)) for word in command))
    assert code == 2
    assert said.startswith("error: ")


def test_a_disk_that_fails_a_program_on_its_way_is_one_line(tmp_path):
    program = (
        "import errno, os, sys; sys.argv = ['x']; from launch import cli\n"
        "def main(argv): raise OSError(errno.EROFS, os.strerror(errno.EROFS), 'figures/a.png')\n"
        "cli.run(main)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "figures/a.png: cannot be used (Read-only file system)" in done.stderr
