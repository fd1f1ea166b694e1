"""Small networks, windows and runs for tests of the core."""

import numpy as np

from mtloc_jax.core.model import MTLoc, Params
from mtloc_jax.core.train import Run
from mtloc_jax.sites import scaling
from mtloc_jax.sites.site import Arrays
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
        scaler=scaling.fit(*data),
        gates=gates(thaw(training, start), start),
    )
