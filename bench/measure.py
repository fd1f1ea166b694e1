"""Hold a contest: start every contestant, check that they agree, then time them in turn."""

import importlib.util
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.contest import Contest, Variant
from bench.team import WorkerFailed
from bench.turns import Turns

INSTALL = "pip install -e '.[bench]'"

Say = Callable[[str], None]
Start = Callable[[Variant, AbstractContextManager[None]], "Timed"]
"""Start a variant's workers and let them compile in their turn; raises WorkerFailed."""


class Timed(Protocol):
    """Do what bench.team.Team does."""

    compile_s: float
    step_s: float

    def time(self, steps: int) -> float:
        """Return the seconds of so many steps."""

    def trace(self, steps: int) -> list[list[float]]:
        """Return the outcome after each of the first steps."""

    def error_m(self, steps: int) -> float:
        """Return the first run's mean error after so many steps, metres."""

    def peak_mb(self) -> dict[str, float | None]:
        """Return host_mb and device_mb."""

    def kernels(self, steps: int) -> dict[str, Any] | None:
        """Return what bench.kernels tells of so many steps."""

    def moved_bytes(self) -> float | None:
        """Return what a step moves a run as compiled."""

    def close(self) -> None:
        """End all processes."""


@dataclass
class Entry:
    """Hold what was measured of one variant.

    rates_per_s: units of work per second, one figure a round
    trace: outcome after each checked step; error_m: metres after the contest's error_steps
    kernels, moved_bytes: what bench.kernels tells, None where not asked or not on a GPU
    absent: why nothing was measured, "" otherwise
    """

    variant: Variant
    compile_cold_s: float = 0.0
    compile_cached_s: float | None = None
    host_mb: float = 0.0
    device_mb: float | None = None
    rates_per_s: list[float] = field(default_factory=list)
    trace: list[list[float]] = field(default_factory=list)
    error_m: float | None = None
    kernels: dict[str, Any] | None = None
    moved_bytes: float | None = None
    absent: str = ""


def hold(contest: Contest, start: Start, say: Say) -> list[Entry]:
    """Measure every variant of a contest; who cannot take part is absent, with the reason.

    Rounds are interleaved, A B A B, so that a busy minute of the machine hits all alike.
    """
    match = _Match(contest, start, say)
    try:
        match.each("starting", match.start, together=contest.start_s > 0)
        match.each("first steps", match.warm_up)
        for number in range(1, contest.rounds + 1):
            match.each(f"round {number} of {contest.rounds}", match.time)
        match.each("memory", match.weigh)
        if contest.traced:
            match.each("kernels", match.trace, only=contest.traced)
            match.each("bytes", match.read, only=contest.traced)
    finally:
        match.close()
    return list(match.entries.values())


class _Match:
    """Hold a contest in progress: who still stands, and how long a round each makes."""

    def __init__(self, contest: Contest, start: Start, say: Say) -> None:
        self.contest, self._start, self._say = contest, start, say
        self._turns = Turns(contest.start_s)
        self.entries = {variant.name: Entry(variant) for variant in contest.variants}
        self._teams: dict[str, Timed] = {}
        self._left: set[str] = set()
        self._steps: dict[str, int] = {}

    def each(
        self,
        what: str,
        do: Callable[[str], None],
        *,
        together: bool = False,
        only: Collection[str] = (),
    ) -> None:
        """Do something with every variant that still stands (and is one of `only`, if any).

        In turn unless `together`.
        """
        standing = [name for name in self.entries if name not in self._left]
        names = [name for name in standing if not only or name in only]
        if together:
            with ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(lambda name: self._attempt(what, do, name), names))
            return
        for name in names:
            self._attempt(what, do, name)

    def _attempt(self, what: str, do: Callable[[str], None], name: str) -> None:
        entry = self.entries[name]
        self._say(f"{self.contest.name}: {what}: {entry.variant.title}")
        try:
            do(name)
        except WorkerFailed as failure:
            self._left.add(name)
            if len(entry.rates_per_s) < self.contest.rounds:  # else what was measured stands
                entry.absent = str(failure)
            if name in self._teams:  # it must not go on working beside the others
                self._teams.pop(name).close()
            self._say(f"{self.contest.name}: {entry.variant.title} left: {failure}")

    def start(self, name: str) -> None:
        """Start the workers; twice where the second start is to find a compile cache."""
        entry = self.entries[name]
        lacking = [lib for lib in entry.variant.needs if not importlib.util.find_spec(lib)]
        if lacking:
            raise WorkerFailed(f"{lacking[0]} is not installed; {INSTALL}")
        self._teams[name] = self._start(entry.variant, self._turn(entry.variant))
        entry.compile_cold_s = self._teams[name].compile_s
        if entry.variant.twice:
            self._teams[name].close()
            self._teams[name] = self._start(entry.variant, self._turn(entry.variant))
            entry.compile_cached_s = self._teams[name].compile_s

    def _turn(self, variant: Variant) -> AbstractContextManager[None]:
        return self._turns.of(variant.lane, list(self.entries).index(variant.name))

    def warm_up(self, name: str) -> None:
        """Trace the checked steps, and find out how many steps last about a round."""
        team, contest = self._teams[name], self.contest
        if contest.check_steps:
            self.entries[name].trace = team.trace(contest.check_steps)
        if contest.error_steps:
            self.entries[name].error_m = team.error_m(contest.error_steps)
        steps = max(1, round(contest.round_s / max(team.step_s, 1e-4)))
        if team.step_s < contest.round_s:  # else a single step is a round, and is known
            steps = max(1, round(contest.round_s * steps / team.time(steps)))
        self._steps[name] = max(steps, contest.least_steps)

    def time(self, name: str) -> None:
        """Time one round."""
        entry, steps = self.entries[name], self._steps[name]
        entry.rates_per_s.append(entry.variant.units * steps / self._teams[name].time(steps))

    def weigh(self, name: str) -> None:
        """Ask for the peak memory."""
        peak = self._teams[name].peak_mb()
        self.entries[name].host_mb = peak["host_mb"] or 0.0
        self.entries[name].device_mb = peak["device_mb"]

    def read(self, name: str) -> None:
        """Ask what the compiled program moves."""
        self.entries[name].moved_bytes = self._teams[name].moved_bytes()

    def trace(self, name: str) -> None:
        """Ask which kernels run."""
        self.entries[name].kernels = self._teams[name].kernels(self.contest.least_steps)

    def close(self) -> None:
        """End all workers."""
        for team in self._teams.values():
            team.close()
