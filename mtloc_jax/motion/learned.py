"""Train networks on motion, and say with one how a phone moved through a walk."""

from collections.abc import Callable, Sequence
from functools import cache

import jax
import numpy as np
from jax import lax

from mtloc_jax.core.curve import Course
from mtloc_jax.core.model import Params, apply
from mtloc_jax.core.train import Run, Static, epoch_steps, make_train
from mtloc_jax.evidence import Moves
from mtloc_jax.logs.round import Round
from mtloc_jax.motion import ticks
from mtloc_jax.motion.gains import varied
from mtloc_jax.motion.legs import Stretches, stretches
from mtloc_jax.motion.network import METRES, NU, MotionNetwork, arrays, fresh, problem
from mtloc_jax.motion.phone_frame import framed
from mtloc_jax.optimizers import Pace, Paces
from mtloc_jax.sites.site import Arrays

BATCH, STEPS, LEARNING_RATE = 16, 1000, 3e-3
"""For some four floors; half a floor alone is learnt in 300 steps, and fine-tunes a network in
TUNING_STEPS at TUNING_RATE. Chosen on floors of one mall held out in turn."""
TUNING_STEPS, TUNING_RATE = 50, 1e-3
SHORTEST = 256


def train(
    walks: Sequence[Round],
    seeds: Sequence[int],
    *,
    start: Params | None = None,
    n_steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
) -> tuple[list[Params], Course]:
    """Return a network for each seed, trained on legs of `walks` and on `varied` ones.

    And how the loss of each fell.

    start: parameters to fine-tune; fresh ones of the seed where None

    Raises InputError as `stretches`.
    """
    return train_on(
        legs_of(walks), seeds, start=start, n_steps=n_steps, learning_rate=learning_rate
    )


def legs_of(walks: Sequence[Round]) -> Stretches:
    """Return what `train` trains on: the legs of walks and `varied` ones; raises as `stretches`."""
    return varied(stretches(walks))


def train_on(
    legs: Stretches,
    seeds: Sequence[int],
    *,
    start: Params | None = None,
    n_steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
) -> tuple[list[Params], Course]:
    """Train on stretches that were cut before; as `train`."""
    rows = np.arange(len(legs.walk), dtype=np.int32)
    runs = [
        Run(
            seed=np.int32(seed),
            learning_rate=np.float32(learning_rate),
            start=fresh(seed) if start is None else start,
            plan=rows,
            n_windows=np.int32(len(rows)),
            n_steps=np.int32(n_steps),
            dropout=np.float32(0),
            scaler=METRES,
        )
        for seed in seeds
    ]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *runs)
    # Batched products are slow on CPU.
    one_by_one = jax.default_backend() == "cpu"
    program = training_program(paces_of(runs[0].start), one_by_one=one_by_one)
    trained, means = jax.device_get(program(stacked, arrays(legs)))
    params = [jax.tree.map(lambda leaf, k=k: leaf[k], trained) for k in range(len(runs))]
    return params, Course(n_steps, epoch_steps(len(rows), BATCH), means)


def moves(params: Params, walk: Round) -> Moves | None:
    """Return how a network says the phone moved through `walk`, tick by tick, causally.

    None, and raises InputError, as `framed`.
    """
    if (seen := framed(walk)) is None:
        return None
    n = len(seen.inputs)
    padding = SHORTEST * 2 ** max(int(np.ceil(np.log2(n / SHORTEST))), 0) - n
    inputs = np.pad(seen.inputs, ((0, padding), (0, 0)))
    moved_m, scale_squared = jax.device_get(
        _ticks(params, inputs[None], np.pad(seen.yaw_rad, (0, padding))[None])
    )
    sigma_m = np.sqrt(NU / (NU - 2) * scale_squared[0, :n].astype(np.float64))
    return Moves(
        seen.t_ms,
        np.where(seen.live[:, None], moved_m[0, :n].astype(np.float64), 0.0),
        np.where(seen.live, sigma_m, ticks.UNMEASURED_M),
    )


@jax.jit
def _ticks(params: Params, inputs: jax.Array, yaw_rad: jax.Array):
    return apply(MotionNetwork(), params, inputs, yaw_rad, method="ticks")


@cache
def training_program(
    paces: Paces, *, one_by_one: bool
) -> Callable[[Run, Arrays], tuple[Params, jax.Array]]:
    """Return (stacked runs, stretches) -> parameters and mean losses f32[R, POINTS], compiled.

    Runs go in turn, or side by side.
    """
    training = make_train(Static(problem(), paces, BATCH, "adamw", "cosine"))

    def program(runs: Run, data: Arrays) -> tuple[Params, jax.Array]:
        def one(run: Run) -> tuple[Params, jax.Array]:
            state = training.train(run, data)
            return state.params, state.losses.means

        return lax.map(one, runs) if one_by_one else jax.vmap(one)(runs)

    return jax.jit(program)


def paces_of(params: Params) -> Paces:
    """Return how leaves train: all alike."""
    paths = jax.tree_util.tree_leaves_with_path(params)
    return tuple(("/".join(key.key for key in path), Pace()) for path, _ in paths)
