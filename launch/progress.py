"""A live view of a study for the terminal, or plain lines for a log."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from mtloc_jax.escapes import lines, rich
from mtloc_jax.study.progress import Live

LINE_S = 30.0  # at most one line of a log in that time, but for finished runs


class Progress:
    """Show stages as they are reported: `report(stage, done, total)`, and the study as a whole."""

    def __init__(self, *, quiet: bool) -> None:
        """Prepare the bars; `quiet` prints lines instead."""
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=quiet,
        )
        self._quiet = quiet
        self._stages: dict[str, TaskID] = {}
        self._study: TaskID | None = None
        self._runs_done, self._told_s = -1, time.monotonic()

    def __enter__(self) -> "Progress":
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing, so that what follows is printed below."""
        self._bars.stop()

    def __call__(self, stage: str, done: float, total: float) -> None:
        """Show that `done` of `total` of a stage is done."""
        if stage not in self._stages:
            self._stages[stage] = self._bars.add_task(rich(stage), total=total)
        self._bars.update(self._stages[stage], completed=int(done), total=int(total))

    def tell(self, live: Live) -> None:
        """Show how far the study is: runs, speed, time left, best validation error so far."""
        if self._quiet:
            self._log(live)
            return
        if self._study is None:
            self._study = self._bars.add_task("")
        words = f"[bold]{rich(live.line())}[/bold]"
        self._bars.update(self._study, description=words, completed=live.runs_done, total=live.runs)

    def say(self, text: str) -> None:
        """Print a line above what is drawn."""
        self._bars.console.print(lines(text), markup=False, highlight=False, soft_wrap=True)

    def _log(self, live: Live) -> None:
        now_s = time.monotonic()
        if live.runs_done > self._runs_done >= 0 or now_s - self._told_s > LINE_S:
            print(live.line(), file=sys.stderr, flush=True)
            self._told_s = now_s
        self._runs_done = live.runs_done
