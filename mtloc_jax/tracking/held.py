"""The newest scan held: what every filter must beat, and stands beside in every table."""

import numpy as np

from mtloc_jax.evidence import Fixes, Track
from mtloc_jax.tracking.ticks import Prior


def held(fixes: Fixes, prior: Prior, t_ms: np.ndarray) -> Track:
    """Return the newest fix that had arrived by each of the times `t_ms` i64[N].

    Before the first, the prior. Of fixes that arrive together the last listed counts.
    """
    newest = np.searchsorted(fixes.arrived_ms, t_ms, side="right")
    xy_m = np.concatenate([prior.mean_m[None], fixes.xy_m])
    sigma_m = np.concatenate([[prior.sd_m], fixes.sigma_m])
    return Track(t_ms, xy_m[newest], sigma_m[newest])
