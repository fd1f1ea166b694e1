"""Damage to the bytes of a file, each kind a pure function, drawn again from the same seed."""

import re
from collections.abc import Callable, Iterator

import numpy as np

Damage = Callable[[bytes, np.random.Generator], bytes]

LONGEST_BLOCK = 256  # bytes that one damage touches at most


def flip(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one bit turned."""
    harmed = bytearray(content)
    harmed[rng.integers(len(harmed))] ^= 1 << int(rng.integers(8))
    return bytes(harmed)


def byte(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one of them set to any value."""
    harmed = bytearray(content)
    harmed[rng.integers(len(harmed))] = int(rng.integers(256))
    return bytes(harmed)


def head(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one bit turned near an end, where formats keep what describes them."""
    harmed, near = bytearray(content), int(rng.integers(min(512, len(content))))
    harmed[near if rng.random() < 0.5 else -1 - near] ^= 1 << int(rng.integers(8))
    return bytes(harmed)


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes up to any place."""
    return content[: rng.integers(len(content))]


def zeros(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with a block of zeros in them, as a lost sector leaves it."""
    begin, end = _block(content, rng)
    return content[:begin] + bytes(end - begin) + content[end:]


def ones(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with eight set to 0xff: the largest number a field can hold."""
    begin = int(rng.integers(len(content)))
    return content[:begin] + b"\xff" * len(content[begin : begin + 8]) + content[begin + 8 :]


def delete(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes without a block."""
    begin, end = _block(content, rng)
    return content[:begin] + content[end:]


def double(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with a block in them twice."""
    begin, end = _block(content, rng)
    return content[:end] + content[begin:]


def swap(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with two neighbouring blocks in each other's place."""
    begin, end = _block(content, rng)
    middle = (begin + end) // 2
    return content[:begin] + content[middle:end] + content[begin:middle] + content[end:]


def lose_line(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes without one of their lines."""
    return _on_line(content, rng, lambda line: [])


def double_line(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one of their lines twice."""
    return _on_line(content, rng, lambda line: [line, line])


def swap_lines(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with two neighbouring lines in each other's place."""
    lines = content.split(b"\n")
    at = int(rng.integers(max(1, len(lines) - 1)))
    return b"\n".join([*lines[:at], *lines[at : at + 2][::-1], *lines[at + 2 :]])


def long_line(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one of their lines going on for a megabyte or three."""
    n_bytes = int(rng.integers(1, 4)) << 20
    return _on_line(content, rng, lambda line: [line + bytes([_any(line, rng)]) * n_bytes])


def digit(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one digit another, lost, or twice."""
    at = int(rng.choice([found.start() for found in re.finditer(rb"\d", content)] or [0]))
    harmed = (b"%d" % rng.integers(10), b"", content[at : at + 1] * 2)[int(rng.integers(3))]
    return content[:at] + harmed + content[at + 1 :]


def huge(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one number in them made one that no field can hold."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content))
    if not found:
        return content
    begin, end = found[int(rng.integers(len(found)))].span()
    numbers = (b"9" * 30, b"1e308", b"-1e400", b"nan", b"9" * 5000, b"1e-320", b"0x1p9", b"-inf")
    return content[:begin] + numbers[int(rng.integers(len(numbers)))] + content[end:]


DAMAGES: dict[str, Damage] = {
    one.__name__: one for one in (flip, byte, head, cut, zeros, ones, delete, double, swap)
}

OF_LINES: dict[str, Damage] = {
    one.__name__: one for one in (lose_line, double_line, swap_lines, long_line, digit, huge)
}
"""What befalls text as well."""


def mutants(
    content: bytes, n: int, seed: int, damages: dict[str, Damage] = DAMAGES
) -> Iterator[tuple[str, bytes]]:
    """Yield `n` times the kind of damage and the damaged bytes, the kinds in turn."""
    rng, names = np.random.default_rng(seed), list(damages)
    for at in range(n):
        name = names[at % len(names)]
        yield name, damages[name](content, rng)


def _on_line(
    content: bytes, rng: np.random.Generator, change: Callable[[bytes], list[bytes]]
) -> bytes:
    lines = content.split(b"\n")
    at = int(rng.integers(len(lines)))
    return b"\n".join([*lines[:at], *change(lines[at]), *lines[at + 1 :]])


def _any(line: bytes, rng: np.random.Generator) -> int:
    return line[int(rng.integers(len(line)))] if line else 32


def _block(content: bytes, rng: np.random.Generator) -> tuple[int, int]:
    begin = int(rng.integers(len(content)))
    return begin, min(len(content), begin + int(rng.integers(1, LONGEST_BLOCK)))
