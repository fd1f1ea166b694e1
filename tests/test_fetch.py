"""Fetching public sources: what is refused, what is kept, and that readers find what came."""

import csv
import errno
import functools
import gzip
import hashlib
import http.server
import json
import socket
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mtloc_jax.datasets import fetch as fetching
from mtloc_jax.datasets.fetch import FETCHED, fetch
from mtloc_jax.datasets.sources import SOURCES, Source, SourceFile
from mtloc_jax.errors import InputError
from mtloc_jax.sites import buildings
from mtloc_jax.sites.recordings import open_recordings
from tests.conftest import ROOT
from tests.launched import launched

TEXT = b"t,x,y\n" + b"0,1,2\n" * 100_000


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve a folder; a path with `cut` ends early."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(self.path)
        if "cut" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", str(len(TEXT)))
            self.end_headers()
            self.wfile.write(TEXT[:1000])
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Return a folder, and the address it is served at."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Handler, "asked", [])
    serve = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def source_of(*files):
    return Source("office/west", "walks", "MIT", "http://127.0.0.1/about", files)


def known(name, address, content=TEXT):
    return SourceFile(name, address, len(content), hashlib.sha256(content).hexdigest())


def nothing_is_there(data):
    """Say whether no file lies below DATA, nor half of one."""
    return not [path for path in data.rglob("*") if path.is_file()]


def test_a_source_lands_in_its_folder_with_a_record_of_what_came(served, tmp_path):
    folder, here = served
    (folder / "a.csv").write_bytes(TEXT)
    (folder / "b.csv").write_bytes(b"other")
    files = (known("floor/a.csv", f"{here}/a.csv"), SourceFile("b.csv", f"{here}/b.csv", None, ""))
    told = []
    where = fetch(source_of(*files), tmp_path / "data", lambda *of: told.append(of))
    assert where == tmp_path / "data" / "office" / "west"
    assert (where / "floor" / "a.csv").read_bytes() == TEXT
    record = json.loads((where / FETCHED).read_text())
    assert record["licence"] == "MIT"
    assert record["files"]["floor/a.csv"]["checked"]
    assert record["files"]["b.csv"] == {
        "address": f"{here}/b.csv",
        "bytes": 5,
        "sha256": hashlib.sha256(b"other").hexdigest(),
        "checked": False,
    }
    assert ("floor/a.csv", len(TEXT), len(TEXT)) in told
    assert sorted(path.name for path in where.parent.iterdir()) == ["west"]


def test_what_was_fetched_is_not_fetched_again(served, tmp_path):
    folder, here = served
    (folder / "a.csv").write_bytes(TEXT)
    source = source_of(known("a.csv", f"{here}/a.csv"))
    assert fetch(source, tmp_path) == fetch(source, tmp_path)
    assert Handler.asked == ["/a.csv"]


def test_after_a_fault_only_what_is_missing_is_fetched(served, tmp_path):
    folder, here = served
    (folder / "a.csv").write_bytes(TEXT)
    source = source_of(known("a.csv", f"{here}/a.csv"), known("b.csv", f"{here}/b.csv"))
    with pytest.raises(InputError, match=r"b\.csv: cannot be fetched \(404 File not found\)"):
        fetch(source, tmp_path)
    assert not (tmp_path / "office" / "west").exists()
    (folder / "b.csv").write_bytes(TEXT)
    assert (fetch(source, tmp_path) / "b.csv").read_bytes() == TEXT
    assert Handler.asked == ["/a.csv", "/b.csv", "/b.csv"]


def test_a_file_from_before_that_was_changed_is_fetched_again(served, tmp_path):
    folder, here = served
    (folder / "a.csv").write_bytes(TEXT)
    kept = tmp_path / "office" / ".west.partial" / "a.csv"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(TEXT[:-1] + b"!")
    where = fetch(source_of(known("a.csv", f"{here}/a.csv")), tmp_path)
    assert (where / "a.csv").read_bytes() == TEXT


def faults(here):
    """Return what may be wrong with a file, with what is said of it."""
    return {
        "cut": (known("a", f"{here}/cut"), r"cut: ended after 1,000 of 600,006 bytes; run the"),
        "longer": (known("a", f"{here}/a", TEXT[:500]), "not the file that was published"),
        "changed": (
            replace(known("a", f"{here}/a"), sha256="0" * 64),
            r"/a: is not the file that was published \(600,006 bytes of 600,006, sha256 \w{16}, "
            r"not 0{16}\); it was changed",
        ),
        "absent": (known("a", f"{here}/none"), r"none: cannot be fetched \(404 File not found\)"),
        "no such address": (known("a", "nowhere"), r"nowhere: cannot be fetched \(unknown url"),
        "no such file": (known("a", "file:///none/here"), r"cannot be fetched \(.*No such file"),
        "refused": (known("a", "http://127.0.0.1:1/a"), r"cannot be fetched \(Connection refused"),
    }


