"""How long a report takes on this machine, by one figure drawn beforehand."""

import io
import time

import numpy as np

from mtloc_jax.report import style
from mtloc_jax.settings import Settings

# What a report takes in such figures, its tables and the page with them.
_FIGURES, _OF_WIPING = 9, 4


def expected_s(settings: Settings) -> float:
    """Return how long a study's report will take, seconds."""
    _figure_s()  # the first figure of a process reads fonts
    return _figure_s() * (_FIGURES + _OF_WIPING * bool(settings.wipe.drop_rates))


def _figure_s() -> float:
    """Return how long a figure of three panels with bands takes to be drawn and saved."""
    began_s = time.monotonic()
    with style.drawing():
        drawn = style.figure("", "", 10, 4)
        for axes in drawn.subplots(1, 3):
            for k in range(3):
                axes.plot(np.arange(50), np.sin(np.arange(50) + k), label=str(k))
                axes.fill_between(np.arange(50), 0, 1, alpha=0.2)
        style.legend(drawn, drawn.axes)
        for kind in ("png", "svg"):
            drawn.savefig(io.BytesIO(), format=kind)
    return time.monotonic() - began_s
