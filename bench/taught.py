"""How studies train the matcher and the network on motion; lessons of a floor that nobody walked.

  python -m bench.taught matcher|motion WALKS SHAPE_AS_JSON RUNS OUT

writes the lessons down, as bench.lessons reads them.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bench import floor, lessons
from bench.lessons import Lessons
from bench.problem import EPOCHS, Shape
from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run, Static, _shuffled
from mtloc_jax.experts import matcher_lessons, matcher_training
from mtloc_jax.experts.matcher_lessons import Surveyed
from mtloc_jax.motion import learned
from mtloc_jax.motion import network as motion
from mtloc_jax.motion.gains import varied
from mtloc_jax.motion.legs import stretches
from mtloc_jax.optimizers import Paces
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study import replicas
from mtloc_jax.surgery.tree import leaves

_MATCHER_EPOCHS, _MATCHER_RATE = 3, 3e-3


class Subject(NamedTuple):
    """Hold how a study trains one of its networks.

    drawn: lessons of so many walks; fresh: untrained weights for some seeds, stacked
    static: the program's, for weights and lessons in a batch; n_steps: for epochs of so many steps
    in_turn: whether seeds follow each other on a CPU; scaler: the frame of the targets
    """

    drawn: Callable[[int], Arrays]
    fresh: Callable[[Arrays, list[int]], Params]
    static: Callable[[Params, int], Static]
    n_steps: Callable[[int], int]
    learning_rate: float
    in_turn: bool
    scaler: Scaler

    def shared(self, found: Lessons) -> Run:
        """Return what all runs have in common; their seeds and starts are still to come."""
        n = len(found.target)
        return Run(
            seed=np.int32(0),
            learning_rate=np.float32(found.learning_rate),
            start={},
            plan=jnp.arange(n, dtype=jnp.int32),
            n_windows=np.int32(n),
            n_steps=np.int32(found.n_steps),
            dropout=np.float32(0),
            scaler=self.scaler,
        )


def _of_matcher(n_walks: int) -> Arrays:
    return matcher_lessons.lessons([Surveyed(floor.table(n_walks))])


def _of_motion(n_walks: int) -> Arrays:
    return motion.arrays(varied(stretches(floor.walks(n_walks))))


def _fresh_motion(data: Arrays, seeds: list[int]) -> Params:
    del data
    return replicas.stack([motion.fresh(seed) for seed in seeds])


def _matcher_static(params: Params, batch: int) -> Static:
    paces = matcher_training.paces_of(params)
    return _adamw(matcher_training.PROBLEM, paces, batch)


def _motion_static(params: Params, batch: int) -> Static:
    return _adamw(motion.problem(), learned.paces_of(params), batch)


def _adamw(of, paces: Paces, batch: int) -> Static:
    return Static(of, paces, batch, "adamw", "cosine")


SUBJECTS = {
    "matcher": Subject(
        _of_matcher,
        matcher_training.fresh,
        _matcher_static,
        lambda batches: _MATCHER_EPOCHS * batches,
        _MATCHER_RATE,
        in_turn=False,
        scaler=matcher_training.METRES,
    ),
    "motion": Subject(
        _of_motion,
        _fresh_motion,
        _motion_static,
        lambda _: learned.STEPS,
        learned.LEARNING_RATE,
        in_turn=True,
        scaler=motion.METRES,
    ),
}
"""As matcher_training.train and motion.learned.train do; tests hold them against each other."""


def dealt(subject: Subject, data: Arrays, shape: Shape, runs: int) -> Lessons:
    """Return `shape.windows` lessons in batches of `shape.batch`, for runs 0 .. runs - 1.

    data: what is taught; where that is less, the first lessons come again
    """
    rows = np.arange(shape.windows) % len(data.target)
    seeds = list(range(runs))
    found = Lessons(
        {name: held.at(rows) for name, held in data.inputs.items()},
        data.target[rows],
        np.zeros((runs, 0, shape.batch), np.int32),
        leaves(jax.device_get(subject.fresh(data, seeds))),
        subject.learning_rate,
        subject.n_steps(shape.batches),
    )
    return found._replace(batches=_batches(subject.shared(found), shape, runs))


def _batches(shared: Run, shape: Shape, runs: int) -> np.ndarray:
    shuffled = jax.jit(
        lambda seed, epoch: _shuffled(shared._replace(seed=seed), epoch, shape.batch)
    )
    orders = [
        [shuffled(jnp.int32(run), jnp.int32(epoch)) for epoch in range(EPOCHS)]
        for run in range(runs)
    ]
    return np.asarray(orders, np.int32).reshape(runs, -1, shape.batch)


def main(of: str, walks: str, shape_text: str, runs: str, out: str) -> None:
    """Write the lessons of `runs` runs to the file `out`."""
    subject, shape = SUBJECTS[of], Shape(**json.loads(shape_text))
    lessons.write(Path(out), dealt(subject, subject.drawn(int(walks)), shape, int(runs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
