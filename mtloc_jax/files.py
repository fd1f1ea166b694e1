"""Files and folders that are there whole or not at all, what they hash to, and what made them."""

import errno
import glob
import hashlib
import itertools
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import BinaryIO

from mtloc_jax.errors import InputError

SUMS = "SHA256SUMS"
"""The digests of a folder's files."""
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")
_OWNED = re.compile(r"\..+\.partial-(.+)-(\d+)-\d+")
_numbers = itertools.count(1)
_kept: ContextVar[tuple[Path, ...]] = ContextVar("kept", default=())

PACKAGES = ("mtloc-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def sha256(path: Path) -> str:
    """Return the hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lacks(path: Path) -> str:
    """Say what is in the place of a plain file: nothing, or a folder, a device, a pipe."""
    return "is no plain file" if path.exists() else "no such file"


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file whole or not at all, the same bytes on every system; return where it is.

    Raises InputError where it cannot be written; what was there before stays.
    """
    with whole_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to that becomes `path` when all went well, and else is gone.

    What a killed process left of it half written goes too. Raises InputError where it cannot be
    written; what was there before stays.
    """
    mine = owned_partial(path)
    try:
        _make(path.parent)
        _remove_left(path)
        with mine.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        mine.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})",
            remedy="free space, or give another folder, and run the same command again",
            path=path,
        ) from error
    finally:
        with suppress(OSError):  # what lies in the way may be a file
            mine.unlink(missing_ok=True)


def record_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the digests of a folder's files into its SHA256SUMS, as `sha256sum --check` reads it.

    Those of other files stay as they are.
    """
    found = recorded_sums(folder) | {name: sha256(folder / name) for name in names}
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(found.items()))
    write_whole(folder / SUMS, text)


def recorded_sums(folder: Path) -> dict[str, str]:
    """Return the digests that a folder's SHA256SUMS records, by file; none where it has none.

    Raises InputError where it is damaged.
    """
    path = folder / SUMS
    if not path.is_file():
        return {}
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    found = [_SUM.fullmatch(line) for line in lines]
    if not all(found):
        raise InputError(
            "is damaged: it lists no digests",
            remedy="run launch.study with this --workdir again",
            path=path,
            line=found.index(None) + 1,
        )
    return {line[2]: line[1] for line in found if line}


def altered(folder: Path) -> list[str]:
    """Return the files of a folder that are not what its SHA256SUMS records, or are gone."""
    return [
        name
        for name, digest in recorded_sums(folder).items()
        if not (folder / name).is_file() or sha256(folder / name) != digest
    ]


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write to that becomes `folder` when all went well, and else is gone.

    Where another process was first, its folder stays. Raises InputError where it cannot be written.
    """
    mine = owned_partial(folder)
    try:
        _make(folder.parent)
        mine.mkdir()
        yield mine
        settle(mine, folder)
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})",
            remedy="free space and run the same command again: what is finished is kept",
            path=folder,
        ) from error
    except InputError as error:
        if not Path(error.path or "").absolute().is_relative_to(mine.absolute()):
            raise
        raise InputError(error.problem, remedy=error.remedy, path=folder) from error
    finally:
        shutil.rmtree(mine, ignore_errors=True)


@contextmanager
def never_made_again(folder: Path) -> Iterator[None]:
    """Let nothing be written below a folder that is removed meanwhile.

    It would be there again, in part, and the next start would find what it cannot go on with.
    """
    before = _kept.set((*_kept.get(), folder))
    try:
        yield
    finally:
        _kept.reset(before)


def _make(folder: Path) -> None:
    for kept in _kept.get():
        if folder.is_relative_to(kept) and not kept.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), kept)
    folder.mkdir(parents=True, exist_ok=True)


def partial(path: Path) -> Path:
    """Return where what becomes `path` when it is whole is gathered over several starts."""
    return path.with_name(f".{path.name}.partial")


def owned_partial(path: Path) -> Path:
    """Return a new name, of this process alone, for what becomes `path` when it is whole."""
    owner = f"{platform.node()}-{os.getpid()}-{next(_numbers)}"
    return path.with_name(f".{path.name}.partial-{owner}")


def is_being_written(path: Path) -> bool:
    """Say whether a partial file or folder is of a process of this host that lives."""
    writer = _writer_here(path)
    return writer is not None and writer != os.getpid() and is_living(writer)


def _remove_left(path: Path) -> None:
    """Remove what processes of this host that live no more left half written of a file."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.partial-*"):
        writer = _writer_here(left)
        if writer is not None and not is_living(writer):
            left.unlink(missing_ok=True)


def _writer_here(path: Path) -> int | None:
    """Return the process whose partial file or folder it is; None where none of this host is."""
    found = _OWNED.fullmatch(path.name)
    return int(found[2]) if found and found[1] == platform.node() else None


def is_living(process: int) -> bool:
    """Say whether a process of this host lives, whoever's it is."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it lives, and is somebody else's
        return True
    return True


def settle(mine: Path, folder: Path) -> None:
    """Rename a finished folder to its place, unless another process was first."""
    try:
        mine.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(mine)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"  # run from a folder that was not installed
    return found


def revision(apart_from: Path | None = None) -> str:
    """Return the commit of the code, with a digest of what differs from it; "unknown" outside git.

    Files that git neither tracks nor ignores count as differing; `apart_from` is a folder whose
    files do not: what a study writes is no change of the code.
    """
    here = Path(__file__).resolve().parent
    try:
        top = Path(_git(here, "rev-parse", "--show-toplevel"))
        if not _git(here, "ls-files", "--", Path(__file__).name):
            return "unknown"  # installed inside somebody else's repository
        spec = [".", *_excluded(top, apart_from)]
        commit = _git(top, "rev-parse", "HEAD")[:12]
        changed = _git(top, "diff", "HEAD", "--binary", "--", *spec)
        new = _git(top, "ls-files", "--others", "--exclude-standard", "--", *spec).split("\n")
        digests = [f"{name} {sha256(top / name)}" for name in new if (top / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    if not changed and not digests:
        return commit
    digest = hashlib.sha256("\n".join([changed, *digests]).encode()).hexdigest()
    return f"{commit}+changes-{digest[:8]}"


def _excluded(top: Path, folder: Path | None) -> list[str]:
    inside = folder is not None and folder.resolve().is_relative_to(top)
    return [f":(exclude,literal){folder.resolve().relative_to(top)}"] if folder and inside else []


def _git(here: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(here), "-c", "core.quotePath=off", *words],
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace").strip()
