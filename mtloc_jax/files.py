"""Files and folders that are there whole or not at all, what they hash to, and what made them."""

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mtloc_jax.errors import InputError

PACKAGES = ("mtloc-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def sha256(path: Path) -> str:
    """Return the hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file whole or not at all, the same bytes on every system; return where it is.

    Raises InputError where it cannot be written; what was there before stays.
    """
    data = content.encode() if isinstance(content, str) else content
    mine = path.with_name(f".{path.name}.partial-{platform.node()}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mine.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mine.replace(path)
    except OSError as error:
        with suppress(OSError):  # what lies in the way may be a file
            mine.unlink()
        raise InputError(
            f"cannot write ({error.strerror})",
            remedy="free space, or give another folder, and run the same command again",
            path=path,
        ) from error
    return path


@contextmanager
def whole_folder(folder: Path, process: int = 0) -> Iterator[Path]:
    """Give a folder to write to that becomes `folder` when all went well, and else is gone.

    Where another process was first, its folder stays. Raises InputError where it cannot be written.
    """
    mine = partial(folder, process)
    shutil.rmtree(mine, ignore_errors=True)
    try:
        mine.mkdir(parents=True)
        yield mine
        settle(mine, folder)
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})",
            remedy="free space and run the same command again: what is finished is kept",
            path=folder,
        ) from error
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def partial(path: Path, process: int = 0) -> Path:
    """Return where a process writes what becomes `path` when it is whole."""
    return path.with_name(f".{path.name}.partial" + (f"-{process}" if process else ""))


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
