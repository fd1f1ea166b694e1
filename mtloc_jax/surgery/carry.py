"""Two surveys of one building, years apart: half its rounds each, some access points gone in each.

The question: when a network moves from the first to the second, are its WiFi rows worth carrying
by BSSID? Arrays keep a column for every access point of the site; one that a survey lacks reads
"not heard", so that all seeds share the data and one compiled program. Networks have rows for
their survey's vocabulary alone; among them, the others' are 0 and never read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.report.arms import CARRIED, SCRATCH
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Site
from mtloc_jax.surgery.graft import Keep, Leave, Rule, Take
from mtloc_jax.surgery.refit import refit_frame, refit_lstm, wifi_gain
from mtloc_jax.surgery.transforms import chain, wifi_rows

FC1 = "wifi/fc1/kernel"


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
    """
    train = site.split.train
    return (
        _survey(site, train[0::2], removed_share, (seed, 0)),
        _survey(site, train[1::2], removed_share, (seed, 1)),
    )


def rules(arm: str, first: Survey, old: Scaler, second: Survey, new: Scaler) -> tuple[Rule, ...]:
    """Return how a run of the second survey starts from the network of the first.

    Scalers and frame are folded in for both transferred arms: they differ in the WiFi rows alone.
    """
    if arm == SCRATCH:
        return (Keep("*"), Leave("*"))
    rows = chain(wifi_gain(_within(old, first), new), wifi_rows(first.bssids, second.bssids))
    wifi = (Take(FC1, FC1, by=rows),) if arm == CARRIED else (Keep(FC1), Leave(FC1))
    return (
        *refit_lstm("imu", old, new),
        *refit_lstm("mag", old, new),
        *wifi,
        *(Take(name, name) for name in ("wifi/fc1/bias", "wifi/fc2", "fusion/fc3")),
        *refit_frame(old, new),
    )


def among(params: Params, survey: Survey) -> Params:
    """Return a survey's network with a row for every access point of the site, the others' 0."""
    rows = np.asarray(params["wifi"]["fc1"]["kernel"])
    all_rows = np.zeros((len(survey.site.bssids), rows.shape[1]), rows.dtype)
    all_rows[survey.columns] = rows
    return _with_rows(params, all_rows)


def within(params: Params, survey: Survey) -> Params:
    """Return the network with its survey's rows alone: the inverse of `among`."""
    return _with_rows(params, np.asarray(params["wifi"]["fc1"]["kernel"])[survey.columns])


def _survey(
    site: Site, rounds: Sequence[int], removed_share: float, seed: tuple[int, int]
) -> Survey:
    view = replace(site, split=site.split._replace(train=tuple(rounds)))
    scans = np.unique(site.scan[view.rows("train")])
    heard = np.flatnonzero(~np.all(np.isnan(site.wifi_dbm[scans]), axis=0))
    n_left = round((1 - removed_share) * len(heard))
    columns = np.sort(np.random.default_rng(seed).choice(heard, n_left, replace=False))
    wifi_dbm = np.full_like(site.wifi_dbm, np.nan)
    wifi_dbm[:, columns] = site.wifi_dbm[:, columns]
    return Survey(replace(view, wifi_dbm=wifi_dbm), columns)


def _within(scaler: Scaler, survey: Survey) -> Scaler:
    columns = survey.columns
    return scaler._replace(
        wifi_heard=scaler.wifi_heard[columns], wifi_mean=scaler.wifi_mean[columns]
    )


def _with_rows(params: Params, rows: np.ndarray) -> Params:
    wifi = params["wifi"]
    return {**params, "wifi": {**wifi, "fc1": {**wifi["fc1"], "kernel": rows}}}
