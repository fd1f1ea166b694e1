"""How far a study is: what a live view shows of it."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mtloc_jax.study.curves import GroupCurve


@dataclass(frozen=True)
class Live:
    """Hold the state of a study in progress, of this process's share alone.

    runs_done of runs: on the disk; steps, gflop: taken since this start; gflop_left: to the end
    best_m: the least mean validation error of a network judged since this start, None before
    curves: how the runs trained that have just reached the disk
    """

    runs: int
    runs_done: int
    gflop_left: float
    steps: float = 0.0
    gflop: float = 0.0
    elapsed_s: float = 0.0
    best_m: float | None = None
    curves: tuple[GroupCurve, ...] = ()

    @property
    def steps_per_s(self) -> float:
        """Return training steps a second, all runs together."""
        return self.steps / max(self.elapsed_s, 1e-9)

    @property
    def gflop_per_s(self) -> float:
        """Return the work done a second, judging between chunks included."""
        return self.gflop / max(self.elapsed_s, 1e-9)

    @property
    def left_s(self) -> float | None:
        """Return the time to the end at this pace; None before there is one."""
        return max(0.0, self.gflop_left) / self.gflop_per_s if self.gflop else None

    def line(self) -> str:
        """Return all of it as one line."""
        parts = [f"{self.runs_done} of {self.runs} runs"]
        if self.gflop:
            parts += [f"{self.steps_per_s:,.0f} steps/s", f"{self.gflop_per_s:.3g} GFLOP/s"]
            parts.append(f"{in_words(self.left_s or 0.0)} left")
        if self.best_m is not None:
            parts.append(f"best validation error {self.best_m:.2f} m")
        return ", ".join(parts)


class Clock:
    """Keep a study's Live and tell it on."""

    def __init__(self, live: Live, tell: Callable[[Live], object]) -> None:
        """Wait for the first training step: what comes before it is no measure of speed."""
        self._at_rest = self._live = live
        self._tell = tell
        self._began_s: float | None = None

    def trained(self, steps: float, gflop: float) -> None:
        """Say that a chunk is so many steps in."""
        rest = self._at_rest
        if self._began_s is None:
            self._began_s = time.monotonic()
        self._put(
            replace(
                self._live,
                steps=rest.steps + steps,
                gflop=rest.gflop + gflop,
                gflop_left=rest.gflop_left - gflop,
            )
        )

    def finished(self, runs: int, best_m: float, curves: Sequence[GroupCurve] = ()) -> None:
        """Say that a chunk is on the disk, and how its runs trained."""
        live = self._live
        best_m = min(best_m, float("inf") if live.best_m is None else live.best_m)
        known = best_m if math.isfinite(best_m) else None
        done = live.runs_done + runs
        self._put(replace(live, runs_done=done, best_m=known, curves=tuple(curves)))
        self._at_rest = self._live = replace(self._live, curves=())

    def _put(self, live: Live) -> None:
        now_s = time.monotonic()
        self._live = replace(live, elapsed_s=now_s - (self._began_s or now_s))
        self._tell(self._live)


def in_words(seconds: float) -> str:
    """Return a duration as a person says it: "40 s", "12 min", "3 h 05 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
