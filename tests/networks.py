"""Small networks, windows and runs; trees of weights drawn by numpy, with nothing to compile."""

from functools import lru_cache

import jax
import numpy as np

from mtloc_jax.core.model import MTLoc, Params
from mtloc_jax.core.train import Run
from mtloc_jax.sites import scaling
from mtloc_jax.sites.site import Arrays
from mtloc_jax.surgery.checkpoint import plain
from mtloc_jax.surgery.freeze import gates
from mtloc_jax.surgery.thaw import ALL, thaw
from mtloc_jax.sweep.trainer import initialised

N_APS, HIDDEN = 7, 8
NETWORK = MTLoc(hidden=HIDDEN)


def windows(n: int = 230, seed: int = 0) -> Arrays:
    """Return random windows whose position can be learnt from each modality a little."""
    rng = np.random.default_rng(seed)
    xy_m = rng.uniform(0, 20, (n, 2)).astype(np.float32)
    imu = rng.normal(size=(n, 10, 2)) + xy_m[:, None] / 10
    mag = 40 + rng.normal(size=(n, 10, 1)) + xy_m[:, None, :1]
    n_scans = 40
    wifi_dbm = rng.uniform(-90, -40, (n_scans, N_APS))
    wifi_dbm[rng.random(wifi_dbm.shape) < 0.4] = np.nan
    wifi_dbm[0] = np.nan
    scan = np.minimum(xy_m[:, 1] / 20 * n_scans, n_scans - 1)
    return Arrays(
        imu.astype(np.float32),
        mag.astype(np.float32),
        wifi_dbm.astype(np.float32),
        scan.astype(np.int32),
        xy_m,
    )


def fresh(seeds: int = 1, network: MTLoc = NETWORK, n_aps: int = N_APS) -> Params:
    """Return fresh parameters, stacked over seeds."""
    example = (np.zeros((1, 10, 2)), np.zeros((1, 10, 1)), np.zeros((1, n_aps)))
    return initialised(network, tuple(x.astype(np.float32) for x in example), seeds)


def run(
    start: Params,
    data: Arrays,
    *,
    seed: int = 0,
    n_windows: int | None = None,
    n_steps: int = 12,
    training: str = ALL,
    dropout: float = 0.0,
) -> Run:
    """Return a run over the first `n_windows` windows."""
    total = len(data.imu)
    n_windows = total if n_windows is None else n_windows
    plan = np.zeros(total, np.int32)
    plan[:n_windows] = np.arange(n_windows)
    return Run(
        seed=np.int32(seed),
        learning_rate=np.float32(0.005),
        start=start,
        plan=plan,
        n_windows=np.int32(n_windows),
        n_steps=np.int32(n_steps),
        dropout=np.float32(dropout),
        scaler=scaling.fit(*data),
        gates=gates(thaw(training, start), start),
    )


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


def inputs(aps, seed=0, n=4, mag_channels=1):
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
    return scaling.fit(
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
