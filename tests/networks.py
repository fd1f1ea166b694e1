"""Small networks, windows and runs; trees of weights drawn by numpy, with nothing to compile."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mtloc_jax.core.model import MTLoc, Params
from mtloc_jax.core.problem import PROBLEMS
from mtloc_jax.core.train import Run, Static
from mtloc_jax.modalities import Held
from mtloc_jax.settings import Settings
from mtloc_jax.sites import scaling
from mtloc_jax.sites.site import Arrays
from mtloc_jax.surgery.checkpoint import plain
from mtloc_jax.surgery.freeze import ALL, paces
from mtloc_jax.surgery.part_program import PARTS

N_APS, HIDDEN = 7, 8
NETWORK = MTLoc(hidden=HIDDEN)
PROBLEM = PROBLEMS["mtloc"](Settings(hidden=HIDDEN))


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
    return arrays(imu, mag, wifi_dbm, xy_m, scan)


def arrays(imu, mag, wifi_dbm, xy_m=None, scan=None) -> Arrays:
    """Return windows of physical readings; each has its own scan where `scan` is not given."""
    rows = np.arange(len(imu)) if scan is None else scan
    held = {
        "imu": Held(np.asarray(imu, np.float32)),
        "mag": Held(np.asarray(mag, np.float32)),
        "wifi": Held(np.asarray(wifi_dbm, np.float32), np.asarray(rows, np.int32)),
    }
    return Arrays(held, np.asarray(np.zeros((len(imu), 2)) if xy_m is None else xy_m, np.float32))


def fresh(seeds: int = 1, network: MTLoc = NETWORK, n_aps: int = N_APS) -> Params:
    """Return fresh parameters, stacked over seeds."""
    shapes = {"imu": (1, 10, 2), "mag": (1, 10, 1), "wifi": (1, n_aps)}
    example = {name: np.zeros(shapes[name], np.float32) for name in network.modalities}

    def one(seed: jax.Array) -> Params:
        return network.init(jax.random.key(seed), example)["params"]

    # One after the other: the batched orthogonalisation that vmap would make can hang on CPU.
    return jax.device_get(jax.jit(lambda seeds: lax.map(one, seeds))(jnp.arange(seeds)))


def run(
    start: Params,
    data: Arrays,
    *,
    seed: int = 0,
    n_windows: int | None = None,
    n_steps: int = 12,
    learning_rate: float = 0.005,
    dropout: float = 0.0,
) -> Run:
    """Return a run over the first `n_windows` windows; how its leaves move says `static`."""
    total = len(data.target)
    n_windows = total if n_windows is None else n_windows
    plan = np.zeros(total, np.int32)
    plan[:n_windows] = np.arange(n_windows)
    return Run(
        seed=np.int32(seed),
        learning_rate=np.float32(learning_rate),
        start=start,
        plan=plan,
        n_windows=np.int32(n_windows),
        n_steps=np.int32(n_steps),
        dropout=np.float32(dropout),
        scaler=scaling.fit(data.inputs, data.target),
    )


def static(training: str = ALL, **settings) -> Static:
    """Return how PROBLEM is trained under a freeze plan; settings: the other fields of Static."""
    return Static(PROBLEM, paces(training, params(HIDDEN, N_APS)), **settings)


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

    joined = dense(3 * hidden, hidden)
    parts = np.split(joined["kernel"], 3)
    return {
        "imu": lstm(2),
        "mag": lstm(mag_channels),
        "wifi": {"fc1": dense(aps, hidden), "fc2": dense(hidden, hidden)},
        "fusion": {
            "fc3": joined | {"kernel": dict(zip(("wifi", "imu", "mag"), parts, strict=True))},
            "fc4": dense(hidden, 2),
        },
    }


@lru_cache
def untrained_matcher() -> Params:
    """Return the parameters of a matcher that learnt nothing."""
    shapes = (shape for _, shape in PARTS["matcher"].arguments.values())
    nothing = [np.zeros([2 if size == "b" else size for size in shape]) for shape in shapes]
    make = PARTS["matcher"].network.init
    return jax.device_get(make(jax.random.key(0), *nothing, method="tell")["params"])


def inputs(aps, seed=0, n=4, mag_channels=1):
    """Return scaled imu f32[n, 10, 2], mag f32[n, 10, C] and wifi f32[n, A], by modality."""
    random = np.random.default_rng(seed)
    shapes = {"imu": (n, 10, 2), "mag": (n, 10, mag_channels), "wifi": (n, aps)}
    return {name: random.normal(size=of).astype(np.float32) for name, of in shapes.items()}


@lru_cache
def _compiled(hidden):
    network = MTLoc(hidden)
    return jax.jit(lambda tree, inputs: network.apply({"params": tree}, inputs))


def apply(tree, inputs):
    """Return the network's scaled positions f32[n, 2]; its hidden size is read off the tree."""
    return np.asarray(_compiled(tree["imu"]["recurrent_kernel"].shape[0])(tree, inputs))


def scaler(aps, seed=0):
    """Return the scaler of random windows in which every access point was heard."""
    random = np.random.default_rng(seed)
    made = arrays(
        random.normal((9.8, 0.5), (1.5, 0.4), (40, 10, 2)),
        random.normal(45, 6, (40, 10, 1)),
        random.uniform(-95, -40, (40, aps)),
        random.uniform(0, 60, (40, 2)),
    )
    return scaling.fit(made.inputs, made.target)


def card(bssids, seed=0, name="site1/B1", **config):
    """Return the card of one trained network of an invented site; config: its settings."""
    shapes = {"imu": [10, 2], "mag": [10, 1], "wifi": [len(bssids)]}
    site = {"name": name, "bssids": list(bssids), "shapes": shapes}
    run = {"seed": seed, "scaler": scaler(len(bssids), seed).plain()}
    return plain({"site": site, "config": {"hidden": 6} | config, "run": run})
