"""Other views of a site: with modalities silenced, or with every round stretched by itself."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.modalities import heard
from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import Site


def seen_by_networks(site: Site, settings: Settings, role: str = "target") -> Site:
    """Return the "source" or "target" as the networks of a study see it.

    Raises InputError as the views do, or where `branches` names what they have no branch for.
    """
    if settings.scaling == "round":
        site = scaled_by_round(site)
    if role == "target":
        site = without_modalities(site, heard(settings.branches, settings.modalities))
    return site


def without_modalities(site: Site, kept: Sequence[str]) -> Site:
    """Return a site whose networks hear nothing but the modalities in `kept`.

    A sensor that is not heard reads 0 in every window (in network units too: its mean is 0), WiFi
    "not heard". Its branch then hands the fusion layer the same features for every window, which
    act as a bias: the network can compute what one without that branch can, no more.
    """
    silent = set(site.modalities) - set(kept)
    inputs = {
        name: np.zeros_like(x) if name in silent else x for name, x in site.windows.inputs.items()
    }
    scans_are_silent = bool(silent - inputs.keys())
    scan = np.zeros_like(site.scan) if scans_are_silent else site.scan
    return replace(site, windows=replace(site.windows, inputs=inputs), scan=scan)


def scaled_by_round(site: Site) -> Site:
    """Return a site whose rounds all span what its test round spans, channel by channel.

    The authors' arrays map each round's sensors and labels to 0..1 by that round's own minimum and
    maximum. Here they are mapped to the test round's instead, which is that and one more linear
    map, the same for all rounds: a scaler undoes it. So the test round stays as it was recorded,
    and its errors are exact metres; those of other rounds are metres of a stretched building.
    RSS stays as it is: the authors scale it by constants.

    This leaks. A phone that is being located knows neither the extent of its walk nor that of its
    readings, and every training round is told the test round's.
    Raises InputError where there is more than one test round.
    """
    if len(site.split.test) != 1:
        raise InputError(
            f"{site.name} has the test rounds {site.split.test}: rounds can be stretched onto one",
            remedy="set --config.test_round, or --config.scaling=survey",
        )
    (test,) = site.split.test
    w = site.windows
    inputs = {name: _onto(x, site.round, test) for name, x in w.inputs.items()}
    xy_m = _onto(w.xy_m, site.round, test)
    return replace(site, windows=replace(w, inputs=inputs, xy_m=xy_m))


def _onto(values: np.ndarray, rounds: np.ndarray, test: int) -> np.ndarray:
    """Map each round's values [N, ..., C] to the span that the test round has in each channel."""
    low, span = _span(values[rounds == test])
    out = np.empty_like(values)
    for number in np.unique(rounds):
        mine = rounds == number
        my_low, my_span = _span(values[mine])
        # A channel that is constant in a round moves to the test round's minimum; no gain would.
        gain = np.divide(span, my_span, out=np.ones_like(span), where=my_span > 0)
        # Gain and offset of the test round are exactly 1 and 0: it stays as it is, to the bit.
        out[mine] = values[mine] * gain + (low - my_low * gain)
    return out


def _span(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
    low = flat.min(axis=0)
    return low, flat.max(axis=0) - low
