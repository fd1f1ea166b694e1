"""Small random networks and windows, drawn by numpy so that tests spend no time compiling."""

from functools import lru_cache

import jax
import numpy as np

from mtloc_jax.core.model import MTLoc
from mtloc_jax.sites.scaling import fit
from mtloc_jax.surgery.checkpoint import plain


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


def scaler(aps, seed=0):
    """Return the scaler of random windows in which every access point was heard."""
    random = np.random.default_rng(seed)
    return fit(
        random.normal((9.8, 0.5), (1.5, 0.4), (40, 10, 2)).astype(np.float32),
        random.normal(45, 6, (40, 10, 1)).astype(np.float32),
        random.uniform(-95, -40, (40, aps)).astype(np.float32),
        np.arange(40),
        random.uniform(0, 60, (40, 2)),
    )


def card(bssids, seed=0, name="site1/B1"):
    """Return the card of one trained network of an invented site."""
    site = {
        "name": name,
        "bssids": list(bssids),
        "imu_shape": [10, 2],
        "mag_shape": [10, 1],
    }
    run = {"seed": seed, "scaler": scaler(len(bssids), seed)._asdict()}
    return plain({"site": site, "config": {"hidden": 6}, "run": run})
