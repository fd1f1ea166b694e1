"""The networks by which whole walks are located, as programs: matchers, and networks on motion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import export

from mtloc_jax.core.model import Params
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.matcher_training import PROBLEM
from mtloc_jax.experts.pair_features import FEATURES
from mtloc_jax.motion.network import NU, MotionNetwork
from mtloc_jax.motion.phone_frame import N_INPUTS
from mtloc_jax.registry import Registry

PART = "part"
"""In the card of such a network: its name in PARTS."""


@dataclass(frozen=True)
class Part:
    """Say what such a network is.

    method:    of the network, which the program is of
    sizes:     names of sizes that are open, as jax.export.symbolic_shape reads them, with `bounds`
    arguments: name -> what a program reads by it, dtype and shape over these names
    told:      what the method returns -> what a program tells
    card:      what the card says besides, in words
    """

    network: nn.Module
    method: str
    sizes: str
    bounds: tuple[str, ...]
    arguments: Mapping[str, tuple[Any, tuple[str | int, ...]]]
    told: Callable[[Any], tuple[jax.Array, ...]]
    card: Mapping[str, Any]

    def shapes(self) -> list[jax.ShapeDtypeStruct]:
        """Return what the program reads, of open sizes."""
        named: dict[str | int, Any] = dict(zip(self.sizes.split(", "), self._open(), strict=True))
        return [
            jax.ShapeDtypeStruct([named.get(size, size) for size in shape], dtype)
            for dtype, shape in self.arguments.values()
        ]

    def program(self, params: Params) -> Callable[..., tuple[jax.Array, ...]]:
        """Return the function of its arguments, in their order."""

        def tell(*arguments: jax.Array) -> tuple[jax.Array, ...]:
            told = self.network.apply({"params": params}, *arguments, method=self.method)
            return self.told(told)

        return tell

    def leaves(self) -> Params:
        """Return the shapes of its parameters."""
        smallest = [
            jnp.zeros([size if isinstance(size, int) else 2 for size in shape], dtype)
            for dtype, shape in self.arguments.values()
        ]
        make = self.network.init
        return jax.eval_shape(
            lambda: make(jax.random.key(0), *smallest, method=self.method)["params"]
        )

    def _open(self) -> tuple[Any, ...]:
        return tuple(export.symbolic_shape(self.sizes, constraints=self.bounds))


PARTS: Registry[Part] = Registry("part of what locates walks")
PARTS["matcher"] = Part(
    PROBLEM.network,
    "tell",
    "b",
    (),
    {
        "features": (jnp.float32, ("b", CANDIDATES, len(FEATURES))),
        "candidates": (jnp.float32, ("b", CANDIDATES, 2)),
        "mask": (jnp.bool_, ("b", CANDIDATES)),
    },
    lambda told: (told.xy_m, jnp.exp(told.log_sigma)),
    {
        "reads": "features of a scan and each candidate of the survey; where candidates are, "
        "metres; which of them are real",
        "tells": "positions, metres; the standard deviation of either coordinate, metres",
        "features": FEATURES,
    },
)
PARTS["motion"] = Part(
    MotionNetwork(),
    "ticks",
    "b, 2*t",
    ("t >= 1",),
    {
        "inputs": (jnp.float32, ("b", "2*t", N_INPUTS)),
        "yaw_rad": (jnp.float32, ("b", "2*t")),
    },
    lambda told: (told[0], jnp.sqrt(NU / (NU - 2) * told[1])),
    {
        "reads": "an even number of ticks of 100 ms: acceleration without gravity (m/s^2) and turn "
        "rate (rad/s) of five samples in the phone's yaw frame; yaw, counter-clockwise from east",
        "tells": "metres east and north in each tick; the standard deviation of either",
    },
)
