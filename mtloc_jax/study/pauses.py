"""Where training pauses so that its runs can be measured: all those that are due, at once."""

from collections.abc import Sequence

import numpy as np


def in_proportion(marks: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Return how far each run is at each pause, i64[R], where runs train one after the other.

    marks: of each run, rising, the steps after which it is measured; its last step among them
    Runs with fewer marks than others wait at theirs.
    """
    most = max(map(len, marks), default=0)
    return [
        np.array([of[k * len(of) // most - 1] if k * len(of) >= most else 0 for of in marks])
        for k in range(1, most + 1)
    ]


def in_step(marks: Sequence[Sequence[int]], taken: np.ndarray, steps: np.ndarray) -> list:
    """Return how far each lane is at each pause, i64[L], where all lanes step together.

    marks: of each lane's run; taken: i64[L], its steps before; steps: i64[L], those it is to take
    """
    due = {
        mark - int(before)
        for of, before, left in zip(marks, taken, steps, strict=True)
        for mark in of
        if 0 < mark - before <= left
    }
    return [np.minimum(steps, at) for at in sorted({*due, int(steps.max(initial=0))})]
