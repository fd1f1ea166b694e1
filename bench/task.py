"""What a worker process is told to be, and what it must be able to do."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.problem import Shape


@dataclass(frozen=True)
class Task:
    """Describe one worker.

    module: the contestant's module in bench.contestants
    first_run, runs: the runs this worker trains, first_run .. first_run + runs - 1
    batches: the file with every run's batches (bench.batches, or bench.lessons), "" where none is
        needed
    precision: of matrix products, a name in bench.precision; "" for the library's own choice
    options: what the module's variants differ in
    """

    module: str
    shape: Shape
    first_run: int = 0
    runs: int = 1
    batches: str = ""
    precision: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return the task as one line of JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def parsed(text: str) -> "Task":
        """Read what `text` wrote."""
        fields = json.loads(text)
        return Task(**(fields | {"shape": Shape(**fields["shape"])}))

    def batches_path(self) -> Path:
        """Return the file with every run's batches."""
        return Path(self.batches)


class Contestant(Protocol):
    """Do the work that is timed. Every module of bench.contestants makes one from a Task."""

    def restart(self) -> None:
        """Go back to the start, whatever was done before."""

    def advance(self, steps: int) -> None:
        """Do so many steps with every run, and return when they are really done."""

    def outcome(self) -> list[float]:
        """Return figures of the first run that all contestants must agree on."""

    def weights(self) -> dict[str, Any]:
        """Return the first run's weights, numpy arrays, laid out as bench.problem.start does.

        Asked only where a contest compares errors (Contest.error_steps).
        """

    def error_m(self) -> float:
        """Return a mean error, metres: of what has no MTLoc's weights, in place of those."""

    def text(self) -> str:
        """Return the compiled program. Asked only of those that a contest traces."""
