"""Text logs as lines whose numbers are known: read block by block, checked, parsed by NumPy.

What is wrong with a number is looked for only once NumPy has refused it.
"""

import gzip
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.files import lacks

BLOCK_BYTES = 1 << 20  # what bounds a reader's memory beyond the arrays it makes
SENSOR_LIMIT = 1e5  # no phone sensor reads beyond, in m/s^2, rad/s or microtesla
POSITION_LIMIT_M = 1e8  # UTM northings reach 1e7 m
DAY_MS = 86_400_000
_MOST_PACKED = 60  # published logs pack to a thirtieth at most

_REPAIR = "repair or delete this line, or leave the file out"


@dataclass(frozen=True)
class Lines:
    """Hold lines of one text file, without their ends, whose fields a `separator` divides.

    number: i32[n], the 1-based number of each in its file
    ended:  False for a file's last line where that had no line end
    """

    path: Path
    separator: str
    number: np.ndarray
    text: list[str]
    ended: bool = True

    def __len__(self) -> int:
        """Return how many lines there are."""
        return len(self.text)

    def take(self, at: Sequence[int]) -> "Lines":
        """Return the lines at some places."""
        return replace(self, number=self.number[at], text=[self.text[i] for i in at])

    def body(self, header: str) -> "Lines":
        """Return what is neither blank nor the file's first line.

        Raises InputError where that first line is here and not `header`.
        """
        begins = self.number[0] == 1
        if begins and self.text[0] != header:
            raise InputError(
                f"the header is not {header[:60]}{'...' if len(header) > 60 else ''}",
                remedy="check the format's name, and name the columns so",
                path=self.path,
                line=1,
            )
        return self.take([i for i in range(int(begins), len(self)) if self.text[i]])

    def sorted_by(
        self, keys: Iterable[str], known: Iterable[str]
    ) -> tuple[dict[str, "Lines"], "Lines"]:
        """Return the lines of each `known` key, maybe none, and all others; keys: one a line."""
        places: dict[str, list[int]] = defaultdict(list)
        for at, key in enumerate(keys):
            places[key].append(at)
        of_key = {key: self.take(places.pop(key, [])) for key in known}
        return of_key, self.take(sorted(at for others in places.values() for at in others))

    def widths(self) -> np.ndarray:
        """Return how many fields each line has: i64[n], 1 for a blank one."""
        separator = self.separator
        return np.array([line.count(separator) for line in self.text], np.int64) + 1

    def check_width(self, width: int, *, or_more: bool = False) -> None:
        """Raise InputError at the first line that has not `width` fields."""
        widths = self.widths()
        wrong = widths < width if or_more else widths != width
        if wrong.any():
            at = int(np.argmax(wrong))
            raise self.fault(f"{widths[at]} fields instead of {width}", at)

    def numbers(
        self, columns: Sequence[int], *, limit: float | Sequence[float] = SENSOR_LIMIT
    ) -> np.ndarray:
        """Return some fields as f64[n, len(columns)], each as float() reads it.

        columns: the fields, which every line has; negative ones count from its end
        limit: the largest magnitude, for all columns or for each
        Raises InputError at the first field that is no number, not finite, or beyond `limit`.
        """
        if not self.text:
            return np.zeros((0, len(columns)))
        try:
            values = np.loadtxt(
                self.text, delimiter=self.separator, usecols=columns, comments=None, ndmin=2
            )
        except ValueError:
            raise self._no_number(columns, limit) from None
        if not (np.abs(values) <= limit).all():  # false for NaN too
            raise self._no_number(columns, limit)
        return values

    def fault(self, problem: str, at: int) -> InputError:
        """Return the error for the line at one place."""
        return InputError(problem, remedy=_REPAIR, path=self.path, line=int(self.number[at]))

    def raise_at(self, wrong: np.ndarray, problem: str) -> None:
        """Raise InputError with `problem` at the first line that is `wrong`: bool[n], if any is."""
        if wrong.any():
            raise self.fault(problem, int(np.argmax(wrong)))

    def _no_number(self, columns: Sequence[int], limit: float | Sequence[float]) -> InputError:
        limits = np.broadcast_to(limit, len(columns))
        for at, line in enumerate(self.text):
            fields = line.split(self.separator)
            for column, most in zip(columns, limits, strict=True):
                if not abs(_float_or_nan(fields[column])) <= most:
                    problem = "is not a number, not finite, or absurdly large"
                    return self.fault(f"{shown(fields[column])} {problem}", at)
        raise AssertionError("NumPy refused numbers that float() takes")


