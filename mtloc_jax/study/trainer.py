"""Train and judge many runs in one compiled program each, with progress between jitted calls."""

import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from mtloc_jax.core.evaluate import Clean, Wiped, judge_clean, make_judge_wiped
from mtloc_jax.core.model import Params
from mtloc_jax.core.problem import Problem
from mtloc_jax.core.train import Run, State, Static, make_train
from mtloc_jax.settings import Wipe
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study import memory, replicas

Told = Callable[[float, float], None]
"""Called with (done, total) between jitted calls."""

PARTS = 1000  # a call trains some thousandths of every run
CALL_S = 2.0  # long enough to cost nothing, short enough to watch
CALIBRATION_S = 0.5


class Diverged(FloatingPointError):
    """Say which runs, by their place in the list, ended with a loss that is no number."""

    def __init__(self, runs: list[int]) -> None:
        """Name the runs."""
        self.runs = runs
        super().__init__(f"{len(runs)} run(s) diverged")


class Speed(NamedTuple):
    """Hold what a short calibration measured: steps of all runs a second, bytes a device."""

    steps_per_s: float
    needed_bytes: int


class Trainer:
    """Train runs of one Static: compiled once, used for every chunk of runs."""

    def __init__(self, static: Static, n_runs: int, told: Callable[[], None] | None = None):
        """Prepare for chunks of up to `n_runs` runs.

        told: called at each trace; where it is given, programs are made anew
        """
        self.static, self.mesh = static, replicas.mesh()
        self.width, self._fitted = memory.Width(n_runs, self.mesh.size), False
        programs = training_programs if told is None else training_programs.__wrapped__
        self._begin, self._advance = programs(static, self.mesh, replicas.replica_axis(), told)

    def train(self, runs: list[Run], data: Arrays, told: Told = lambda done, total: None) -> Params:
        """Return the trained parameters, stacked in the order of `runs`, as numpy arrays.

        Raises Diverged where a run did.
        """
        steps = np.array([0, *np.cumsum([int(run.n_steps) for run in runs])], float)

        def piece(part: slice) -> Params:
            def told_of(done: float) -> None:
                told(steps[part.start] + done, steps[-1])

            try:
                return self._trained(runs[part], data, told_of)
            except Diverged as error:
                raise Diverged([part.start + k for k in error.runs]) from None

        self._fit(runs, data)
        trained = list(self.width.pieces(len(runs), piece))
        return jax.tree.map(lambda *leaves: np.concatenate(leaves), *trained)

    def calibrate(self, runs: list[Run], data: Arrays) -> Speed:
        """Train a little of the first runs, throw it away, and say how fast that went."""
        self._fit(runs, data)
        return next(self.width.pieces(len(runs), lambda part: self._timed(runs[part], data)))

    def _timed(self, runs: list[Run], data: Arrays) -> Speed:
        _, stacked = self._stacked(runs)
        state, stacked = self._begun(stacked, data)
        state = jax.block_until_ready(self._advance(state, stacked, (data, jnp.int32(0))))
        part, began_s = 0, time.monotonic()
        while part < PARTS and time.monotonic() - began_s < CALIBRATION_S:
            part = min(PARTS, 4 * part + 1)
            state = jax.block_until_ready(self._advance(state, stacked, (data, jnp.int32(part))))
        took_s = time.monotonic() - began_s
        n_steps = sum(_stop(int(run.n_steps), part) for run in runs)
        return Speed(n_steps / took_s, self._needed_bytes(runs, data))

    def _trained(self, runs: list[Run], data: Arrays, told: Callable[[float], None]) -> Params:
        order, stacked = self._stacked(runs)
        n_steps = float(sum(int(run.n_steps) for run in runs))
        state, stacked = self._begun(stacked, data)
        part, stride = 0, 1
        told(0)
        while part < PARTS:
            part, began_s = min(PARTS, part + stride), time.monotonic()
            state = jax.block_until_ready(self._advance(state, stacked, (data, jnp.int32(part))))
            told(n_steps * part / PARTS)
            took_s = max(time.monotonic() - began_s, 1e-3)
            stride = int(np.clip(stride * min(CALL_S / took_s, 8), 1, PARTS))
        back = np.argsort(order)[: len(runs)]
        params, loss = jax.device_get((state.params, state.loss))
        lost = np.flatnonzero(~np.isfinite(loss[back]))
        if len(lost):
            raise Diverged(lost.tolist())
        return jax.tree.map(lambda leaf: leaf[back], params)

    def _begun(self, stacked: Run, data: Arrays) -> tuple[State, Run]:
        """Return the runs' first state, and the runs without their start, which it now holds."""
        return self._begin(stacked, data), stacked._replace(start={})

    def _stacked(self, runs: list[Run]) -> tuple[np.ndarray, Run]:
        """Return the order in which the runs are stacked, and them on their devices."""
        # Idle runs fill the chunk up to the compiled size; they take no step.
        self._check_asked(runs)
        idle = runs[-1]._replace(n_steps=np.int32(0))
        filled = runs + [idle] * (self.width.runs - len(runs))
        order = replicas.dealt(np.array([int(run.n_steps) for run in filled]), self.mesh.size)
        stacked = replicas.stack([filled[k] for k in order])
        return order, replicas.placed(stacked, self.mesh, replicas.RUNS)

    def _check_asked(self, runs: list[Run]) -> None:
        """Raise ValueError where a run drops what the program was compiled never to drop."""
        program = self.static
        for run in runs:
            if float(run.dropout) > 0 and program.problem.width and not program.drops:
                raise ValueError("a run drops features, its program none: see Static.drops")
            if float(run.modality_dropout) > 0 and program.problem.branches and not program.takes:
                raise ValueError("a run is taken modalities, its program none: see Static.takes")

    def _fit(self, runs: list[Run], data: Arrays) -> None:
        if not self._fitted:
            self.width.fit(lambda: self._needed_bytes(runs, data), memory.free_bytes())
        self._fitted = True

    def _needed_bytes(self, runs: list[Run], data: Arrays) -> int:
        _, stacked = self._stacked(runs[: self.width.runs])
        state, stacked = self._begun(stacked, data)
        return memory.needed_bytes(self._advance, state, stacked, (data, jnp.int32(0)))


