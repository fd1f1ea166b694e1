"""Whose a workdir is while a study is at work in it: two starts never do the same chunks.

Each process keeps a file in DIR/.claims that says its host, its number, when it began and its share
of the chunks, and holds the operating system's lock on it. Whatever ends the process gives the lock
up, kill -9 and a lost host included, so that what a lock is not held on is stale. Locks of whole
files work across hosts on NFS 4, and on other network file systems that are mounted with them.

Where a file system cannot lock, the files themselves claim: each process makes its own, then looks
for others, so that of two at once one sees the other at least. A process of this host that lives no
more claims nothing; of another host nobody knows, and its file is to be deleted by hand.
"""

import errno
import fcntl
import json
import logging
import math
import os
import platform
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from mtloc_jax import files
from mtloc_jax.errors import InputError
from mtloc_jax.study.processes import Share

CLAIMS, GUARD = ".claims", "guard"
WAIT_S = 60.0  # for another that is just beginning: it reads config.json and asks git
_LOOK_S = 0.05
_UNABLE = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
_NAME = re.compile(r"(\d+)-of-(\d+)\..+")


class Claim:
    """Hold a claim on a folder; `locked` is false where its file system cannot lock."""

    def __init__(self, folder: Path, path: Path, locked: bool) -> None:
        """Remember which file it is: folders of one name may be made again."""
        self.folder, self.path, self.locked = folder, path, locked
        self._known = _identity(path)

    def check(self) -> None:
        """Raise InputError where the folder was removed since, or replaced."""
        if _identity(self.path) != self._known:
            raise InputError(
                "was removed or replaced while a study was at work in it",
                remedy="run the same command again: it begins anew, or goes on with what is there",
                path=self.folder,
            )


@contextmanager
def claimed(folder: Path, share: Share) -> Iterator[Claim]:
    """Claim a process's share of the chunks of a folder, made where it is not there.

    Raises InputError where a living process has one of these chunks in its share, the folder cannot
    be written, or it was removed before the end.
    """
    try:
        (folder / CLAIMS).mkdir(parents=True, exist_ok=True)
        name = f"{share.index}-of-{share.count}.{platform.node()}-{os.getpid()}"
        path = folder / CLAIMS / f"{name}-{secrets.token_hex(4)}"
        with alone(folder), path.open("x", encoding="utf-8") as file:
            locked = _locked(file.fileno())
            file.write(json.dumps(_described(share)) + "\n")
            file.flush()
            os.fsync(file.fileno())
            # Having made a file in it, a client of NFS sees the folder as it is.
            _check_others(folder, path, share, locked)
            held = os.dup(file.fileno())
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})",
            remedy="free space, or give another --workdir",
            path=folder,
        ) from error
    if not locked:
        logging.getLogger(__name__).warning(
            "%s: this file system cannot lock; the files in %s claim, locks do not", folder, CLAIMS
        )
    claim = Claim(folder, path, locked)
    try:
        with files.never_made_again(folder):
            yield claim
        claim.check()
    except (OSError, InputError):
        claim.check()  # what was to be read or written may have gone with the folder
        raise
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(held)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time look at a claimed folder and decide on what is there.

    Raises InputError where another one keeps it for a minute.
    """
    with (folder / CLAIMS / GUARD).open("a", encoding="utf-8") as guard:
        until_s = time.monotonic() + WAIT_S
        while not _locked(guard.fileno(), unable=True):
            if time.monotonic() > until_s:
                raise InputError(
                    f"another process has been beginning here for {WAIT_S:.0f} s",
                    remedy="wait, or end it",
                    path=folder,
                )
            time.sleep(_LOOK_S)
        yield


def _check_others(folder: Path, mine: Path, share: Share, locked: bool) -> None:
    """Raise InputError where a living process shares chunks; remove claims of those that ended."""
    for path in sorted((folder / CLAIMS).iterdir()):
        found = _NAME.fullmatch(path.name)
        held = _said_if_held if locked else _said_if_living
        if path == mine or not found or not (said := held(path)):
            continue
        index, count = int(found[1]), int(found[2])
        if (index - share.index) % math.gcd(count, share.count) == 0:
            mine.unlink()
            raise InputError(
                f"is at work under process {said.get('process')} of {said.get('host')}, share "
                f"{index} of {count}, since {said.get('began')}",
                remedy="wait for it or end it; to share the work, give each process "
                "--num_processes and --process_id"
                + ("" if locked else f"; if it has ended, delete {CLAIMS}/{path.name}"),
                path=folder,
            )


def _said_if_held(path: Path) -> dict:
    """Return what a claim says whose process lives; remove one whose process has ended."""
    try:
        with path.open("r+", encoding="utf-8") as file:
            if _locked(file.fileno()):
                path.unlink(missing_ok=True)
                return {}
            said = json.loads(file.read() or "{}")
            return said if isinstance(said, dict) and said else {"process": "of an unknown number"}
    except FileNotFoundError:
        return {}
    except ValueError:
        return {"process": "of an unknown number"}


def _said_if_living(path: Path) -> dict:
    """Return what a claim says that no lock tells of; remove one of an ended process of this host.

    One that says nothing is of a process that is just beginning, or was killed then.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8") or "{}")
        if said.get("host") == platform.node() and not files.is_living(int(said["process"])):
            path.unlink(missing_ok=True)
            return {}
        return said or {"process": "of an unknown number"}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {"process": "of an unknown number"}


def _locked(descriptor: int, unable: bool = False) -> bool:
    """Lock an open file if nobody else holds it; `unable`: the answer where nothing can lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno == errno.EACCES:  # so NFS says that another holds it
            return False
        if error.errno not in _UNABLE:
            raise
        return unable
    return True


def _described(share: Share) -> dict[str, object]:
    return {
        "host": platform.node(),
        "process": os.getpid(),
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "share": f"{share.index} of {share.count}",
    }


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
