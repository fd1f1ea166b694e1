"""One run on all cores: a step's work dealt out to devices, which exchange what they found.

Option "deal": "batch", each device has its share of every batch and gradients are summed; or
"branches", one device goes through the IMU's windows while another goes through the magnetometer's.
"""

from collections.abc import Mapping
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from bench import problem
from bench.runs import run, static
from bench.task import Task
from mtloc_jax.core.lstm import last_hidden
from mtloc_jax.core.lstm_cell import LstmParams
from mtloc_jax.core.model import MTLoc, Params
from mtloc_jax.core.problem import Problem
from mtloc_jax.core.train import State, make_train

_NO_END = 2**30  # steps the run may take
_SHARE = PartitionSpec("dealt")
_LSTMS = ("imu", "mag")


class OneRun:
    """Train one run on all devices."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet; put the data on each device."""
        deals = {"batch": _by_batch, "branches": _by_branch}
        devices = jax.local_devices()
        mesh = jax.make_mesh((len(devices),), ("dealt",), axis_types=(AxisType.Auto,))
        made = static(task.shape)
        training = make_train(
            replace(made, problem=deals[task.options["deal"]](made.problem, mesh))
        )
        one, whole = run(task.shape, task.first_run, n_steps=_NO_END), _on_all(mesh)
        self._run, self._data = jax.device_put((one, problem.arrays(task.shape)), whole)
        self._begin = jax.jit(training.begin, out_shardings=whole)
        self._advance = jax.jit(training.advance, donate_argnums=0, out_shardings=whole)

    def restart(self) -> None:
        """Begin the run anew."""
        self._step, self._state = 0, self._begin(self._run, self._data)

    def advance(self, steps: int) -> None:
        """Train by `steps` steps in one call."""
        self._step += steps
        given = self._state, self._run._replace(start={}), self._data, np.int32(self._step)
        self._state: State = jax.block_until_ready(self._advance(*given))

    def outcome(self) -> list[float]:
        """Return the last loss."""
        return [float(self._state.loss)]


def _on_all(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec())


def _by_batch(whole: Problem, mesh: Mesh) -> Problem:
    """Return a problem whose batches lie in shares; the compiler sums what follows from them."""

    def batch(data, scaler, rows):
        shares = NamedSharding(mesh, _SHARE)
        return {
            name: lax.with_sharding_constraint(x, shares)
            for name, x in whole.batch(data, scaler, rows).items()
        }

    return replace(whole, batch=batch)


def _by_branch(whole: Problem, mesh: Mesh) -> Problem:
    network = whole.network
    assert isinstance(network, MTLoc)
    settings = {name: getattr(network, name) for name in ("hidden", "modalities")}
    return replace(whole, network=SideBySide(**settings, mesh=mesh))


class SideBySide(MTLoc):
    """MTLoc, but that each of two devices has an LSTM of its own."""

    mesh: Mesh | None = None

    def __call__(
        self,
        inputs: Mapping[str, jax.Array],
        kept: jax.Array | float = 1.0,
        known: Mapping[str, jax.Array] | None = None,
        lost: Mapping[str, jax.Array] | None = None,
    ) -> jax.Array:
        """Map scaled windows to scaled outputs, as MTLoc does."""
        del known
        params = [self.variables["params"][name] for name in _LSTMS]
        windows = [inputs[name] for name in _LSTMS]
        last = _side_by_side(
            self.mesh, [_wide(one) for one in params], [_widened(x) for x in windows]
        )
        return super().__call__(inputs, kept, dict(zip(_LSTMS, last, strict=True)), lost)


def _side_by_side(mesh, params: list[LstmParams], windows: list[jax.Array]) -> jax.Array:
    """Return the last hidden states f32[2, B, H] of two LSTMs."""

    def of_one(params: LstmParams, x: jax.Array) -> jax.Array:
        return last_hidden(LstmParams(*(leaf[0] for leaf in params)), x[0])[None]

    stacked = jax.tree.map(lambda *both: jnp.stack(both), *params)
    both = jax.shard_map(of_one, mesh=mesh, in_specs=_SHARE, out_specs=_SHARE, check_vma=False)
    return both(stacked, jnp.stack(windows))


def _wide(params: Params) -> LstmParams:
    """Return an LSTM of two channels: what has one reads another of nothing."""
    kernel = params["kernel"]
    more = jnp.pad(kernel, ((0, 2 - len(kernel)), (0, 0)))
    return LstmParams(more, params["recurrent_kernel"], params["bias"])


def _widened(x: jax.Array) -> jax.Array:
    return jnp.pad(x, ((0, 0), (0, 0), (0, 2 - x.shape[-1])))


contestant = OneRun
