"""How many runs a device holds at once: measured, and halved when memory runs out."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, TypeVar

import jax

from mtloc_jax.errors import InputError

Result = TypeVar("Result")


class Width:
    """Hold how many runs are given to the devices at once, a multiple of the device count."""

    def __init__(self, n_runs: int, n_devices: int) -> None:
        """Begin with all `n_runs` at once."""
        self.n_devices = n_devices
        self.runs = -(-n_runs // n_devices) * n_devices

    def pieces(
        self, n_runs: int, attempt: Callable[[slice], Result], follow: int = 1
    ) -> Iterator[Result]:
        """Yield `attempt(piece)` for pieces of at most this width, times `follow`.

        follow: how many runs may follow each other in one place of it

        A piece that runs out of memory is tried again at half the width, which stays. Raises
        InputError where one run a device is too much.
        """
        done = 0
        while done < n_runs:
            width = self.runs
            piece = slice(done, min(n_runs, done + width * follow))
            try:
                result = attempt(piece)
            except jax.errors.JaxRuntimeError as error:
                if not _ran_out(error):
                    raise
                if self.runs == width:  # what compiles in another thread may have halved it
                    self.halve()
                continue  # out of the handler, so that the failed piece's arrays are let go
            yield result
            done = piece.stop

    def halve(self) -> None:
        """Give half as many runs; raises InputError where it is one a device already."""
        if self.runs == self.n_devices:
            raise InputError(
                "one run does not fit the device's memory",
                remedy="lower --config.batch_size or --config.hidden, or free the device",
            )
        a_device = self.runs // self.n_devices
        self.runs = -(-a_device // 2) * self.n_devices

    def fit(self, needed_bytes: Callable[[], int], free_bytes: int | None) -> None:
        """Halve until what the compiled program needs is free; without a figure, leave it.

        A compiler may itself refuse what does not fit its device. Raises InputError where one run
        a device is too much: before any work, not after an hour of it.
        """
        if free_bytes is None:
            return
        while True:
            try:
                if needed_bytes() <= free_bytes:
                    return
            except jax.errors.JaxRuntimeError as error:
                if not _ran_out(error):
                    raise
            self.halve()


def _ran_out(error: Exception) -> bool:
    return "RESOURCE_EXHAUSTED" in str(error)


_FOLLOW = 4
LANES: dict[str, int] = {"gpu": 64, "tpu": 16}
"""Runs that a device trains side by side, by kind: of a TPU sixteen still fit its memory on the
chip (results/aot). 256 gain an H100 14 % in float32 and 3 % in TF32, an H200 15 % (results/bench),
and wait for each other where their lengths differ."""


def lanes_a_device() -> int:
    """Return how many runs one device trains side by side at most."""
    return LANES.get(jax.default_backend(), 2**15)


def runs_together(devices: int) -> int:
    """Return how many runs are given to the devices at once, to follow each other there; 0: a chunk

    More fill them better; but what trains together is lost together, should the power fail.
    """
    kind = jax.default_backend()
    return devices * _FOLLOW * LANES[kind] if kind in LANES else 0


def size_bytes(tree: Any) -> int:
    """Return the bytes of a tree of arrays or their shapes."""
    return sum(prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def needed_bytes(program: Any, *arguments: Any) -> int:
    """Return what a jitted program takes on each device, arguments included, as its compiler says.

    arguments: arrays, or their shapes
    """
    found = program.lower(*arguments).compile().memory_analysis()
    if found.peak_memory_in_bytes:  # where a backend says it: what is not held at once is not added
        return found.peak_memory_in_bytes
    sizes = (found.argument_size_in_bytes, found.output_size_in_bytes, found.temp_size_in_bytes)
    return sum(sizes) - found.alias_size_in_bytes


def free_bytes() -> int | None:
    """Return what is free on the fullest of this process's devices; None where it cannot tell."""
    stats = [device.memory_stats() for device in jax.local_devices()]
    if not all(one and "bytes_limit" in one for one in stats):
        return None  # a CPU: its memory is the machine's
    return min(one["bytes_limit"] - one["bytes_in_use"] for one in stats)
