"""Train matchers, several seeds at once: on floors of other buildings, or on a survey itself."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.core.curve import Course
from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run, Static, make_train
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.matcher import CANDIDATES_AT, FEATURES_OF, matcher_problem
from mtloc_jax.experts.matcher_lessons import Surveyed, lessons
from mtloc_jax.experts.pair_features import FEATURES
from mtloc_jax.optimizers import Pace, Paces
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays

PROBLEM = matcher_problem(len(FEATURES))
METRES = Scaler({}, np.zeros(2, np.float32), np.float32(1))
"""The frame of positions: as they are."""


def train(
    floors: Sequence[Surveyed],
    seeds: Sequence[int] = (0,),
    *,
    start: Params | None = None,
    epochs: int = 3,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    lessons_seed: int = 0,
) -> tuple[Params, Course]:
    """Return the parameters of a matcher for each seed, stacked, and how its loss fell.

    start: parameters to go on from, stacked likewise: these are fine-tuned, and their
        standardisation stays. Fresh ones standardise on `floors`.

    Raises InputError as `lessons`.
    """
    return train_on(
        lessons(floors, lessons_seed),
        seeds,
        start=start,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
    )


def train_on(
    data: Arrays,
    seeds: Sequence[int] = (0,),
    *,
    start: Params | None = None,
    epochs: int = 3,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
) -> tuple[Params, Course]:
    """Train on lessons that were drawn before; arguments and result as `train`."""
    start = fresh(data, seeds) if start is None else start
    n = len(data.target)
    batches = -(-n // batch_size)
    run = Run(
        seed=jnp.asarray(seeds, jnp.int32),
        learning_rate=jnp.float32(learning_rate),
        start=start,
        plan=jnp.arange(n, dtype=jnp.int32),
        n_windows=jnp.int32(n),
        n_steps=jnp.int32(epochs * batches),
        dropout=jnp.float32(0),
        scaler=METRES,
    )
    params, means = jax.device_get(training_program(paces_of(start), batch_size)(run, data))
    return params, Course(epochs * batches, batches, means)


def fresh(data: Arrays, seeds: Sequence[int]) -> Params:
    """Return untrained parameters for each seed, stacked, that standardise on lessons."""
    params = _initial(jnp.asarray(seeds, jnp.uint32))
    mean, std = _moments(data)
    standard = {"mean": mean, "std": std}
    tiled = {name: jnp.tile(part, (len(seeds), 1)) for name, part in standard.items()}
    return {**params, "standard": tiled}


@jax.jit
def _initial(seeds: jax.Array) -> Params:
    """Return random parameters for seeds u32[R], stacked."""
    blank = {
        FEATURES_OF: jnp.zeros((1, CANDIDATES, len(FEATURES))),
        CANDIDATES_AT: jnp.zeros((1, CANDIDATES, 3)),
    }
    return jax.vmap(lambda seed: PROBLEM.network.init(jax.random.key(seed), blank)["params"])(seeds)


def _moments(data: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and spread f32[F] of features over all candidates; 1 where none varies."""
    features, mask = data.inputs[FEATURES_OF].values, data.inputs[CANDIDATES_AT].values[..., 2] > 0
    total, square = np.zeros((2, features.shape[-1]))
    for first in range(0, len(features), 1000):
        part = features[first : first + 1000][mask[first : first + 1000]].astype(np.float64)
        total, square = total + part.sum(axis=0), square + (part**2).sum(axis=0)
    mean = total / mask.sum()
    std = np.sqrt(np.maximum(square / mask.sum() - mean**2, 0))
    return mean.astype(np.float32), np.where(std > 1e-6, std, 1).astype(np.float32)


def paces_of(params: Params) -> Paces:
    """Return how leaves train: all alike, but for the standardisation, which stays."""
    paths = jax.tree_util.tree_flatten_with_path(params)[0]
    names = ["/".join(key.key for key in path) for path, _ in paths]
    return tuple((name, Pace(0.0 if name.startswith("standard/") else 1.0)) for name in names)


@cache
def training_program(paces: Paces, batch_size: int) -> Any:
    """Return (run, lessons) -> parameters and mean losses f32[R, POINTS], compiled.

    Over the seeds and starts of a run.
    """
    static = Static(PROBLEM, paces, batch_size, "adamw", "cosine")
    training = make_train(static)
    axes = Run(*(0 if name in ("seed", "start") else None for name in Run._fields))  # type: ignore[arg-type]

    def one(run: Run, data: Arrays) -> tuple[Params, jax.Array]:
        state = training.train(run, data)
        return state.params, state.losses.means

    return jax.jit(jax.vmap(one, in_axes=(axes, None)))
