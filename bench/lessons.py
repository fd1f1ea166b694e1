"""What the matcher and the network on motion train on, as one file that every library reads.

Made by bench.taught. Reading it takes numpy alone.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Lessons(NamedTuple):
    """Hold what some runs train on, and from where.

    inputs: [N, ...] by their names; target: f32[N, K]
    batches: i32[R, S, B], the lessons of each step of each run
    start: the weights each run starts from, [R, ...] by their paths ("fc1/kernel")
    learning_rate: of the first step; n_steps: over which it falls to 0, half a cosine
    """

    inputs: dict[str, np.ndarray]
    target: np.ndarray
    batches: np.ndarray
    start: dict[str, np.ndarray]
    learning_rate: float
    n_steps: int

    def start_of(self, run: int) -> dict[str, np.ndarray]:
        """Return the weights that a run starts from."""
        return {path: leaf[run] for path, leaf in self.start.items()}


_INPUT, _START = "input ", "start "


def write(path: Path, lessons: Lessons) -> None:
    """Write lessons to a file."""
    inputs = {f"{_INPUT}{name}": values for name, values in lessons.inputs.items()}
    start = {f"{_START}{name}": values for name, values in lessons.start.items()}
    with path.open("wb") as file:
        np.savez(
            file,
            target=lessons.target,
            batches=lessons.batches,
            learning_rate=lessons.learning_rate,
            n_steps=lessons.n_steps,
            **inputs,
            **start,
        )


def read(path: Path) -> Lessons:
    """Read what `write` wrote."""
    with np.load(path) as file:

        def named(before: str) -> dict[str, np.ndarray]:
            found = (name for name in file if name.startswith(before))
            return {name.removeprefix(before): file[name] for name in found}

        return Lessons(
            named(_INPUT),
            file["target"],
            file["batches"],
            named(_START),
            float(file["learning_rate"]),
            int(file["n_steps"]),
        )
