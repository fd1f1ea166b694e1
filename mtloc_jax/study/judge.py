"""Judge many trained networks in one compiled program."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding

from mtloc_jax.core.evaluate import Clean, Wiped, judge_clean, make_judge_wiped
from mtloc_jax.core.model import Params
from mtloc_jax.core.problem import Problem
from mtloc_jax.settings import Wipe
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study import memory, replicas
from mtloc_jax.study.ahead import Work


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

    def compiling(
        self, params: Params, scaler: Scaler, unwiped: Sequence[Arrays], test: Arrays
    ) -> Work:
        """Return what compiles the judgement of such networks; nothing is put on the devices.

        params, scaler: of one; unwiped: what they are judged on clean; test: and under wiping
        """
        lying = NamedSharding(self.mesh, replicas.RUNS)

        def shape(leaf: Any) -> jax.ShapeDtypeStruct:
            held = np.asarray(leaf)
            return jax.ShapeDtypeStruct((self.width.runs, *held.shape), held.dtype, sharding=lying)

        def compiled(program: Any, data: Arrays) -> None:
            def at_this_width(_: slice) -> None:
                program.lower(*jax.tree.map(shape, (params, scaler)), data).compile()

            list(self.width.pieces(1, at_this_width))  # a compiler may refuse what does not fit

        work = {self._clean: [partial(compiled, self._clean, data) for data in unwiped]}
        return work | ({self._wiped: [partial(compiled, self._wiped, test)]} if self._wiped else {})

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
