"""Who may compile now: one contestant of a lane at a time, and none when time is up."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from bench.team import WorkerFailed


class Turns:
    """Hold one lock a lane.

    Compilers that try kernels on a device must not try them beside each other; another library's
    compiler, which keeps to the processor, may work meanwhile.
    """

    def __init__(self, patience_s: float) -> None:
        """Give turns for so many seconds from now; 0: for ever."""
        self._lanes: dict[str, Lock] = defaultdict(Lock)
        self._patience_s, self._began_s = patience_s, time.monotonic()

    @contextmanager
    def of(self, lane: str) -> Iterator[None]:
        """Wait for a turn in a lane and hold it; raises WorkerFailed where it comes too late."""
        with self._lanes[lane]:
            if 0 < self._patience_s < time.monotonic() - self._began_s:
                raise WorkerFailed(f"not begun within {self._patience_s:.0f} s of compiling")
            yield
