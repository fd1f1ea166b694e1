"""Where the lines and fields of a block lie, so that columns are cut out without a loop."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.logs.blocks import Block

_WORD = 8  # bytes compared at once
_PADDING = 64
_FIELDS_AT_ONCE = 1 << 14  # bounds the memory that parsing takes
_EXACT_DIGITS = 15  # integers below 10 ** 15 and these powers of ten are exact in float64
_POWERS = 10.0 ** np.arange(_EXACT_DIGITS + 1)


class Index:
    """Index a block of lines whose fields one `separator` byte divides.

    n_lines: how many lines there are; number: i32[n], their line numbers in the file
    n_fields: i64[n], fields of each line, 1 for a blank one
    """

    def __init__(self, block: Block, separator: bytes) -> None:
        self._data, self._separator = block.data, separator
        bytes_ = np.frombuffer(block.data, np.uint8)
        self._end = np.flatnonzero(bytes_ == ord("\n"))
        self._start = np.concatenate([[0], self._end[:-1] + 1])
        marks = np.flatnonzero(bytes_ == ord(separator))
        # A line's k-th field lies between its marks k - 1 and k, or the line's own ends.
        self._mark = np.concatenate([[-1], marks, [len(block.data)]])
        self._first_mark = np.searchsorted(marks, self._start)
        self.n_lines = len(self._end)
        self.number = block.first + np.arange(self.n_lines, dtype=np.int32)
        self.n_fields = np.diff(self._first_mark, append=len(marks)) + 1
        # Padded so that a line's bytes can be taken without asking where the block ends.
        padded = block.data + bytes(_PADDING)
        self._padded = np.frombuffer(padded, np.uint8)
        self._words = np.ndarray((len(padded) - _WORD,), "<u8", padded, strides=(1,))
        self._words_of_lines: dict[int, np.ndarray] = {}

    def blank(self) -> np.ndarray:
        """Return which lines are empty: bool[n]."""
        return self._start == self._end

    def lengths(self, lines: np.ndarray, field: int) -> np.ndarray:
        """Return how many bytes long a field is: i64[k]."""
        left, right = self._bounds(lines, field)
        return right - left

    def with_text(self, text: bytes, at: int) -> np.ndarray:
        """Return the lines that have `text` from their `at`-th byte on: i64[k], ascending."""
        offsets = list(range(0, len(text), _WORD))
        # The middle word tells most lines apart, so that few are looked at again.
        offsets.insert(0, offsets.pop(len(offsets) // 2))
        lines = np.flatnonzero(self._has(text, offsets[0], self._words_at(at + offsets[0])))
        lines = lines[self._end[lines] - self._start[lines] >= at + len(text)]
        for offset in offsets[1:]:
            words = self._words[self._start[lines] + (at + offset)]
            lines = lines[self._has(text, offset, words)]
        return lines

    def columns(self, lines: np.ndarray, first: int, stop: int) -> list[list[bytes]]:
        """Return the fields `first` to `stop` of some lines as columns: bytes[stop - first][k].

        Both count from a line's end where `first` is negative: (-2, 0) are the last two.
        """
        if not len(lines):
            return [[] for _ in range(first, stop)]
        left, right = self._bounds(lines, first)[0], self._bounds(lines, stop - 1, first < 0)[1]
        data = self._data
        pieces = [data[a:b] for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        fields = self._separator.join(pieces).split(self._separator)
        return [fields[column :: stop - first] for column in range(stop - first)]

    def digits(self, lines: np.ndarray, field: int, n_digits: int) -> np.ndarray:
        """Return a field of exactly `n_digits` digits as i64[k], -1 where it is anything else."""
        left, right = self._bounds(lines, field)
        whole = right - left == n_digits
        left = np.where(whole, left, 0)
        # A byte below "0" wraps round to a large one.
        digits = self._padded[left[:, None] + np.arange(n_digits)] - np.uint8(ord("0"))
        whole &= (digits < 10).all(axis=1)
        values = digits.astype(np.float64) @ _POWERS[n_digits - 1 :: -1]
        return np.where(whole, values, -1).astype(np.int64)

    def floats(self, lines: np.ndarray, fields: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return some fields of some lines as f64[k, w] and which are numbers: bool[k, w].

        Gives what float() gives, bit for bit; NaN counts as no number.
        """
        left, right = np.stack([self._bounds(lines, field) for field in fields], axis=-1)
        values, good = np.empty(left.shape), np.empty(left.shape, bool)
        for part in range(0, left.size, _FIELDS_AT_ONCE):
            at = slice(part, part + _FIELDS_AT_ONCE)
            parsed = self._decimals(left.ravel()[at], right.ravel()[at])
            values.ravel()[at], good.ravel()[at] = parsed
        return values, good

    def _decimals(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parse bytes as plain decimals where they are, the rest one by one.

        Up to 15 digits make an exact integer, and that over an exact power of ten is rounded
        once, as it should be.
        """
        negative = self._padded[left] == ord("-")
        width = right - left - negative
        longest = min(int(width.max(initial=1)), _EXACT_DIGITS)
        place = np.arange(longest - 1, -1, -1)  # of a character, counted from the field's end
        inside = place < width[:, None]
        chars = self._padded[np.where(inside, right[:, None] - 1 - place, 0)]
        dot = inside & (chars == ord("."))
        digits = np.where(inside & ~dot, chars - np.uint8(ord("0")), 0)
        n_dots = np.count_nonzero(dot, axis=1)
        plain = (width > n_dots) & (width <= _EXACT_DIGITS) & (n_dots <= 1)
        plain &= (digits < 10).all(axis=1)
        n_decimals = np.where(n_dots == 1, place[np.argmax(dot, axis=1)], 0)
        scale = _POWERS[n_decimals]
        joined = digits.astype(np.float64) @ _POWERS[place]
        # The dot stands in `joined` as a digit 0: take it out of the whole part.
        whole, fraction = np.divmod(joined, np.where(n_dots == 1, 10 * scale, 1))
        values = np.where(n_dots == 1, whole * scale + fraction, whole) / scale
        values = np.where(negative, -values, values)
        rest = np.flatnonzero(~plain)
        values[rest], plain[rest] = self._read_slowly(left[rest], right[rest])
        return values, plain

    def _read_slowly(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        texts = [self._data[a:b] for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        try:
            values = np.fromiter(map(float, texts), np.float64, len(texts))
        except ValueError:
            values = np.array([_float_or_nan(text) for text in texts])
        # float() reads "1_0" as ten; a log that holds it is damaged.
        good = np.array([b"_" not in text for text in texts], bool)
        return values, good & ~np.isnan(values)

    def line(self, line: int) -> bytes:
        """Return one line without its end."""
        return self._data[self._start[line] : self._end[line]]

    def _bounds(
        self, lines: np.ndarray, field: int, from_end: bool | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where a field begins and ends; a negative one counts from the line's end."""
        before = self._first_mark[lines] + field
        if field < 0 if from_end is None else from_end:
            before += self.n_fields[lines]
        left = np.maximum(self._mark[before] + 1, self._start[lines])
        return left, np.minimum(self._mark[before + 1], self._end[lines])

    def _words_at(self, at: int) -> np.ndarray:
        """Return eight bytes of every line from its `at`-th on, kept for the next to ask."""
        if at not in self._words_of_lines:
            self._words_of_lines[at] = self._words[self._start + at]
        return self._words_of_lines[at]

    @staticmethod
    def _has(text: bytes, offset: int, words: np.ndarray) -> np.ndarray:
        """Return which words equal `text` from `offset` on, as far as it reaches."""
        word = text[offset : offset + _WORD]
        mask = np.uint64((1 << 8 * len(word)) - 1)
        return (words & mask) == np.uint64(int.from_bytes(word, "little"))


def _float_or_nan(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
