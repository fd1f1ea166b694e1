"""Several source buildings as one site: what the IMU branch learns how people move from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtloc_jax.sites.scaling import centred
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.windows import joined

IMU = "imu"


@dataclass(frozen=True)
class Pool(Site):
    """Hold the IMU windows of several buildings, one building after the other.

    building: i32[N], of each window, an index into the buildings that were pooled

    Rounds are numbered anew, so that the first round of each building comes before the second of
    any. Positions stay metres of their own building, which mean nothing in another.
    """

    building: np.ndarray

    def own_units(self, rows: np.ndarray, fitted_on: np.ndarray) -> np.ndarray:
        """Return positions f32[n, 2] in the frame of each building's windows at `fitted_on`.

        NaN in a building that has none of these.
        """
        xy, building = np.full((len(rows), 2), np.nan, np.float32), self.building[rows]
        for number in np.unique(self.building[fitted_on]):
            mine = building == number
            frame = fitted_on[self.building[fitted_on] == number]
            origin_m, scale_m = centred(self.windows.xy_m[frame])
            xy[mine] = (self.windows.xy_m[rows[mine]] - origin_m) / scale_m
        return xy


def pooled(sites: Sequence[Site]) -> Site:
    """Return one site of several buildings' IMU windows, cut alike; of one, that building itself.

    Its name joins theirs; its training rounds are those of all.
    """
    if len(sites) == 1:
        return sites[0]
    traces = np.cumsum([0, *(len(site.trace_names) for site in sites)])
    parts = [replace(site.windows, inputs={IMU: site.windows.inputs[IMU]}) for site in sites]
    windows = joined(parts)
    n_windows = len(windows.end_ms)
    numbers = _numbers(sites)
    return Pool(
        name=together([site.name for site in sites]),
        split=Split(*(tuple(sorted(_named(sites, numbers, split))) for split in Split._fields)),
        modalities=(IMU,),
        bssids=(),
        windows=windows,
        round=np.concatenate(
            [[of[n] for n in site.round] for site, of in zip(sites, numbers, strict=True)]
        ).astype(np.int32),
        trace=np.concatenate(
            [site.trace + first for site, first in zip(sites, traces, strict=False)]
        ).astype(np.int32),
        trace_names=tuple(f"{site.name}/{name}" for site in sites for name in site.trace_names),
        wifi_dbm=np.full((1, 0), np.nan, np.float32),
        scan=np.zeros(n_windows, np.int32),
        simulated=any(site.simulated for site in sites),
        building=np.repeat(
            np.arange(len(sites), dtype=np.int32), [len(site.round) for site in sites]
        ),
    )


def together(names: Sequence[str]) -> str:
    """Join names of buildings by +, a folder that all lie in once: mall/B1 and mall/F1, mall/B1+F1.

    Names that lie in several folders stay whole.
    """
    folder, _, first = names[0].rpartition("/")
    inside = [name.removeprefix(f"{folder}/") for name in names]
    if not folder or len(names) == 1 or any("/" in name for name in inside):
        return "+".join(names)
    return f"{folder}/{'+'.join([first, *inside[1:]])}"


def _numbers(sites: Sequence[Site]) -> list[dict[int, int]]:
    """Return for each building its rounds' new numbers: 1, 2, .. over the buildings in turn."""
    return [
        {n: at * len(sites) + k for at, n in enumerate(_in_order(site))}
        for k, site in enumerate(sites, start=1)
    ]


def _in_order(site: Site) -> list[int]:
    """Return a building's rounds, those that train first: shares of them are counted so."""
    train = list(site.split.train)
    return train + sorted(set(site.round.tolist()) - set(train))


def _named(sites: Sequence[Site], numbers: list[dict[int, int]], split: str) -> list[int]:
    return [
        of[n] for site, of in zip(sites, numbers, strict=True) for n in getattr(site.split, split)
    ]
