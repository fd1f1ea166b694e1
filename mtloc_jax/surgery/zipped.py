"""What a zip file says it holds, believed only within bounds, before anything of it is read."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from mtloc_jax.errors import InputError

_ENCRYPTED = 0x1
_HEADER_BYTES, _LENGTHS_AT = 30, 26  # of a member's own header, before its name and extra field
_DESCRIPTOR_BYTES = 24  # that may follow a member


def members(file: zipfile.ZipFile, path: Path, largest_bytes: int) -> list[zipfile.ZipInfo]:
    """Return the members of a zip file, which together hold at most `largest_bytes`.

    Raises InputError where they say they hold more, two have one name, with or without numpy's
    `.npy`, one is encrypted or compressed by another method than deflate, or where the file holds
    what is not listed.
    """
    found = file.infolist()
    held = sum(member.file_size for member in found)
    if held > largest_bytes:
        raise too_large(held, largest_bytes, path)
    names = [member.filename.removesuffix(".npy") for member in found]
    if len(set(names)) < len(names):
        raise _refused("two arrays in it have one name", path)
    for member in found:
        if member.flag_bits & _ENCRYPTED:
            raise _refused("it is encrypted", path)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused("it is compressed by another method than deflate", path)
    _check_listing(file, found, path)
    return found


def _check_listing(file: zipfile.ZipFile, found: Sequence[zipfile.ZipInfo], path: Path) -> None:
    """Raise InputError where a file holds more than it lists: a damaged listing has no checksum."""
    assert file.fp is not None
    end = 0
    for member in sorted(found, key=lambda one: one.header_offset):
        if member.header_offset > end + _DESCRIPTOR_BYTES:
            break
        file.fp.seek(member.header_offset + _LENGTHS_AT)
        lengths = [int.from_bytes(file.fp.read(2), "little") for _ in ("name", "extra field")]
        end = member.header_offset + _HEADER_BYTES + sum(lengths) + member.compress_size
    if not found or file.start_dir > end + _DESCRIPTOR_BYTES:
        raise _refused("it holds what its listing leaves out", path)


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
