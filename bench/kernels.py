"""What a device does in a step of ours: how many kernels it starts, and where its time goes."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jax.profiler import ProfileData

from bench.aot.cost import cost
from bench.aot.hlo import Hlo, Unreadable

LARGEST = 12
"""Kernels told by name."""

_STREAM = "Stream"  # how the profiler's lines of a GPU begin that hold what was really run


def moved_bytes(text: str, runs: int) -> float | None:
    """Return what a step moves through memory a run, by its compiled program's text.

    Caches are left out. None where the text cannot be read: no other figure hangs on it.
    """
    try:
        hlo = Hlo(text)
        return cost(hlo, hlo.step, products=False).bytes / runs
    except Unreadable:
        return None


def traced(advance: Callable[[int], None], steps: int) -> dict[str, Any] | None:
    """Return what `advance(steps)` runs on the first device, None where it is no GPU."""
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            began_s = time.perf_counter()
            advance(steps)
            took_s = time.perf_counter() - began_s
        found = sorted(Path(folder).rglob("*.xplane.pb"))
        return summed(ProfileData.from_file(str(found[0])), steps, took_s) if found else None


def summed(profile: ProfileData, steps: int, took_s: float) -> dict[str, Any] | None:
    """Return kernels a step and microseconds a step, busy and by the clock; None without a GPU.

    largest: name, how often a step, microseconds a step; kernels whose names differ in a number
    alone are one
    """
    planes = [plane for plane in profile.planes if plane.name.startswith("/device:GPU")]
    if not planes:
        return None
    count: Counter[str] = Counter()
    busy_ns: Counter[str] = Counter()
    for line in planes[0].lines:
        if line.name.startswith(_STREAM):
            for event in line.events:
                name = _kind(event.name)
                count[name] += 1
                busy_ns[name] += event.duration_ns
    return {
        "steps": steps,
        "kernels": count.total() / steps,
        "busy_us": busy_ns.total() / 1e3 / steps,
        "clock_us": 1e6 * took_s / steps,
        "largest": [
            [name, count[name] / steps, took_ns / 1e3 / steps]
            for name, took_ns in busy_ns.most_common(LARGEST)
        ],
    }


def _kind(name: str) -> str:
    """Return a kernel's name without the numbers that XLA gives to copies of it."""
    words = name.split("_")
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    return "_".join(words)
