"""Files and folders that a user names, and what a disk has against them, in one line."""

import errno
from pathlib import Path

from mtloc_jax.errors import InputError

_OF_THE_DISK = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EFBIG,
    errno.EIO,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
}


def place(name: str) -> Path:
    """Return the file or folder that a flag names; `~` is the user's home, as in a shell.

    Raises InputError where nothing can be there: a name too long, a file in the way, no right to
    look.
    """
    try:
        path = Path(name).expanduser()
        path.exists()
        path.lstat()
    except FileNotFoundError:
        return path
    except RuntimeError as error:  # no such user, or no home
        raise InputError(
            "whose home this is, nobody knows", remedy="write it without ~", path=name
        ) from error
    except OSError as error:
        raise as_input_error(error, path) or error from error
    return path


def folder(name: str) -> Path:
    """Return the folder that a flag names, there or still to be made; raises as `place`, and where
    it is a file.
    """
    path = place(name)
    if path.exists() and not path.is_dir():
        raise InputError("is a file", remedy="name a folder", path=path)
    return path


def as_input_error(error: OSError, path: Path | str | None = None) -> InputError | None:
    """Return what a disk has against a file as the user's matter; None where it is a defect."""
    where = error.filename if path is None else path
    if error.errno not in _OF_THE_DISK or where is None:
        return None
    return InputError(
        f"cannot be used ({error.strerror})",
        remedy="check the path, its rights and its disk, or name another; then run it again",
        path=where if isinstance(where, str | Path) else None,
    )
