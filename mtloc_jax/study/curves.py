"""How runs fared while they trained: their loss by epoch, and what validation said in between."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.core.curve import Course, steps_a_point

CURVES = "curves"
"""In the card of networks that others start from: how they trained, as `kept` has it."""


class Measured(NamedTuple):
    """Hold what a run was measured at on validation: its loss, scaled, and mean error, metres."""

    loss: float
    error_m: float


UNMEASURED = Measured(float("nan"), float("nan"))


class Point(NamedTuple):
    """Hold a run at the end of an epoch.

    loss: of training, mean over the steps since the point before; in scaled units squared, or
        whatever the problem asks
    """

    epoch: int
    loss: float
    validation: Measured = UNMEASURED


Curve = list[Point]
"""Of one run, in order."""


def ends(n_steps: int, batches: int) -> np.ndarray:
    """Return at which steps the points of a run's curve end, i64[P].

    n_steps: of the run; batches: of an epoch
    """
    share = steps_a_point(n_steps, batches)
    return np.minimum(share * np.arange(1, -(-n_steps // share) + 1), n_steps)


def marks(n_steps: int, batches: int, times: int) -> list[int]:
    """Return after which steps a run is measured: `times` of its points, evenly, the last too.

    All of them where there are no more.
    """
    points = ends(n_steps, batches)
    chosen = sorted({len(points) * k // times for k in range(1, times + 1)} - {0})
    return [int(points[at - 1]) for at in chosen]


def curve(n_steps: int, batches: int, means: np.ndarray, measured: Mapping[int, Measured]) -> Curve:
    """Return a run's curve, up to the epoch in which it ended in what is no number.

    means: f32[core.curve.POINTS], of each point's steps; measured: on validation, by step
    """
    found = []
    for step, loss in zip(ends(n_steps, batches).tolist(), means.tolist(), strict=False):
        if not np.isfinite(loss):
            break
        found.append(Point(-(-step // batches), loss, measured.get(step, UNMEASURED)))
    return found


def curves_of(course: Course) -> list[Curve]:
    """Return the curves of runs that took as many steps each, and were measured nowhere."""
    return [curve(course.n_steps, course.batches, means, {}) for means in course.means]


def without_errors(points: Curve) -> Curve:
    """Return a curve whose errors are no metres, without them."""
    nan = float("nan")
    return [point._replace(validation=Measured(point.validation.loss, nan)) for point in points]


def cells(points: Iterable[Point]) -> Iterator[dict[str, Any]]:
    """Yield the cells of a run's rows in history.csv, but for those that name it."""
    for point in points:
        yield {
            "epoch": point.epoch,
            "training_loss": point.loss,
            "validation_loss": point.validation.loss,
            "validation_error_m": point.validation.error_m,
        }


def kept(seeds: Sequence[int], curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Return curves of networks of some seeds as a card keeps them: what is no number is left out.

    A row each: its seed, and `cells`.
    """
    return [
        {"seed": seed} | {name: x for name, x in row.items() if np.isfinite(x)}
        for seed, points in zip(seeds, curves, strict=True)
        for row in cells(points)
    ]


@dataclass(frozen=True)
class GroupCurve:
    """Hold the mean curve of runs that differ in their seed alone; NaN where nothing is known.

    name: of the runs; epoch: i64[P]; loss, validation_loss, validation_error_m: f64[P]
    """

    name: str
    epoch: np.ndarray
    loss: np.ndarray
    validation_loss: np.ndarray
    validation_error_m: np.ndarray

    @property
    def figures(self) -> dict[str, np.ndarray]:
        """Return what is known at each epoch, by name."""
        return {
            "training_loss": self.loss,
            "validation_loss": self.validation_loss,
            "validation_error_m": self.validation_error_m,
        }


def grouped(runs: Iterable[tuple[str, int, Curve]]) -> list[GroupCurve]:
    """Return the mean curve of each group of runs, each given by its group, seed and curve."""
    every: dict[str, dict[int, Curve]] = {}
    for name, seed, points in runs:
        every.setdefault(name, {})[seed] = points
    return [_mean(name, of) for name, of in every.items() if any(of.values())]


def _mean(name: str, by_seed: Mapping[int, Curve]) -> GroupCurve:
    points = [point for run in by_seed.values() for point in run]
    epochs = sorted({point.epoch for point in points})
    figures = np.array([_means(points, epoch) for epoch in epochs]).T
    seeds = sorted(by_seed)
    said = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    return GroupCurve(f"{name}, {said}", np.array(epochs), *figures)


def _means(points: Sequence[Point], epoch: int) -> list[float]:
    held = [(p.loss, *p.validation) for p in points if p.epoch == epoch]
    known = (np.array([v for v in of if np.isfinite(v)]) for of in zip(*held, strict=True))
    return [float(of.mean()) if len(of) else float("nan") for of in known]
