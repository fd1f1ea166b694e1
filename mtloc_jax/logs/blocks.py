"""Text files read block by block, as bytes of whole lines whose numbers are known."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mtloc_jax.errors import InputError

BLOCK_BYTES = 1 << 20  # what bounds a reader's memory beyond the arrays it makes


@dataclass(frozen=True)
class Block:
    r"""Hold consecutive lines of UTF-8 text, each with its end \n.

    first: the 1-based number of the first line
    ended: False for the block made of a file's last line if that had no line end
    """

    first: int
    data: bytes
    ended: bool = True


def blocks(
    path: Path, *, size: int = BLOCK_BYTES, last_line_may_lack_end: bool = False
) -> Iterator[Block]:
    r"""Yield the lines of a UTF-8 file (or of a `.gz` one) in blocks of about `size` bytes.

    Lines end with \n or \r\n, mixed freely. A last line without an end is taken for a cut one
    unless `last_line_may_lack_end`.
    Raises InputError where the file is missing, empty, cut, damaged (gzip) or not UTF-8.
    """
    first, rest = 1, b""
    for chunk in chunks(path, size):
        whole, end, rest = (rest + chunk).rpartition(b"\n")
        if end:
            yield _block(path, first, whole + end, ended=True)
            first += whole.count(b"\n") + 1
        elif len(rest) > size:
            raise InputError(
                f"a line longer than {size} bytes",
                remedy="this is no text log; check the format's name",
                path=path,
                line=first,
            )
    if rest and not last_line_may_lack_end:
        raise InputError(
            "the last line is cut: it has no line end",
            remedy="copy the file again, or delete this line",
            path=path,
            line=first,
        )
    if rest:
        yield _block(path, first, rest + b"\n", ended=False)
    elif first == 1:
        raise InputError("the file is empty", remedy="copy it again or leave it out", path=path)


def chunks(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of a file (unpacked, of a `.gz` one) in pieces of `size`.

    Raises InputError where the file is missing or its compression damaged.
    """
    if not path.is_file():
        raise InputError("no such file", remedy="check the folder's layout", path=path)
    try:
        with _opened(path) as file:
            while chunk := file.read(size):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"damaged gzip file ({error})", remedy="copy it again or leave it out", path=path
        ) from None


def existing_folder(path: Path) -> Path:
    """Return `path` if it is a folder, else raise InputError."""
    if not path.is_dir():
        raise InputError("no such folder", remedy="check --config.data_dir or --input", path=path)
    return path


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def _block(path: Path, first: int, data: bytes, ended: bool) -> Block:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 (byte 0x{data[error.start]:02x})",
            remedy="copy the file again or convert it to UTF-8",
            path=path,
            line=first + data.count(b"\n", 0, error.start),
        ) from None
    if first == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    return Block(first, data.replace(b"\r\n", b"\n") if b"\r" in data else data, ended)
