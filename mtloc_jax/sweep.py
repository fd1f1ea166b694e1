"""Train and judge many runs in one compiled program each, with progress between jitted calls."""

import time
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mtloc_jax import replicas
from mtloc_jax.evaluate import Clean, Wiped, Wipes, judge_clean, make_judge_wiped
from mtloc_jax.model import MTLoc, Params
from mtloc_jax.scaling import Scaler
from mtloc_jax.site import Arrays
from mtloc_jax.train import Run, State, Static, make_train

Told = Callable[[float, float], None]
"""Called with (done, total) between jitted calls."""

PARTS = 1000  # a call trains some thousandths of every run
CALL_S = 2.0  # long enough to cost nothing, short enough to watch


class Trainer:
    """Train runs of one Static: compiled once, used for every chunk of runs."""

    def __init__(self, static: Static, n_runs: int, told: Callable[[], None] = lambda: None):
        """Prepare for chunks of up to `n_runs` runs; `told` is called at each trace."""
        self.mesh = replicas.mesh()
        axis = replicas.replica_axis()
        self.size = -(-n_runs // self.mesh.size) * self.mesh.size
        training = make_train(static)

        def advance(state_and_run: tuple[State, Run], data_and_part: tuple[Arrays, jax.Array]):
            told()
            (state, run), (data, part) = state_and_run, data_and_part
            # In two factors: the product of steps and parts would overflow 32 bits.
            whole, rest = run.n_steps // PARTS, run.n_steps % PARTS
            return training.advance(state, run, data, whole * part + rest * part // PARTS)

        self._begin = replicas.over_runs(training.begin, self.mesh, axis)
        self._advance = replicas.over_runs(advance, self.mesh, axis)

    def train(self, runs: list[Run], data: Arrays, told: Told = lambda done, total: None) -> Params:
        """Return the trained parameters, stacked in the order of `runs`, as numpy arrays.

        Raises FloatingPointError where a run diverged.
        """
        # Idle runs fill the chunk up to the compiled size; they take no step.
        idle = runs[-1]._replace(n_steps=np.int32(0))
        filled = runs + [idle] * (self.size - len(runs))
        order = replicas.dealt(np.array([int(run.n_steps) for run in filled]), self.mesh.size)
        stacked = replicas.placed(
            replicas.stack([filled[k] for k in order]), self.mesh, replicas.RUNS
        )
        state = self._trained(stacked, data, float(sum(int(run.n_steps) for run in runs)), told)
        back = np.argsort(order)[: len(runs)]
        params, loss = jax.device_get((state.params, state.loss))
        if not np.all(np.isfinite(loss[back])):
            raise FloatingPointError(f"{np.sum(~np.isfinite(loss[back]))} run(s) diverged")
        return jax.tree.map(lambda leaf: leaf[back], params)

    def _trained(self, stacked: Run, data: Arrays, n_steps: float, told: Told) -> State:
        state, part, stride = self._begin(stacked, data), 0, 1
        told(0, n_steps)
        while part < PARTS:
            part, began_s = min(PARTS, part + stride), time.monotonic()
            state = jax.block_until_ready(self._advance((state, stacked), (data, jnp.int32(part))))
            told(n_steps * part / PARTS, n_steps)
            took_s = max(time.monotonic() - began_s, 1e-3)
            stride = int(np.clip(stride * min(CALL_S / took_s, 8), 1, PARTS))
        return state


class Judge:
    """Judge trained networks of one architecture: clean, and with modalities wiped."""

    def __init__(self, network: MTLoc, wipes: Wipes, n_runs: int) -> None:
        """Prepare for chunks of up to `n_runs` runs."""
        self.mesh = replicas.mesh()
        axis = replicas.replica_axis()
        self.size = -(-n_runs // self.mesh.size) * self.mesh.size
        wiped = make_judge_wiped(network, wipes)
        self._clean = replicas.over_runs(
            lambda one, data: judge_clean(network, one[0], one[1], data), self.mesh, axis
        )
        self._wiped = replicas.over_runs(
            lambda one, data: wiped(one[0], one[1], data), self.mesh, axis
        )

    def clean(self, params: Params, scalers: list[Scaler], data: Arrays) -> Clean:
        """Judge stacked networks on untouched windows; every leaf has a leading runs axis."""
        return self._judged(self._clean, params, scalers, data)

    def wiped(self, params: Params, scalers: list[Scaler], data: Arrays) -> Wiped:
        """Judge stacked networks under wiping; every leaf has a leading runs axis."""
        return self._judged(self._wiped, params, scalers, data)

    def _judged(self, program: Callable, params: Params, scalers: list[Scaler], data: Arrays):
        filling = [len(scalers) - 1] * (self.size - len(scalers))
        order = np.array([*range(len(scalers)), *filling])
        stacked = jax.tree.map(
            lambda leaf: np.asarray(leaf)[order], (params, replicas.stack(scalers))
        )
        judged = program(replicas.placed(stacked, self.mesh, replicas.RUNS), data)
        return jax.tree.map(lambda leaf: leaf[: len(scalers)], jax.device_get(judged))


def initialised(network: nn.Module, example: tuple[Any, ...], seeds: int) -> Params:
    """Return fresh parameters for seeds 0 .. seeds-1, stacked, as numpy arrays.

    One after the other: the batched orthogonalisation that vmap would make can hang on CPU.
    """

    def one(seed: jax.Array) -> Params:
        return network.init(jax.random.key(seed), *example)["params"]

    return jax.device_get(jax.jit(lambda seeds: lax.map(one, seeds))(jnp.arange(seeds)))