@pytest.mark.parametrize("fault", faults(""))
def test_a_bad_download_is_one_line_and_leaves_nothing(served, tmp_path, fault):
    folder, here = served
    (folder / "a").write_bytes(TEXT)
    file, said = faults(here)[fault]
    with pytest.raises(InputError, match=said) as told:
        fetch(source_of(file), tmp_path / "data")
    assert "\n" not in str(told.value)
    assert nothing_is_there(tmp_path / "data")


def test_an_address_that_stays_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        with pytest.raises(InputError, match=r"cannot be fetched \(timed out\)"):
            fetch(source_of(known("a", address)), tmp_path, timeout_s=0.2)
    assert nothing_is_there(tmp_path)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    def full(file, timeout_s):
        yield b"first", None
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "_blocks", full)
    with pytest.raises(InputError, match=r"cannot write \(No space left on device\); free space"):
        fetch(source_of(known("a", "file:///a")), tmp_path)
    assert nothing_is_there(tmp_path)


def test_a_folder_that_was_not_fetched_is_left_alone(tmp_path):
    mine = tmp_path / "office" / "west" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match="is here already, and was not fetched; move it away"):
        fetch(source_of(known("a", "file:///a")), tmp_path)
    assert mine.read_text() == "mine"


def test_a_source_without_an_address_says_where_people_get_it(tmp_path):
    with pytest.raises(InputError, match=r"no address to fetch from; .*127\.0\.0\.1/about"):
        fetch(source_of(), tmp_path)