def read_lines(
    path: Path,
    separator: str,
    *,
    last_line_may_lack_end: bool = False,
    growing: bool = False,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Lines]:
    r"""Yield the lines of a UTF-8 file (or of a `.gz` one) in blocks of about `block_bytes`.

    Lines end with \n or \r\n, mixed freely. A last line without an end is taken for a cut one
    unless `last_line_may_lack_end`; then it comes by itself. Of a file that is `growing` it is
    still being written, and left out.
    Raises InputError where the file is missing, empty, cut, damaged (gzip) or not UTF-8.
    """
    first, rest = 1, b""
    for chunk in chunks(path, block_bytes):
        whole, end, rest = (rest + chunk).rpartition(b"\n")
        if end:
            lines = _decoded(path, separator, first, whole)
            first += len(lines)
            yield lines
        elif len(rest) > block_bytes:
            raise InputError(
                f"a line longer than {block_bytes} bytes",
                remedy="this is no text log; check the format's name",
                path=path,
                line=first,
            )
    if growing and first > 1:
        return
    if rest and not last_line_may_lack_end:
        raise InputError(
            "the last line is cut: it has no line end",
            remedy="copy the file again, or delete this line",
            path=path,
            line=first,
        )
    if rest:
        yield replace(_decoded(path, separator, first, rest), ended=False)
    elif first == 1:
        raise InputError("the file is empty", remedy="copy it again or leave it out", path=path)


def chunks(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of a file (unpacked, of a `.gz` one) in pieces of `size`.

    Raises InputError where the file is missing, its compression damaged, or more in it than any
    log packs into so few bytes.
    """
    if not path.is_file():
        raise InputError(lacks(path), remedy="check the folder's layout", path=path)
    n_bytes, most = 0, _MOST_PACKED * path.stat().st_size + BLOCK_BYTES
    try:
        with _opened(path) as file:
            while chunk := file.read(size):
                n_bytes += len(chunk)
                if n_bytes > most and path.suffix == ".gz":
                    raise InputError(
                        f"unpacks to more than {_MOST_PACKED} times its size",
                        remedy="this is no packed log: leave it out",
                        path=path,
                    )
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"damaged gzip file ({error})", remedy="copy it again or leave it out", path=path
        ) from None


def check_time_order(
    t_ms: np.ndarray, line: np.ndarray, path: Path, what: str, *, strictly: bool = False
) -> None:
    """Raise InputError where `t_ms` runs backwards (or repeats, if `strictly`) or leaps a day.

    line: the number of the line each time stands on
    """
    step = np.diff(t_ms)
    bad = (step < strictly) | (step > DAY_MS)
    if not bad.any():
        return
    at = int(np.argmax(bad)) + 1
    problem = "leaps more than a day" if step[at - 1] > DAY_MS else "does not increase"
    raise InputError(
        f"the time of {what} {problem}: {t_ms[at - 1]}, then {t_ms[at]}",
        remedy=_REPAIR,
        path=path,
        line=int(line[at]),
    )


def shown(field: str) -> str:
    """Return a field as an error shows it: quoted and not too long."""
    return repr(field[:40])


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def _decoded(path: Path, separator: str, first: int, data: bytes) -> Lines:
    if first == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 (byte 0x{data[error.start]:02x})",
            remedy="copy the file again or convert it to UTF-8",
            path=path,
            line=first + data.count(b"\n", 0, error.start),
        ) from None
    if "\r" in text:
        text = (text + "\n").replace("\r\n", "\n").removesuffix("\n")
    # Not splitlines(), which breaks lines at seven more characters.
    lines = text.split("\n")
    number = np.arange(first, first + len(lines), dtype=np.int32)
    found = Lines(path, separator, number, lines)
    if "\r" in text:
        found.raise_at(np.array(["\r" in line for line in lines]), "a carriage return in a line")
    return found


def _float_or_nan(field: str) -> float:
    """Return what NumPy reads: float() would also take "1_0" and digits of other scripts."""
    if "_" in field or not field.isascii():
        return np.nan
    try:
        return float(field)
    except ValueError:
        return np.nan