class Judge:
    """Judge trained networks of one problem: clean, and with modalities wiped."""

    def __init__(self, problem: Problem, wipe: Wipe, n_runs: int) -> None:
        """Prepare for chunks of up to `n_runs` runs."""
        self.problem, self.mesh = problem, replicas.mesh()
        self.width = memory.Width(n_runs, self.mesh.size)
        axis = replicas.replica_axis()
        self._clean = clean_program(problem, self.mesh, axis)
        self._wiped = None
        if wipe.drop_rates and problem.branches:
            self._wiped = wiped_program(problem, wipe, self.mesh, axis)

    def clean(self, params: Params, scalers: list[Scaler], data: Arrays) -> Clean:
        """Judge stacked networks on untouched windows; every leaf has a leading runs axis."""
        return self._judged(self._clean, params, scalers, data)

    def wiped(self, params: Params, scalers: list[Scaler], data: Arrays) -> Wiped | None:
        """Judge stacked networks under wiping, if asked; every leaf has a leading runs axis."""
        if self._wiped is None:
            return None
        return self._judged(self._wiped, params, scalers, data)

    def _judged(self, program: Callable, params: Params, scalers: list[Scaler], data: Arrays):
        networks = (params, replicas.stack(scalers))

        def piece(part: slice):
            judged = range(part.start, part.stop)
            filling = [judged[-1]] * (self.width.runs - len(judged))
            stacked = jax.tree.map(lambda leaf: np.asarray(leaf)[[*judged, *filling]], networks)
            found = program(*replicas.placed(stacked, self.mesh, replicas.RUNS), data)
            return jax.tree.map(lambda leaf: leaf[: len(judged)], jax.device_get(found))

        found = self.width.pieces(len(scalers), piece)
        return jax.tree.map(lambda *leaves: np.concatenate(leaves), *found)


# Kept for the life of a process: what trains or judges alike is traced and compiled once.
@cache
def training_programs(
    static: Static, mesh: Mesh, axis: replicas.ReplicaAxis, told: Callable[[], None] | None
) -> tuple[Callable[..., State], Callable[..., State]]:
    """Return the compiled `begin` and `advance` of many runs."""
    training = make_train(static)

    def advance(state: State, run: Run, data_and_part: tuple[Arrays, jax.Array]) -> State:
        if told is not None:
            told()
        data, part = data_and_part
        return training.advance(state, run, data, _stop(run.n_steps, part))

    begin = replicas.over_runs(training.begin, mesh, axis)
    return begin, replicas.over_runs(advance, mesh, axis, donate=True)


@cache
def clean_program(problem: Problem, mesh: Mesh, axis: replicas.ReplicaAxis) -> Callable[..., Clean]:
    """Return `judge_clean` of many runs, compiled."""
    return replicas.over_runs(partial(judge_clean, problem), mesh, axis)


@cache
def wiped_program(
    problem: Problem, wipe: Wipe, mesh: Mesh, axis: replicas.ReplicaAxis
) -> Callable[..., Wiped]:
    """Return the judgement under wiping of many runs, compiled."""
    return replicas.over_runs(make_judge_wiped(problem, wipe), mesh, axis)


def _stop(n_steps: Any, part: Any) -> Any:
    """Return the step that a run of `n_steps` has reached after `part` of PARTS."""
    # In two factors: the product of steps and parts would overflow 32 bits.
    return n_steps // PARTS * part + n_steps % PARTS * part // PARTS
