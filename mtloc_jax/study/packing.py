"""Which run trains in which lane of a vectorised program, and when the next takes its place.

All lanes of such a program step together, so one whose run has ended is idle until the last run of
all ends; or until another run takes it over. Lengths are known beforehand, so all is planned ahead.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_TAKEN_OVER = 16
"""Lanes change hands when one in so many is free: each time costs a pause."""
_PAUSE_LANES = 16
"""A step of few lanes takes as long as one of these: it is spent on starting kernels."""


class Wave(NamedTuple):
    """Hold what happens between two pauses.

    begins: which runs begin, by lane; steps: that every lane takes, unless its run ends before
    """

    begins: dict[int, int]
    steps: int


def waves(n_steps: Sequence[int], lanes: int) -> list[Wave]:
    """Plan runs of `n_steps` each over so many lanes: the longest begin first."""
    waiting = np.argsort(-np.asarray(n_steps, np.int64), kind="stable").tolist()
    left, planned = np.zeros(lanes, np.int64), []
    while waiting:
        free = np.flatnonzero(left == 0)[: len(waiting)].tolist()
        begins = {lane: waiting.pop(0) for lane in free}
        for lane, run in begins.items():
            left[lane] = n_steps[run]
        enough = -(-lanes // _TAKEN_OVER)
        steps = int(np.sort(left)[enough - 1] if waiting else left.max())
        planned.append(Wave(begins, steps))
        left = np.maximum(left - steps, 0)
    return planned


def busy(n_steps: Sequence[int], lanes: int) -> float:
    """Return the share of all lanes' steps that train a run; 1 where there is no step."""
    whole = lanes * sum(wave.steps for wave in waves(n_steps, lanes))
    return sum(n_steps) / whole if whole else 1.0


def lanes_for(n_steps: Sequence[int], most: int, devices: int) -> int:
    """Return how many lanes, a multiple of the devices and at most `most`, end soonest.

    A step takes as long as its lanes need for memory, and a pause.
    """
    whole = -(-min(len(n_steps), most) // devices) * devices

    def cost(lanes: int) -> float:
        steps = sum(wave.steps for wave in waves(n_steps, lanes))
        return steps * (lanes / devices + _PAUSE_LANES)

    return min(range(whole, 0, -devices), key=cost)
