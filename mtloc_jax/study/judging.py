"""Which windows count, and the errors on them of whatever said where they were."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from mtloc_jax.core import metrics
from mtloc_jax.core.evaluate import Clean
from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.survey import before_scan


def counted(site: Site, settings: Settings) -> dict[str, np.ndarray]:
    """Say which windows of each judged split count, bool[N].

    Raises InputError where windows before their walk's first scan stand apart, and none is left.
    """
    apart = before_scan(site) & (settings.before_scan == "apart")
    found = {split: ~apart[site.rows(split)] for split in site.split.judged}
    if lacking := [split for split, counts in found.items() if not counts.any()]:
        raise InputError(
            f"no walk of {site.name} in {lacking[0]} has a scan: all its windows stand apart",
            remedy="set --config.before_scan=counted",
        )
    return found


def judged(predicted_m: np.ndarray, site: Site, split: str, counts: np.ndarray) -> Clean:
    """Return the judgement of positions f64[R, N, 2] of R runs on the N windows of a split, metres.

    counts: bool[N], the windows whose errors count
    """
    there_m = site.windows.xy_m[site.rows(split)]
    error_m = jnp.asarray(np.linalg.norm(predicted_m - there_m, axis=-1)[:, counts])
    # One run after the other: reductions over a batch may sum in another order.
    figures = ([np.asarray(of(e)) for e in error_m] for of in (metrics.summary, metrics.cdf))
    return Clean(predicted_m, *map(np.stack, figures))


def recounted(
    found: Mapping[str, Clean], site: Site, counts: Mapping[str, np.ndarray]
) -> dict[str, Clean]:
    """Return judgements of all windows over those that count; by split, a loss's on test."""
    made = {}
    for name, clean in found.items():
        split = name if name in counts else "test"
        whole = bool(counts[split].all())
        made[name] = (
            clean if whole else judged(np.asarray(clean.predicted_m), site, split, counts[split])
        )
    return made
