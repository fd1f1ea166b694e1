"""Small random networks and windows, drawn by numpy so that tests spend no time compiling."""

from functools import lru_cache

import jax
import numpy as np

from mtloc_jax.model import MTLoc


def params(hidden, aps, seed=0, mag_channels=1):
    """Return an MTLoc tree of plausible random weights, numpy arrays."""
    random = np.random.default_rng(seed)

    def draw(*shape):
        return random.normal(0, 1 / np.sqrt(max(shape[0], 2)), shape).astype(np.float32)

    def lstm(channels):
        return {
            "kernel": draw(channels, 4 * hidden),
            "recurrent_kernel": draw(hidden, 4 * hidden),
            "bias": draw(4 * hidden),
        }

    def dense(inputs, outputs):
        return {"kernel": draw(inputs, outputs), "bias": draw(outputs)}

    return {
        "imu": lstm(2),
        "mag": lstm(mag_channels),
        "wifi": {"fc1": dense(aps, hidden), "fc2": dense(hidden, hidden)},
        "fusion": {"fc3": dense(3 * hidden, hidden), "fc4": dense(hidden, 2)},
    }


def windows(aps, seed=0, n=4, mag_channels=1):
    """Return scaled imu f32[n, 10, 2], mag f32[n, 10, C] and wifi f32[n, A]."""
    random = np.random.default_rng(seed)
    shapes = ((n, 10, 2), (n, 10, mag_channels), (n, aps))
    return [random.normal(size=shape).astype(np.float32) for shape in shapes]


@lru_cache
def _compiled(hidden):
    network = MTLoc(hidden)
    return jax.jit(lambda tree, *inputs: network.apply({"params": tree}, *inputs))


def apply(tree, inputs):
    """Return the network's scaled positions f32[n, 2]; its hidden size is read off the tree."""
    return np.asarray(_compiled(tree["imu"]["recurrent_kernel"].shape[0])(tree, *inputs))
