"""Logs located whole or as they grow, by whatever locates: the same rows, to the bit."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.prediction.said import Said, joined
from mtloc_jax.sites.lone_logs import Lone, Origin

BEHIND_MS = 10_000
"""A sensor so far behind the newest is named: sleeping phones deliver in bursts up to 106 s late,
so that whether it has stopped shows at the end alone."""


class Advancing(Protocol):
    """Say what is known of one log so far.

    note: what one should know of its rows besides, a line; empty where there is nothing
    """

    note: str

    def advance(self, log: Round, ready_ms: int | None) -> Said:
        """Return the rows that can be told now; `ready_ms` is None where the log is whole."""


class Locator(Protocol):
    """Locate logs, one after the other."""

    @property
    def causal(self) -> bool:
        """Say whether a position hangs on nothing that came later."""

    def waits_for(self, log: Round) -> Sequence[str]:
        """Return the streams of a log that rows wait for."""

    def begin(self) -> Advancing:
        """Return what locates one log, from its beginning on."""


class Update(NamedTuple):
    """Hold what came of one look at a growing log.

    said:    the rows that are new
    log:     what is there of it; behind_s: the log's newest reading less the newest row
    took_s:  what reading and locating took
    ended:   whether it has stopped growing
    note:    as Advancing's
    held_up: which stream rows wait for, a line, where it is far behind the others; else empty
    """

    said: Said
    log: Round
    behind_s: float
    took_s: float
    ended: bool
    note: str
    held_up: str


def located(locator: Locator, log: Round) -> Said:
    """Return all rows of a whole log; raises InputError as the locator does."""
    return locator.begin().advance(log, None)


def ready_ms(log: Round, names: Sequence[str], lag_ms: int) -> int | None:
    """Return before which nothing will be added to a growing log; None before all sensors began.

    Sensors are written in the order of their times, each for itself, and scans as they arrive: so
    what all sensors have gone past is complete.

    names: the streams that count; lag_ms: by how much a scan may be written later
    """
    if not all(len(stream.t_ms) for stream in log.streams.values()):
        return None
    return min(int(log.stream(name).t_ms[-1]) for name in names) - lag_ms


def follow(
    locator: Locator,
    lone: Lone,
    path: Path,
    name: str,
    origin: Origin = None,
    *,
    lag_ms: int = 0,
    poll_s: float = 0.2,
    idle_s: float = 10.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Update]:
    """Yield what can be told of a log as it grows, till it has not grown for `idle_s`.

    Then the log is taken as whole, and read as one.

    Raises InputError where the log is packed, the locator hangs on what comes later, or as it does.
    """
    check_follow(locator, lone, path)
    advancing = locator.begin()
    size, grew_s = -1, clock()
    while clock() - grew_s < idle_s:
        now = _size(lone, path)
        if now == size or now is None:
            sleep(poll_s)
            continue
        size, grew_s = now, clock()
        log = lone.read(path, name, origin, True)
        names = locator.waits_for(log)
        ready = ready_ms(log, names, lag_ms)
        if ready is not None:
            said, held_up = advancing.advance(log, ready), _held_up(log, names)
            behind_s, took_s = _behind_s(said, log), clock() - grew_s
            yield Update(said, log, behind_s, took_s, False, advancing.note, held_up)
    began_s = clock()
    log = lone.read(path, name, origin, False)
    said = advancing.advance(log, None)
    yield Update(said, log, _behind_s(said, log), clock() - began_s, True, advancing.note, "")


def check_follow(locator: Locator, lone: Lone, path: Path) -> None:
    """Raise InputError where a log cannot be followed."""
    packed = [file for file in lone.files(path) if file.suffix == ".gz"]
    if packed:
        raise InputError(
            "a packed log is no longer written", remedy="leave out --follow", path=packed[0]
        )
    if not locator.causal:
        raise InputError(
            "a smoother hangs on what comes later", remedy="follow with a filter, grid or held"
        )


def rows_of(updates: Iterator[Update]) -> Said:
    """Return all rows of a log that was followed."""
    return joined([update.said for update in updates])


def _held_up(log: Round, names: Sequence[str]) -> str:
    last = min(names, key=lambda name: int(log.stream(name).t_ms[-1]))
    if _newest_ms(log) - int(log.stream(last).t_ms[-1]) <= BEHIND_MS:
        return ""
    return f"{last} is more than {BEHIND_MS // 1000} s behind: rows wait for it, or for the end"


def _newest_ms(log: Round) -> int:
    return max(int(stream.t_ms[-1]) for stream in log.streams.values() if len(stream.t_ms))


def _behind_s(said: Said, log: Round) -> float:
    newest_ms = _newest_ms(log)
    # The last row ends its tick, which may be after the last reading.
    return max(newest_ms - int(said.t_ms[-1]), 0) / 1000 if len(said.t_ms) else float(np.nan)


def _size(lone: Lone, path: Path) -> int | None:
    """Return how many bytes a log has; None before each of its files has a whole line."""
    total = 0
    for file in lone.files(path):
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            if b"\n" not in opened.read(1 << 16):
                return None
        total += file.stat().st_size
    return total