def packed(path, **contents):
    """Write a zip archive and return its address; names may hold what file systems do not."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path.as_uri()


def archive_of(address, name=""):
    return source_of(SourceFile(name, address, None, ""))


def test_an_archive_is_unpacked(tmp_path):
    address = packed(tmp_path / "a.zip", **{"top/floor/a.csv": TEXT, "top/b.csv": b"b", "c": b"c"})
    where = fetch(archive_of(address), tmp_path / "data")
    assert (where / "top" / "floor" / "a.csv").read_bytes() == TEXT
    assert sorted(path.name for path in where.iterdir()) == ["c", FETCHED, "top"]


def test_a_part_of_an_archive_is_unpacked_where_readers_look(tmp_path):
    address = packed(tmp_path / "a.zip", **{"a 1/floor/a.csv": TEXT, "a 12/b.csv": b"b"})
    where = fetch(archive_of(f"{address}#a%201/floor", "site1/"), tmp_path / "data")
    files = [path.relative_to(where) for path in where.rglob("*") if path.is_file()]
    assert sorted(map(str, files)) == [FETCHED, "site1/a.csv"]


def linked(path):
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good", b"good")
        archive.writestr(info, "/etc/passwd")
    return path.as_uri()


def spoilt(path):
    packed(path, **{"a.csv": TEXT, "b.csv": TEXT})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return path.as_uri()


def written(path, content):
    path.write_bytes(content)
    return path.as_uri()


ARCHIVES = {
    "above": (lambda path: packed(path, **{"a": b"a", "../../b": b"b"}), "outside the folder"),
    "rooted": (lambda path: packed(path, **{"a": b"a", "/tmp/b": b"b"}), "outside the folder"),
    "backslashes": (lambda path: packed(path, **{"a\\..\\..\\b": b"b"}), "outside the folder"),
    "drive": (lambda path: packed(path, **{"C:/b": b"b"}), "outside the folder"),
    "link": (linked, "link: is a link or a device, nothing of the archive was kept"),
    "spoilt": (spoilt, "is damaged or cannot be unpacked"),
    "no zip": (lambda path: written(path, TEXT), "is damaged or cannot be unpacked"),
    "empty": (packed, "holds no file in ''"),
    "other part": (lambda path: packed(path, a=b"a") + "#floor", "holds no file in 'floor'"),
}


@pytest.mark.parametrize("fault", ARCHIVES)
def test_a_bad_archive_is_one_line_and_leaves_nothing(tmp_path, fault):
    make, said = ARCHIVES[fault]
    address = make(tmp_path / "a.zip")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=said) as told:
        fetch(archive_of(address), tmp_path / "data")
    assert "\n" not in str(told.value)
    assert nothing_is_there(tmp_path / "data")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} <= before


def test_a_disk_that_fills_while_unpacking_leaves_nothing(tmp_path, monkeypatch):
    def full(content, out, length):
        out.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    address = packed(tmp_path / "a.zip", **{"a": TEXT})
    monkeypatch.setattr(fetching.shutil, "copyfileobj", full)
    with pytest.raises(InputError, match="cannot write"):
        fetch(archive_of(address), tmp_path / "data")
    assert nothing_is_there(tmp_path / "data")


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_says_licence_and_address_and_stays_in_its_folder(name):
    source = SOURCES[name]
    assert source.licence
    assert source.page.startswith("https://")
    assert len({file.name for file in source.files}) == len(source.files) > 0
    for file in source.files:
        assert file.address.startswith(("https://", "file://"))
        assert not Path(file.name).is_absolute()
        assert ".." not in Path(file.name).parts
        assert (file.n_bytes is None) == (not file.sha256)
        if file.address.startswith("file://"):
            content = Path(file.address.removeprefix("file://")).read_bytes()
            assert known(file.name, file.address, content) == file


def test_every_named_building_has_a_source():
    for building in buildings.BUILDINGS.values():
        assert [name for name in SOURCES if f"{building.folder}/".startswith(f"{name}/")] or [
            name for name in SOURCES if name.startswith(f"{building.folder}/")
        ]


@pytest.mark.parametrize("name", ["location20", "mmloc"])
def test_checksums_are_those_of_the_tfds_sets(name):
    table = ROOT / "mtloc_jax" / "datasets" / name / "checksums.tsv"
    ours = {
        file.address: file for source in SOURCES.values() for file in source.files if file.sha256
    }
    for address, n_bytes, sha256, _ in csv.reader(table.read_text().splitlines(), delimiter="\t"):
        assert (ours[address].n_bytes, ours[address].sha256) == (int(n_bytes), sha256)


def unpacked(path):
    """Return the bytes of a file as published: `path`, or `path`.gz without its packing."""
    if path.is_file():
        return path.read_bytes()
    return gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())


@pytest.mark.parametrize("name", [name for name in SOURCES if SOURCES[name].checked > 1])
def test_checksums_are_of_the_files_at_hand(name, data_dir):
    for file in SOURCES[name].files[::7]:
        if file.sha256 and file.address.startswith("https") and "_whole" not in name:
            assert known(file.name, file.address, unpacked(data_dir / name / file.name)) == file


@pytest.mark.parametrize(
    ("building", "sources"),
    [
        ("location20/site2/F1", ["indoor_location_20"]),
        ("mmloc/bucharest", ["mmloc/bucharest"]),
        pytest.param(
            "mmloc/edinburgh-raw",
            ["mmloc/edinburgh_raw", "mmloc/edinburgh_raw_more"],
            marks=pytest.mark.slow,
        ),
        pytest.param("ipin2023/floor_0", ["ipin2023_track3"], marks=pytest.mark.slow),
    ],
)
def test_readers_open_what_was_fetched(building, sources, data_dir, tmp_path):
    mirror, data = tmp_path / "mirror", tmp_path / "data"
    for name in sources:
        fetch(mirrored(SOURCES[name], data_dir / name, mirror), data)
    found, shared = (open_recordings(building, str(place)) for place in (data, data_dir))
    assert found.digest == shared.digest


def mirrored(source, at_hand, mirror):
    """Return a source whose files lie unpacked in a folder on this disk."""
    files = []
    for file in source.files:
        if file.address.startswith("https"):
            path = mirror / source.name / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(unpacked(at_hand / file.name))
            file = replace(file, address=path.as_uri())
        files.append(file)
    return replace(source, files=tuple(files))


def run(*arguments):
    return launched("launch.fetch", *arguments)


def test_the_command_lists_every_source():
    done = run("--list")
    assert (done.returncode, done.stderr) == (0, "")
    for source in SOURCES.values():
        assert f"{source.name}: {source.what}\n  licence: {source.licence}\n" in done.stdout
    assert "17.6 MB, 15 of 15 files with their SHA-256" in done.stdout
    assert "size unknown, 106 of 835 files" in done.stdout


def test_the_command_lists_the_files_of_a_source():
    lines = run("--list", "--source=mmloc/edinburgh_raw_more").stdout.splitlines()
    assert [len(line.split()[0]) for line in lines[4:]] == [64] * 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "error: --source is missing"),
        (["--source=mmloc/edinburg"], "did you mean 'mmloc/edinburgh'?"),
        (["--source=mmloc/edinburgh"], "error: --output is missing"),
    ],
)
def test_a_wrong_command_is_one_line(arguments, said):
    done = run(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


def test_the_command_fetches(tmp_path):
    (tmp_path / "a.csv").write_bytes(TEXT)
    source = source_of(known("a.csv", (tmp_path / "a.csv").as_uri()))
    program = (
        "import sys; from launch import cli, fetch; from mtloc_jax.datasets.sources import *; "
        f"fetch.SOURCES['office/west'] = {source!r}; cli.run(fetch.main)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--source=office/west", f"--output={tmp_path}/data"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"office/west: 1 of 1 files with their SHA-256, in {tmp_path}/data/office/west\n"
        "licence: MIT; http://127.0.0.1/about\n"
    )
