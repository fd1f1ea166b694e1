"""Who may compile now: one contestant of a lane at a time, and none when time is up."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from bench.team import WorkerFailed


class Turns:
    """Give turns, one at a time in each lane.

    Compilers that try kernels on a device must not try them beside each other; another library's
    compiler, which keeps to the processor, may work meanwhile.
    """

    def __init__(self, patience_s: float) -> None:
        """Give turns for so many seconds from now; 0: for ever."""
        self._changed = Condition()
        self._waiting: dict[str, list[int]] = defaultdict(list)
        self._busy: set[str] = set()
        self._patience_s, self._began_s = patience_s, time.monotonic()

    @contextmanager
    def of(self, lane: str, rank: int) -> Iterator[None]:
        """Wait for a turn in a lane and hold it: of all who wait, the lowest rank is next.

        Raises WorkerFailed where the turn comes too late.
        """
        with self._changed:
            self._waiting[lane].append(rank)
            self._changed.wait_for(lambda: self._is_next(lane, rank))
            self._waiting[lane].remove(rank)
            self._busy.add(lane)
        try:
            if 0 < self._patience_s < time.monotonic() - self._began_s:
                raise WorkerFailed(f"not begun within {self._patience_s:.0f} s of compiling")
            yield
        finally:
            with self._changed:
                self._busy.remove(lane)
                self._changed.notify_all()

    def _is_next(self, lane: str, rank: int) -> bool:
        return lane not in self._busy and rank == min(self._waiting[lane])
