"""The programs of every problem, as they are compiled where users run them, and their arguments.

Nothing is executed: arguments are shapes, at the sizes of the paper's network and of a large study.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding

from bench import problem
from bench.problem import Shape
from bench.runs import FROZEN, pretraining_static, run, static
from mtloc_jax.core.evaluate import judge_clean, make_judge_wiped
from mtloc_jax.core.flops import step_flop, trained_flop
from mtloc_jax.core.train import Run, Static
from mtloc_jax.experts import matcher_training
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.matcher import CANDIDATES_AT, FEATURES_OF
from mtloc_jax.experts.pair_features import FEATURES
from mtloc_jax.modalities import Held
from mtloc_jax.motion import learned
from mtloc_jax.motion import network as motion
from mtloc_jax.motion.legs import LEGS, TICKS
from mtloc_jax.motion.phone_frame import N_INPUTS
from mtloc_jax.settings import Wipe
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study import replicas
from mtloc_jax.study.judge import clean_program, wiped_program
from mtloc_jax.study.trainer import training_programs
from mtloc_jax.tracking import tracks
from mtloc_jax.tracking.kalman import Model
from mtloc_jax.tracking.ticks import Ticks

SHAPE = Shape(windows=5000)
JUDGED = Shape(windows=625)
SEEDS = 5
"""Of matchers and motion networks: a number that no other length is equal to."""
LESSONS, STRETCHES = 5000, 500
WALKS, WALK_TICKS, FIXES = 64, 1500, 2
WIPE = Wipe()
FUSED = "fused"
_WINDOWED = ("imu", "mag")


@dataclass(frozen=True)
class Program:
    """Hold a program and what it is given.

    unit: what its cost is told for; units: how many of them one device does in what is counted
    loops: whether that is the body of the loop over steps, else the whole program
    runs: of one device; flop: of the network, a unit, None where products are no measure of it
    donated: bytes on one device that the program may write its results to
    again: of the network, a unit, that are done twice by design
    """

    name: str
    jitted: Callable[..., Any]
    arguments: tuple[Any, ...]
    unit: str
    units: int
    loops: bool
    runs: int
    flop: float | None
    donated: float = 0.0
    again: float = 0.0

    def compiled(self) -> Any:
        """Compile it for the devices that its arguments lie on."""
        return self.jitted.lower(*self.arguments).compile()  # type: ignore[attr-defined]


def programs(devices: list[jax.Device], runs: int) -> dict[str, Callable[[], Program]]:
    """Return what makes each program, by its name; `runs` on a device at once."""
    mesh = _mesh(devices)
    of_network = {
        "training": lambda: _training("training", static(SHAPE), SHAPE, mesh, runs),
        "frozen": lambda: _training("frozen", static(SHAPE, FROZEN), SHAPE, mesh, runs),
        "pretraining": lambda: _pretraining(mesh, runs),
        "judging": lambda: _judging("judging", "plain", mesh, runs),
        "wiped": lambda: _judging_wiped(mesh, runs),
    }
    if devices[0].platform == "tpu":  # which alone has kernels of ours
        of_network |= {
            "fused": lambda: _fused(mesh, runs),
            "fused-judging": lambda: _judging("fused-judging", FUSED, mesh, runs),
        }
    # What trains a few networks of one site, or filters walks, uses one device.
    alone = _mesh(devices[:1])
    return of_network | {
        "matcher": lambda: _matcher(alone),
        "motion": lambda: _motion(alone),
        "filter": lambda: _filter("filter", tracks.causal_states, alone),
        "smoother": lambda: _filter("smoother", tracks.offline_states, alone),
    }


def _mesh(devices: list[jax.Device]) -> Mesh:
    return jax.make_mesh((len(devices),), ("runs",), axis_types=(AxisType.Auto,), devices=devices)


def _like(tree: Any, mesh: Mesh, spec: Any, lead: tuple[int, ...] = ()) -> Any:
    """Return the shapes of a tree on a mesh, with further axes before them."""
    lying = NamedSharding(mesh, spec)

    def one(leaf: Any) -> jax.ShapeDtypeStruct:
        held = leaf if hasattr(leaf, "dtype") else np.asarray(leaf)
        return jax.ShapeDtypeStruct((*lead, *held.shape), held.dtype, sharding=lying)

    return jax.tree.map(one, tree)


def _bytes(tree: Any) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def _training(name: str, made: Static, shape: Shape, mesh: Mesh, runs: int) -> Program:
    return _advancing(name, made, run(shape, 0), problem.arrays(shape), shape.inputs, mesh, runs)


def _fused(mesh: Mesh, runs: int) -> Program:
    made = _training("fused", static(SHAPE, recurrence=FUSED), SHAPE, mesh, runs)
    # Backward kernels compute gates anew; a window's first sample has no state before it.
    later = SHAPE.batch * (SHAPE.time_steps - 1)
    return replace(made, again=len(_WINDOWED) * 2 * later * SHAPE.hidden * 4 * SHAPE.hidden)


def _pretraining(mesh: Mesh, runs: int) -> Program:
    made, imu = pretraining_static(SHAPE), {"imu": SHAPE.inputs["imu"]}
    whole = problem.arrays(SHAPE)
    data = Arrays({"imu": whole.inputs["imu"]}, whole.target)
    start = {"imu": problem.start(SHAPE, 0)["imu"], "head": problem.pretraining_head(SHAPE)}
    one = run(SHAPE, 0)._replace(start=start, scaler=problem.scaler(data))
    return _advancing("pretraining", made, one, data, imu, mesh, runs)


def _advancing(
    name: str,
    made: Static,
    one: Run,
    data: Arrays,
    shapes: dict[str, tuple[int, ...]],
    mesh: Mesh,
    runs: int,
) -> Program:
    begin, advance = training_programs(made, mesh, "vmap", None)
    stacked = _like(one, mesh, replicas.RUNS, (runs * mesh.size,))
    shared = _like(data, mesh, replicas.ALL)
    state = _like(jax.eval_shape(begin, stacked, shared), mesh, replicas.RUNS)
    stop = _like(np.int32(0), mesh, replicas.RUNS, (runs * mesh.size,))
    return Program(
        name,
        advance,
        (state, stacked._replace(start={}), stop, shared),
        "run-step",
        units=runs,
        loops=True,
        runs=runs,
        flop=step_flop(made, shapes),
        donated=_bytes(state) / mesh.size,
    )


def _judged(mesh: Mesh, runs: int) -> tuple[Any, ...]:
    networks = run(JUDGED, 0)
    lead = (runs * mesh.size,)
    return (
        _like(networks.start, mesh, replicas.RUNS, lead),
        _like(networks.scaler, mesh, replicas.RUNS, lead),
        _like(problem.arrays(JUDGED), mesh, replicas.ALL),
    )


def _judging(name: str, recurrence: str, mesh: Mesh, runs: int) -> Program:
    of = static(JUDGED, recurrence=recurrence).problem
    return Program(
        name,
        clean_program(of, mesh, "vmap"),
        _judged(mesh, runs),
        "run",
        units=runs,
        loops=False,
        runs=runs,
        flop=_forward_flop(partial(judge_clean, of)),
    )


def _forward_flop(judge: Callable[..., Any]) -> int:
    one = run(JUDGED, 0)
    given = one.start, one.scaler, problem.arrays(JUDGED)
    return trained_flop(lambda _, *given: judge(*given), {}, *given)


def _judging_wiped(mesh: Mesh, runs: int) -> Program:
    of = static(JUDGED).problem
    return Program(
        "wiped",
        wiped_program(of, WIPE, mesh, "vmap"),
        _judged(mesh, runs),
        "run",
        units=runs,
        loops=False,
        runs=runs,
        flop=_forward_flop(make_judge_wiped(of, WIPE)),
    )


def _matcher(mesh: Mesh) -> Program:
    shapes: dict[str, tuple[int, ...]] = {
        FEATURES_OF: (CANDIDATES, len(FEATURES)),
        CANDIDATES_AT: (CANDIDATES, 3),
    }
    blank = {name: np.zeros((1, *of), np.float32) for name, of in shapes.items()}
    params = jax.eval_shape(
        lambda: matcher_training.PROBLEM.network.init(jax.random.key(0), blank)["params"]
    )
    dtypes = {FEATURES_OF: np.float16, CANDIDATES_AT: np.float32}
    held = {
        name: Held(jax.ShapeDtypeStruct((LESSONS, *of), dtypes[name]))
        for name, of in shapes.items()
    }
    data = Arrays(held, jax.ShapeDtypeStruct((LESSONS, 2), np.float32))
    paces, batch = matcher_training.paces_of(params), 128
    one = _run(params, LESSONS, matcher_training.METRES)
    lead, alone = (SEEDS,), partial(_like, mesh=mesh, spec=replicas.ALL)
    arguments = alone(one)._replace(seed=alone(one.seed, lead=lead), start=alone(params, lead=lead))
    made = Static(matcher_training.PROBLEM, paces, batch, "adamw", "cosine")
    jitted = matcher_training.training_program(paces, batch)
    return _whole("matcher", jitted, arguments, alone(data), step_flop(made, shapes))


def _motion(mesh: Mesh) -> Program:
    params = jax.eval_shape(lambda: motion.fresh(0))
    width = N_INPUTS + 1 + LEGS
    read = jax.ShapeDtypeStruct((STRETCHES, TICKS, width), np.float32)
    data = Arrays(
        {motion.READ: Held(read)}, jax.ShapeDtypeStruct((STRETCHES, 2 * LEGS), np.float32)
    )
    alone = partial(_like, mesh=mesh, spec=replicas.ALL)
    arguments = alone(_run(params, STRETCHES, motion.METRES), lead=(SEEDS,))
    paces = learned.paces_of(params)
    made = Static(motion.problem(), paces, learned.BATCH, "adamw", "cosine")
    jitted = learned.training_program(paces, one_by_one=False)
    flop = step_flop(made, {motion.READ: (TICKS, width)})
    return _whole("motion", jitted, arguments, alone(data), flop)


def _run(params: Any, windows: int, frame: Any) -> Run:
    return Run(
        seed=np.int32(0),
        learning_rate=np.float32(0),
        start=params,
        plan=np.zeros(windows, np.int32),
        n_windows=np.int32(windows),
        n_steps=np.int32(0),
        dropout=np.float32(0),
        scaler=frame,
    )


def _whole(name: str, jitted: Any, runs: Run, data: Arrays, flop: float) -> Program:
    return Program(
        name,
        jitted,
        (runs, data),
        "run-step",
        units=SEEDS,
        loops=True,
        runs=SEEDS,
        flop=flop,
    )


def _filter(name: str, jitted: Any, mesh: Mesh) -> Program:
    def of(*shape: int) -> Any:
        return jax.ShapeDtypeStruct((WALKS, *shape), np.float32)

    one, slot = (WALK_TICKS,), (WALK_TICKS, FIXES)
    of_tick = of(*one), of(*one), of(*one, 2), of(*one)
    of_fix = of(*slot, 2), of(*slot), of(*slot), of(*slot, 2), of(*slot), of(*slot)
    ticks = Ticks(*of_tick, *of_fix)
    arguments = (Model(), of(), ticks)
    return Program(
        name,
        jitted,
        _like(arguments, mesh, replicas.ALL),
        "walk-tick",
        units=WALKS * WALK_TICKS,
        loops=False,
        runs=WALKS,
        flop=None,
    )
