"""Train many runs in one compiled program, with progress between jitted calls."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding

from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run, State, Static, epoch_steps, make_train
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study import memory, packing, pauses, replicas
from mtloc_jax.study.compiling import compiled_s
from mtloc_jax.study.curves import Curve, Measured, curve, marks
from mtloc_jax.study.validating import validating_program

Told = Callable[[float, float], None]
"""Called with (done, total) between jitted calls."""

PARTS = 1000  # a call trains some thousandths of every run
CALL_S = 2.0  # long enough to cost nothing, short enough to watch
CALIBRATION_S = 0.5
clock_s = time.monotonic


class Diverged(FloatingPointError):
    """Say which runs, by their place in the list, ended in what is no number.

    trained: all runs; those that did not diverge are sound
    """

    def __init__(self, runs: list[int], trained: "Trained") -> None:
        """Name the runs."""
        self.runs, self.trained = runs, trained
        super().__init__(f"{len(runs)} run(s) diverged")


class Trained(NamedTuple):
    """Hold trained runs: their parameters, stacked in their order, and the curve of each."""

    params: Params
    curves: list[Curve]


class Watched(NamedTuple):
    """Say on which windows runs are measured while they train, and how often each."""

    windows: Arrays
    times: int


class _Ended(NamedTuple):
    """Hold one run at its end: parameters, last loss f32[], means of losses f32[POINTS]."""

    params: Params
    loss: np.ndarray
    means: np.ndarray


class Speed(NamedTuple):
    """Hold what a short calibration measured: steps of all runs a second, bytes a device.

    compiled_s: what it took until the program could run
    own: the share of the cores at work that was this process's; 1 where that is not known
    """

    steps_per_s: float
    needed_bytes: int
    compiled_s: float
    own: float = 1.0


class Trainer:
    """Train runs of one Static: compiled once, used for every chunk of runs."""

    def __init__(self, static: Static, n_runs: int, told: Callable[[], None] | None = None):
        """Prepare for chunks of up to `n_runs` runs.

        told: called at each trace; where it is given, programs are made anew
        """
        self.static, self.mesh, self.axis = static, replicas.mesh(), replicas.replica_axis()
        self.width, self._fitted = memory.Width(n_runs, self.mesh.size), False
        programs = training_programs if told is None else training_programs.__wrapped__
        self._begin, self._advance = programs(static, self.mesh, self.axis, told)
        self._compiled_ahead_s = 0.0

    def train(self, runs: list[Run], data: Arrays, told: Told = lambda done, total: None) -> Params:
        """Return the parameters of `trained`; raises as it does."""
        return self.trained(runs, data, told).params

    def trained(
        self,
        runs: list[Run],
        data: Arrays,
        told: Told = lambda done, total: None,
        watched: Watched | None = None,
    ) -> Trained:
        """Return the trained runs, as numpy arrays; `watched` changes nothing but their curves.

        Raises Diverged where a run did, and InputError where one alone does not fit the memory.
        """
        steps = np.array([0, *np.cumsum([int(run.n_steps) for run in runs])], float)

        def piece(part: slice) -> tuple[Params, np.ndarray, list[Curve]]:
            return self._trained(
                runs[part], data, lambda done: told(steps[part.start] + done, steps[-1]), watched
            )

        self._fit(runs, data)
        # Vectorised, runs follow each other in the lanes there are; one by one, all are at hand.
        follow = len(runs) if self.axis == "vmap" else 1
        pieces = list(self.width.pieces(len(runs), piece, follow))
        params = jax.tree.map(lambda *leaves: np.concatenate(leaves), *(of for of, _, _ in pieces))
        trained = Trained(params, [one for _, _, curves in pieces for one in curves])
        sound = np.concatenate([of for _, of, _ in pieces])
        if not sound.all():
            raise Diverged(np.flatnonzero(~sound).tolist(), trained)
        return trained

    @property
    def program(self) -> Hashable:
        """Return what trainers of one program have in common."""
        return self._advance

    def compile(self, runs: list[Run], data: Arrays, watched: Watched | None = None) -> None:
        """Compile what trains such runs, at the width that fits; nothing is put on the devices.

        Raises InputError as `trained`.
        """
        began_s = clock_s()
        self._fit(runs, data)
        stacked, state = self._shapes(runs, data)
        self._needed_bytes(runs, data)
        if watched:
            program = validating_program(self.static.problem, self.mesh, self.axis)
            program.lower(state.params, stacked.scaler, watched.windows).compile()  # type: ignore[attr-defined]
        self._compiled_ahead_s += clock_s() - began_s

    def calibrate(self, runs: list[Run], data: Arrays) -> Speed:
        """Train a little of the first runs, throw it away, and say how fast that went."""
        self._fit(runs, data)
        return next(self.width.pieces(len(runs), lambda part: self._timed(runs[part], data)))

    def _timed(self, runs: list[Run], data: Arrays) -> Speed:
        lanes = self._dealt(np.array([int(run.n_steps) for run in runs]))
        filled, stacked = self._stacked([runs[k] if k < len(runs) else None for k in lanes], runs)
        state, stacked = self._begun(stacked, data)
        n_steps = np.array([int(run.n_steps) for run in filled])

        def advanced(state: State, part: int) -> State:
            return self._advanced(state, stacked, _stop(n_steps, part), data)

        before_s = compiled_s()
        state = advanced(state, 0)
        took_to_compile_s = compiled_s() - before_s + self._compiled_ahead_s
        part, began_s, busy_s = 0, clock_s(), time.process_time()
        # A first part may hold no step of short runs, and on a busy machine take all of the time.
        while part < PARTS and (
            not _stop(n_steps, part).any() or clock_s() - began_s < CALIBRATION_S
        ):
            part = min(PARTS, 4 * part + 1)
            state = advanced(state, part)
        took_s, busy_s = clock_s() - began_s, time.process_time() - busy_s
        steps = int(_stop(n_steps, part).sum())
        at_work = min(len(runs), self.mesh.size)
        own = min(busy_s / (took_s * at_work), 1.0) if self.axis == "map" else 1.0
        return Speed(steps / took_s, self._needed_bytes(runs, data), took_to_compile_s, own)

    def _trained(
        self,
        runs: list[Run],
        data: Arrays,
        told: Callable[[float], None],
        watched: Watched | None,
    ) -> tuple[Params, np.ndarray, list[Curve]]:
        """Train runs in the lanes there are, wave by wave.

        Returns their parameters, bool[R], whether they and the last loss are numbers, and curves.
        """
        n_steps = np.array([int(run.n_steps) for run in runs])
        batches = [epoch_steps(int(run.n_windows), self.static.batch_size) for run in runs]
        times = watched.times if watched else 0
        due = [marks(*of, times) if times else [] for of in zip(n_steps, batches, strict=True)]
        lanes: list[int | None] = [None] * self.width.runs
        taken = np.zeros(len(lanes), np.int64)  # steps, by each lane's run
        ended: dict[int, _Ended] = {}
        measured: list[dict[int, Measured]] = [{} for _ in runs]
        state, stride, done = None, 1, 0
        told(0)
        for wave in self._waves(n_steps):
            if state is not None:
                ended |= self._ended(state, {k: lanes[k] for k in wave.begins})
            for lane, run in wave.begins.items():
                lanes[lane], taken[lane] = run, 0
            filled, stacked = self._stacked([None if k is None else runs[k] for k in lanes], runs)
            fresh, stacked = self._begun(stacked, data)
            state = fresh if state is None else self._with(state, fresh, wave.begins)
            length = np.array([int(run.n_steps) for run in filled]) - taken
            length = np.minimum(length, wave.steps)
            here = np.zeros_like(length)
            for pause in self._pauses([[] if k is None else due[k] for k in lanes], taken, length):
                part = 0
                while part < PARTS:
                    part, began_s = min(PARTS, part + stride), time.monotonic()
                    at = here + _stop(pause - here, part)
                    state = self._advanced(state, stacked, taken + at, data)
                    told(float(done + at.sum()))
                    took_s = max(time.monotonic() - began_s, 1e-3)
                    stride = int(np.clip(stride * min(CALL_S / took_s, 8), 1, PARTS))
                here = pause
                held = {k: run for k, run in enumerate(lanes) if run is not None}
                reached = {k: run for k, run in held.items() if taken[k] + here[k] in due[run]}
                if watched and reached:
                    found = self._validated(state, stacked, watched.windows)
                    for lane, run in reached.items():
                        measured[run][int(taken[lane] + here[lane])] = Measured(*found[lane])
            taken, done = taken + length, done + length.sum()
        assert state is not None
        ended |= self._ended(state, dict(enumerate(lanes)))
        every = [ended[k] for k in range(len(runs))]
        params = replicas.stack([one.params for one in every])
        # The loss is of before the last step, the parameters of after it.
        flat = [leaf.reshape(len(runs), -1) for leaf in jax.tree.leaves(params)]
        finite = [np.isfinite(leaf).all(axis=1) for leaf in flat]
        sound = np.all([np.isfinite([one.loss for one in every]), *finite], axis=0)
        means = [one.means for one in every]
        return params, sound, list(map(curve, n_steps.tolist(), batches, means, measured))

    def _pauses(
        self, due: list[list[int]], taken: np.ndarray, length: np.ndarray
    ) -> list[np.ndarray]:
        """Return how far each lane is at each pause of a wave, i64[L]; it ends with the last."""
        if self.axis == "vmap":
            return pauses.in_step(due, taken, length)
        return pauses.in_proportion(due) or [length]

    def _validated(self, state: State, stacked: Run, windows: Arrays) -> np.ndarray:
        """Return what each lane's run is measured at, f64[L, 2]."""
        program = validating_program(self.static.problem, self.mesh, self.axis)
        return np.asarray(program(state.params, stacked.scaler, windows), np.float64)

    def _waves(self, n_steps: np.ndarray) -> list[packing.Wave]:
        if self.axis == "vmap":
            return packing.waves(n_steps.tolist(), self.width.runs)
        dealt = self._dealt(n_steps)
        begins = {lane: int(k) for lane, k in enumerate(dealt) if k < len(n_steps)}
        return [packing.Wave(begins, int(n_steps.max()))]

    def _dealt(self, n_steps: np.ndarray) -> np.ndarray:
        """Return which run each lane has; numbers from the runs' count on are idle ones."""
        idle = np.zeros(self.width.runs - len(n_steps), np.int64)
        return replicas.dealt(np.concatenate([n_steps, idle]), self.mesh.size)

    def _advanced(self, state: State, stacked: Run, stops: np.ndarray, data: Arrays) -> State:
        stop = replicas.placed(stops.astype(np.int32), self.mesh, replicas.RUNS)
        return jax.block_until_ready(self._advance(state, stacked, stop, data))

    def _begun(self, stacked: Run, data: Arrays) -> tuple[State, Run]:
        """Return the runs' first state, and the runs without their start, which it now holds."""
        return self._begin(stacked, data), stacked._replace(start={})

    def _with(self, state: State, fresh: State, begins: Mapping[int, int]) -> State:
        """Return a state in which some lanes begin."""
        mask = np.zeros(self.width.runs, bool)
        mask[list(begins)] = True
        return _begun_anew(state, fresh, replicas.placed(mask, self.mesh, replicas.RUNS))

    def _ended(self, state: State, lanes: Mapping[int, int | None]) -> dict[int, _Ended]:
        """Return how lanes' runs ended, by run."""
        held = {lane: run for lane, run in lanes.items() if run is not None}
        if not held:
            return {}
        params, loss, means = jax.device_get((state.params, state.loss, state.losses.means))
        return {
            # Copied, so that not every wave's whole stack stays in memory until the last one.
            run: _Ended(
                jax.tree.map(np.copy, replicas.take(params, lane)), loss[lane], means[lane].copy()
            )
            for lane, run in held.items()
        }

    def _stacked(self, lanes: Sequence[Run | None], runs: list[Run]) -> tuple[list[Run], Run]:
        """Return what each lane trains, an idle run where none, and that on the devices."""
        # Idle runs fill the chunk up to the compiled size; they take no step.
        idle = runs[-1]._replace(n_steps=np.int32(0))
        filled = [idle if run is None else run for run in lanes]
        self._check_asked(filled)
        return filled, replicas.placed(replicas.stack(filled), self.mesh, replicas.RUNS)

    def _check_asked(self, runs: list[Run]) -> None:
        """Raise ValueError where a run drops what the program was compiled never to drop."""
        program = self.static
        for run in runs:
            if float(run.dropout) > 0 and program.problem.width and not program.drops:
                raise ValueError("a run drops features, its program none: see Static.drops")
            if float(run.modality_dropout) > 0 and program.problem.branches and not program.takes:
                raise ValueError("a run is taken modalities, its program none: see Static.takes")

    def _fit(self, runs: list[Run], data: Arrays) -> None:
        if self._fitted:
            return
        if self.axis == "vmap":
            most = min(self.width.runs, memory.lanes_a_device() * self.mesh.size)
            n_steps = [int(run.n_steps) for run in runs]
            lanes = packing.lanes_for(n_steps, most, self.mesh.size)
            self.width = memory.Width(lanes, self.mesh.size)
        self.width.fit(lambda: self._needed_bytes(runs, data), memory.free_bytes())
        self._fitted = True

    def _needed_bytes(self, runs: list[Run], data: Arrays) -> int:
        """Return what training takes on each device; nothing is put there to find out."""
        stacked, state = self._shapes(runs, data)
        least = memory.size_bytes(state) // self.mesh.size
        free = memory.free_bytes()
        if free is not None and least > free:
            return least  # not worth compiling
        stop = self._shaped(np.zeros(self.width.runs, np.int32))
        begun = stacked._replace(start={})
        # Runs that follow begin while the state of those before them is held.
        beginning = memory.needed_bytes(self._begin, stacked, data) + least
        return max(beginning, memory.needed_bytes(self._advance, state, begun, stop, data))

    def _shapes(self, runs: list[Run], data: Arrays) -> tuple[Any, Any]:
        """Return the shapes of such runs, stacked as wide as is trained at once, and of a state."""
        stacked = self._shaped(jax.tree.map(np.asarray, runs[0]), (self.width.runs,))
        return stacked, self._shaped(jax.eval_shape(self._begin, stacked, data))

    def _shaped(self, tree: Any, lead: tuple[int, ...] = ()) -> Any:
        """Return the shapes of a tree as it lies on the devices, with further axes before them."""
        lying = NamedSharding(self.mesh, replicas.RUNS)
        return jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct((*lead, *leaf.shape), leaf.dtype, sharding=lying),
            tree,
        )


@partial(jax.jit, donate_argnums=0)
def _begun_anew(state: State, fresh: State, begins: jax.Array) -> State:
    def one(old: jax.Array, new: jax.Array) -> jax.Array:
        return jnp.where(begins.reshape(-1, *[1] * (new.ndim - 1)), new, old)

    return jax.tree.map(one, state, fresh)


# Kept for the life of a process: what trains or judges alike is traced and compiled once.
@cache
def training_programs(
    static: Static, mesh: Mesh, axis: replicas.ReplicaAxis, told: Callable[[], None] | None
) -> tuple[Callable[..., State], Callable[..., State]]:
    """Return the compiled `begin` and `advance` of many runs."""
    training = make_train(static)

    def advance(state: State, run: Run, stop: jax.Array, data: Arrays) -> State:
        if told is not None:
            told()
        return training.advance(state, run, data, stop)

    begin = replicas.over_runs(training.begin, mesh, axis)
    return begin, replicas.over_runs(advance, mesh, axis, donate=True)


def _stop(n_steps: np.ndarray, part: int) -> np.ndarray:
    """Return how many of `n_steps` i64[..] are taken after `part` of PARTS."""
    return n_steps * part // PARTS
