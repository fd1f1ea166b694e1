"""Map a pure function of one run over many runs: over cores on CPU, vectorised elsewhere.

The replica axis is chosen here and nowhere else. On CPU each core is a device that takes its share
of the runs one after the other: batched matmuls are slow there. An accelerator takes its share at
once. Runs never talk to each other, so any split gives the same results.
"""

from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np
from jax import lax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from mtloc_jax.core.lstm import for_cpus_alone

ReplicaAxis = Literal["map", "vmap"]
RUNS = PartitionSpec("runs")
ALL = PartitionSpec()


def replica_axis() -> ReplicaAxis:
    """Return "map" on CPU and "vmap" on accelerators."""
    return "map" if jax.default_backend() == "cpu" else "vmap"


def mesh(devices: list | None = None) -> Mesh:
    """Return a mesh with one axis, `runs`, over this process's devices (or those given)."""
    devices = jax.local_devices() if devices is None else devices
    return jax.make_mesh((len(devices),), ("runs",), axis_types=(AxisType.Auto,), devices=devices)


def over_runs(
    function: Callable[..., Any], over: Mesh, axis: ReplicaAxis, *, donate: bool = False
) -> Callable[..., Any]:
    """Compile `function(*one, shared)` into a program of (*stacked runs, shared data).

    Every leaf of all arguments but the last has a leading runs axis, a multiple of the device
    count; the last is given to every run as it is, and lies on each device once. `donate` lets
    the program put its results where its first argument was, which is gone afterwards.
    """

    def local(*arguments):
        *stacked, shared = arguments

        def one(run):
            return function(*run, shared)

        if axis == "vmap":
            return jax.vmap(one)(stacked)
        with for_cpus_alone():
            return lax.map(one, stacked)

    def program(*arguments):
        specs = (*[RUNS] * (len(arguments) - 1), ALL)
        sharded = jax.shard_map(local, mesh=over, in_specs=specs, out_specs=RUNS, check_vma=False)
        return sharded(*arguments)

    return jax.jit(program, donate_argnums=(0,) if donate else ())


def placed(tree: Any, over: Mesh, spec: PartitionSpec) -> Any:
    """Put a tree on the mesh: `RUNS` deals the leading axis out, `ALL` copies to each device."""
    return jax.device_put(tree, NamedSharding(over, spec))


def stack(trees: list) -> Any:
    """Stack equal trees of arrays along a new leading runs axis."""
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *trees)


def take(tree: Any, index: int) -> Any:
    """Return one run of a stacked tree."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def dealt(costs: np.ndarray, devices: int) -> np.ndarray:
    """Deal runs out to devices so that each gets about the same cost.

    costs: i64[R], R a multiple of `devices`. Returns i64[R]: run indices in stacking order, each
    device's share contiguous.
    """
    falling = np.argsort(-costs, kind="stable").reshape(-1, devices)
    falling[1::2] = falling[1::2, ::-1]  # there and back, so no device always draws the longest
    return falling.T.ravel()
