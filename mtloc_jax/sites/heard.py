"""Deafen a site: networks of fewer modalities, without another network."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.sites.site import Site

MODALITIES = ("imu", "mag", "wifi")
SUBSETS = tuple("+".join(names) for size in (3, 2, 1) for names in combinations(MODALITIES, size))
"""What can be heard, as config.branches names it."""


def hearing(site: Site, branches: str) -> Site:
    """Return a site whose networks hear nothing but `branches`, one of SUBSETS ("imu+wifi").

    A sensor that is not heard reads 0 in every window (in network units too: its mean is 0), WiFi
    "not heard". Its branch then hands the fusion layer the same features for every window, which
    act as a bias: the network can compute what one without that branch can, no more.
    Raises InputError where `branches` is none of SUBSETS.
    """
    if branches not in SUBSETS:
        raise InputError(
            f"branches is {branches!r}",
            remedy=f"set --config.branches to one of {', '.join(SUBSETS)}",
        )
    silent = set(MODALITIES) - set(branches.split("+"))
    w = site.windows
    blank = {name: np.zeros_like(getattr(w, name)) for name in ("imu", "mag") if name in silent}
    scan = np.zeros_like(site.scan) if "wifi" in silent else site.scan
    return replace(site, windows=replace(w, **blank), scan=scan)
