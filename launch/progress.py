"""A progress bar for the terminal, one line a stage."""

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


class Progress:
    """Show stages as they are reported: `report(stage, done, total)`."""

    def __init__(self, *, quiet: bool) -> None:
        """Prepare the bars; `quiet` shows none."""
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=quiet,
        )
        self._stages: dict[str, TaskID] = {}

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
            self._stages[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._stages[stage], completed=int(done), total=int(total))
