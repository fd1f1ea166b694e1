"""Two surveys of one building, years apart: half its rounds each, some access points gone in each.

Arrays keep a column for every access point of the site; one that a survey lacks reads "not heard",
so that all seeds share the data and one compiled program.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.sites.site import Site


@dataclass(frozen=True)
class Survey:
    """Hold one survey: the site as it saw it, and which columns are its vocabulary, i64[A']."""

    site: Site
    columns: np.ndarray

    @property
    def bssids(self) -> list[str]:
        """Return the vocabulary's access points."""
        return [self.site.bssids[column] for column in self.columns]


def surveys(site: Site, removed_share: float, seed: int) -> tuple[Survey, Survey]:
    """Return two surveys with every second training round each; validation and test are shared.

    removed_share: of the access points heard in a survey's rounds, drawn anew for each survey
                   and seed; how many are left does not depend on the seed

    Raises InputError where there is one training round alone, or no access point is left.
    """
    train = site.split.train
    if len(train) < 2:
        raise InputError(
            f"{site.name} has the training rounds {train}: two surveys need one each",
            remedy="choose a site of more rounds, or set survey=once",
        )
    first, second = halves(train)
    return (
        _survey(site, first, removed_share, (seed, 0)),
        _survey(site, second, removed_share, (seed, 1)),
    )


def halves(rounds: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Deal training rounds to the first survey and the second, in turn."""
    return rounds[0::2], rounds[1::2]


def _survey(
    site: Site, rounds: Sequence[int], removed_share: float, seed: tuple[int, int]
) -> Survey:
    view = replace(site, split=site.split._replace(train=tuple(rounds)))
    scans = np.unique(site.scan[view.rows("train")])
    heard = np.flatnonzero(~np.all(np.isnan(site.wifi_dbm[scans]), axis=0))
    n_left = round((1 - removed_share) * len(heard))
    if n_left == 0:
        raise InputError(
            f"removed_share {removed_share:g} leaves none of the {len(heard)} access points of "
            f"{site.name}",
            remedy="set a smaller removed_share",
        )
    columns = np.sort(np.random.default_rng(seed).choice(heard, n_left, replace=False))
    wifi_dbm = np.full_like(site.wifi_dbm, np.nan)
    wifi_dbm[:, columns] = site.wifi_dbm[:, columns]
    return Survey(replace(view, wifi_dbm=wifi_dbm), columns)
