"""How much of what is judged was surveyed: without it an error says little of a method."""

import numpy as np
from numpy.typing import ArrayLike

from mtloc_jax.cards.card_statistics import Statistics
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.survey import away_m, coverage

NEAR_M = (3, 6)
ALONE = 0.25  # of a walk's windows: below, a round is not what a walk depends on


def covered(site: Site) -> Statistics:
    """Return how near training comes to validation and test, and what each test walk depends on.

    test_walks: of each the share of windows within 3 m of training, and training round -> share
                that no other round comes near, where that is a quarter at least
    """
    train = site.rows("train")
    tested = np.unique(site.trace[site.rows("test")])
    return {
        **{split: _near(site, train, site.rows(split)) for split in ("validation", "test")},
        "test_walks": {site.trace_names[walk]: _walk(site, walk) for walk in tested},
    }


def _near(site: Site, train: np.ndarray, asked: np.ndarray) -> Statistics:
    found = coverage(site, train, asked)
    return {
        **{f"within_{near_m}_m": _share(found.position_m < near_m) for near_m in NEAR_M},
        "before_first_scan": _share(found.before_scan),
    }


def _walk(site: Site, walk: int) -> Statistics:
    xy_m, asked = site.windows.xy_m, site.trace == walk
    rounds = site.split.train
    near = np.stack([away_m(xy_m[site.round == n], xy_m[asked]) < NEAR_M[0] for n in rounds])
    alone = (near & (near.sum(axis=0) == 1)).mean(axis=1)
    return {
        f"within_{NEAR_M[0]}_m": _share(near.any(axis=0)),
        "alone": {str(n): _share(a) for n, a in zip(rounds, alone, strict=True) if a >= ALONE},
    }


def _share(which: ArrayLike) -> float:
    return round(float(np.mean(np.asarray(which, bool))), 4)
