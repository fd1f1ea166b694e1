"""A live view of a study for the terminal, or plain lines for a log."""

import sys
import time
from collections.abc import Callable, Iterable
from textwrap import fill
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from mtloc_jax.escapes import lines, rich
from mtloc_jax.study.expected import Expected
from mtloc_jax.study.progress import Live, in_words
from mtloc_jax.study.stages import COMPILING, READING, REPORTING, STAGES, Account, Spent, stage_of

_COLUMNS_WIDE, _SHOWN_S = 80, 0.5
LINE_S = 30.0  # at most one line of a log in that time, but for finished runs
_COLUMNS = (
    TextColumn("{task.description:<9}"),
    TextColumn("{task.fields[share]:>4}"),
    BarColumn(bar_width=14),
    TaskProgressColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
    TextColumn("{task.fields[doing]}"),
)


class Progress:
    """Show stages as they are reported, `report(text, done, total)`, and the study as a whole."""

    def __init__(self, *, quiet: bool, compiled_s: Callable[[], float] = lambda: 0.0) -> None:
        """Prepare the bars; `quiet` prints lines instead; compiled_s: time spent on compiling."""
        self._bars = _Study(*_COLUMNS, console=Console(stderr=True), disable=quiet)
        self._quiet, self._compiled_s = quiet, compiled_s
        self._account, self._expected = Account(), Expected()
        self._before_s = 0.0
        self._spent: Spent | None = None
        self._stages: dict[str, TaskID] = {}
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

    def __call__(self, text: str, done: float, total: float) -> None:
        """Show that `done` of `total` of what `text` says is done."""
        so_far_s = self._compiled_s()
        if self._spent:
            self._spent.told(text, time.monotonic(), so_far_s)
        self._show(text, done, total)
        if stage_of(text) == COMPILING:
            return  # it says itself how many programs are compiled
        if stage_of(text) == REPORTING:
            self._over(COMPILING)
            return
        to_compile_s = self._expected.seconds.get(COMPILING, 0.0)
        compiled_s = so_far_s - self._before_s
        if compiled_s:
            self._show(COMPILING, compiled_s, max(to_compile_s, compiled_s))

    def begin(self, plan: str, expected: Expected | None) -> None:
        """Say what is planned, and give every stage a bar and its share of the time expected."""
        self.say(plan)
        if expected is None:
            return
        self._expected, self._before_s = expected, self._compiled_s()
        self._spent = Spent(time.monotonic(), self._before_s)
        self._account.expect(expected.parts)
        for stage in STAGES:
            self._bars.update(self._bar(stage), share=self._share(stage))
        self._over(READING)

    def took(self) -> str:
        """Return what each stage took since it was begun, and what was expected; "" of nothing."""
        if self._spent is None:
            return ""
        seconds, expected = self._spent.seconds, self._expected
        whole, stages = f"took {in_words(sum(seconds.values()))}", []
        if not expected.untold:
            whole += f", {in_words(expected.left_s)} were expected"
        for stage in list(STAGES)[1:]:  # what was read is over
            s, of_s = (of.get(stage, 0.0) for of in (seconds, expected.seconds))
            if max(s, of_s) >= _SHOWN_S:
                stages.append(f"{stage} {in_words(s)}")
                stages[-1] += "" if expected.untold else f" ({in_words(of_s)})"
        return fill(f"{whole}: {', '.join(stages)}", _COLUMNS_WIDE, subsequent_indent="  ")

    def tell(self, live: Live) -> None:
        """Show how far the study is: runs, speed, time left, best validation error so far."""
        if self._quiet:
            self._log(live)
        else:
            self._bars.line = live.line()

    def say(self, text: str) -> None:
        """Print a line above what is drawn."""
        self._bars.console.print(lines(text), markup=False, highlight=False, soft_wrap=True)

    def _over(self, stage: str) -> None:
        """Fill the bar of a stage: it may have ended sooner than expected, or told nothing."""
        self._bars.start_task(self._bar(stage))
        self._bars.update(self._bar(stage), completed=1, total=1)

    def _show(self, text: str, done: float, total: float) -> None:
        far = self._account.told(text, done, total)
        bar = self._bar(far.stage)
        self._bars.start_task(bar)
        self._bars.update(bar, completed=far.done, total=far.total, doing=rich(far.doing))

    def _bar(self, stage: str) -> TaskID:
        if stage not in self._stages:
            share = self._share(stage)
            bar = self._bars.add_task(stage, start=False, total=None, share=share, doing="")
            self._stages[stage] = bar
        return self._stages[stage]

    def _share(self, stage: str) -> str:
        share = self._expected.share(stage)
        return "" if share is None else f"{share:.0%}"

    def _log(self, live: Live) -> None:
        now_s = time.monotonic()
        if live.runs_done > self._runs_done >= 0 or now_s - self._told_s > LINE_S:
            print(live.line(), file=sys.stderr, flush=True)
            self._told_s = now_s
        self._runs_done = live.runs_done


class _Study(Bars):
    """Bars, and below them a line about all of them."""

    line = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.line:
            yield Text(self.line, style="bold", no_wrap=True, overflow="ellipsis")
