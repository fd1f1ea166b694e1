"""What a zip file says it holds, believed only within bounds, before anything of it is read."""

import zipfile
from pathlib import Path

from mtloc_jax.errors import InputError

_ENCRYPTED = 0x1


def members(file: zipfile.ZipFile, path: Path, largest_bytes: int) -> list[zipfile.ZipInfo]:
    """Return the members of a zip file, which together hold at most `largest_bytes`.

    Raises InputError where they say they hold more, two have one name, or one is encrypted or
    compressed by another method than deflate.
    """
    found = file.infolist()
    held = sum(member.file_size for member in found)
    if held > largest_bytes:
        raise too_large(held, largest_bytes, path)
    names = [member.filename for member in found]
    if len(set(names)) < len(names):
        raise _refused("two arrays in it have one name", path)
    for member in found:
        if member.flag_bits & _ENCRYPTED:
            raise _refused("it is encrypted", path)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused("it is compressed by another method than deflate", path)
    return found


def too_large(held: int, largest_bytes: int, path: Path) -> InputError:
    """Return the error of a file that says it holds more than a file of its size may."""
    return InputError(
        f"says that it holds {held:,} bytes of arrays, {largest_bytes:,} are read of it at most",
        remedy="save the weights uncompressed, those of the network alone",
        path=path,
    )


def _refused(problem: str, path: Path) -> InputError:
    return InputError(
        f"cannot be read ({problem})", remedy="save the weights again by numpy.savez", path=path
    )
