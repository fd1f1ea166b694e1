"""Small made-up tables of scans: by hand, and of a hall whose access points fade with distance."""

import numpy as np

from mtloc_jax.experts.scan_table import ScanTable


def table(level, xy_m=None, *, walk=None, age_ms=0.0, bssids=None):
    """Return a table of levels [S, A], dB above -100 dBm, 0 where not heard."""
    level = np.array(level, np.float32)
    scans, access_points = level.shape
    names = [f"ap{a:03}" for a in range(access_points)] if bssids is None else bssids
    age_ms = np.broadcast_to(np.asarray(age_ms, np.float32), level.shape)
    return ScanTable(
        level=level,
        age_ms=np.where(level > 0, age_ms, np.inf).astype(np.float32),
        arrived_ms=np.arange(scans) * 2000,
        heard_ms=np.arange(scans) * 2000,
        xy_m=np.zeros((scans, 2)) if xy_m is None else np.array(xy_m, float).reshape(-1, 2),
        walk=np.zeros(scans, np.int32) if walk is None else np.array(walk, np.int32),
        bssids=np.array(names, np.str_).reshape(-1),
    )


def hall(seed=0, walks=6, scans=8, access_points=40, side_m=40.0, noise_db=4.0):
    """Return the scans of straight walks through a square hall."""
    rng = np.random.default_rng(seed)
    sources_m = rng.uniform(0, side_m, (access_points, 2))
    ends_m = rng.uniform(0, side_m, (walks, 2, 2))
    at = np.linspace(0, 1, scans)[:, None]
    xy_m = np.concatenate([a + at * (b - a) for a, b in ends_m])
    away_m = np.linalg.norm(xy_m[:, None] - sources_m, axis=-1)
    level = 60 - 30 * np.log10(np.maximum(away_m, 1)) + rng.normal(0, noise_db, away_m.shape)
    level -= 12 * (np.arange(access_points) % 4)  # some are heard by few
    level = np.where(level > 10, np.minimum(level, 70), 0)
    age_ms = rng.uniform(0, 6000, level.shape)
    return table(level, xy_m, walk=np.repeat(np.arange(walks), scans), age_ms=age_ms)
