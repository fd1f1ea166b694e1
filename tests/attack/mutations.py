"""Damage to the bytes of a file, each kind a pure function, drawn again from the same seed."""

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


DAMAGES: dict[str, Damage] = {
    one.__name__: one for one in (flip, byte, head, cut, zeros, ones, delete, double, swap)
}


def mutants(content: bytes, n: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield `n` times the kind of damage and the damaged bytes, the kinds in turn."""
    rng, names = np.random.default_rng(seed), list(DAMAGES)
    for at in range(n):
        name = names[at % len(names)]
        yield name, DAMAGES[name](content, rng)


def _block(content: bytes, rng: np.random.Generator) -> tuple[int, int]:
    begin = int(rng.integers(len(content)))
    return begin, min(len(content), begin + int(rng.integers(1, LONGEST_BLOCK)))
