"""A site: a building's windows, its access-point vocabulary and its split, ready for training."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round, WifiScans, surveyed
from mtloc_jax.modalities import Held, Leaf
from mtloc_jax.settings import Settings, Window
from mtloc_jax.sites import scaling, splits
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.windows import Windows, cut, joined


class Arrays(NamedTuple):
    """Hold the windows a program trains or is judged on, in physical units.

    inputs: each modality; the table of scans is whole, and shared
    target: f32[N, 2], the true position in metres; in pretraining f32[N, K], what its pretext asks
    """

    inputs: dict[str, Held]
    target: Leaf


@dataclass(frozen=True)
class Site:
    """Hold one building's windows.

    modalities:  what its windows hold, names in MODALITIES
    bssids:      the vocabulary: the A access points heard in the training rounds, sorted
    windows:     all rounds' windows, by round, within one by the walks' names, then by time
    round:       i32[N], the round of each window
    trace:       i32[N], the walk of each window, an index into trace_names
    wifi_dbm:    f32[S, A], NaN where not heard; row 0 is "no scan young enough"
    scan:        i32[N], each window's row of wifi_dbm
    """

    name: str
    split: Split
    modalities: tuple[str, ...]
    bssids: tuple[str, ...]
    windows: Windows
    round: np.ndarray
    trace: np.ndarray
    trace_names: tuple[str, ...]
    wifi_dbm: np.ndarray
    scan: np.ndarray
    simulated: bool

    def rows(self, split: str) -> np.ndarray:
        """Return the window indices of a split ("train", "validation" or "test"), i64[n]."""
        if split not in self._rows:
            found = np.flatnonzero(np.isin(self.round, getattr(self.split, split)))
            found.flags.writeable = False
            self._rows[split] = found
        return self._rows[split]

    @cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        return {}

    @cached_property
    def windows_of(self) -> dict[int, int]:
        """Return how many windows each round has."""
        numbers, counts = np.unique(self.round, return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))

    def held(self, rows: np.ndarray) -> dict[str, Held]:
        """Return what each modality of the windows at `rows` holds."""
        sampled = self.windows.inputs
        return {
            name: Held(sampled[name][rows])
            if name in sampled
            else Held(self.wifi_dbm, self.scan[rows])
            for name in self.modalities
        }

    def arrays(self, rows: np.ndarray) -> Arrays:
        """Return the windows at `rows`; the scan table is whole, and shared."""
        return Arrays(self.held(rows), self.windows.xy_m[rows].astype(np.float32))

    def scaler(self, rows: np.ndarray, frame: scaling.Frame = scaling.centred) -> scaling.Scaler:
        """Fit a scaler on the windows at `rows`, which must be training windows.

        Raises InputError where a row is not: validation and test never shape the scaling.
        """
        if not np.all(np.isin(self.round[rows], self.split.train)):
            raise InputError(
                f"a scaler of {self.name} was asked for windows outside the training rounds",
                remedy="fit scalers on training rows only",
            )
        return scaling.fit(self.held(rows), self.windows.xy_m[rows], frame)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of one window of each modality: (T, C), or (A,) of scans."""
        sampled = self.windows.inputs
        return {
            name: sampled[name].shape[1:] if name in sampled else (len(self.bssids),)
            for name in self.modalities
        }

    def card(self) -> dict:
        """Return what a checkpoint must match before it may be used here, as plain data."""
        return {
            "name": self.name,
            "simulated": self.simulated,
            "bssids": list(self.bssids),
            "bssid_sha256": hashlib.sha256("\n".join(self.bssids).encode()).hexdigest(),
            "split": self.split._asdict(),
            "shapes": {name: list(shape) for name, shape in self.shapes().items()},
        }


def build(
    name: str,
    walks: Sequence[Round],
    split: Split,
    window: Window,
    *,
    wifi_entry_max_age_ms: int = Settings.wifi_entry_max_age_ms,
    modalities: tuple[str, ...] = Settings.modalities,
    simulated: bool = False,
    in_turn: bool = False,
) -> Site:
    """Cut `walks` into a site.

    wifi_entry_max_age_ms: drop scan entries whose access point was last really heard longer ago
    in_turn: the split tests each round by all the others

    Raises InputError where there is no walk, a walk is unusable, a round leaves no window, or the
    split does not fit.
    """
    if not walks:
        raise InputError(f"{name} has no walk", remedy="check the data folder")
    walks = sorted((surveyed(walk) for walk in walks), key=lambda walk: (walk.number, walk.name))
    if not (in_turn and split == splits.in_turn((walk.number for walk in walks), name)):
        splits.checked(split, np.array([walk.number for walk in walks]), name)
    cuts = [cut(walk, window, modalities) for walk in walks]
    _check_windows(name, walks, cuts)
    scans = [walk.wifi.fresh(wifi_entry_max_age_ms) for walk in walks]
    bssids = _vocabulary(walks, scans, split.train)
    first_row = np.cumsum([1, *(len(s.t_ms) for s in scans)])
    counts = [len(c.end_ms) for c in cuts]
    table = np.full((first_row[-1], len(bssids)), np.nan, np.float32)
    for first, s in zip(first_row, scans, strict=False):
        table[first : first + len(s.t_ms)] = levels_over(s, bssids)
    return Site(
        name=name,
        split=split,
        modalities=modalities,
        bssids=tuple(bssids.tolist()),
        windows=joined(cuts),
        round=np.repeat([walk.number for walk in walks], counts).astype(np.int32),
        trace=np.repeat(np.arange(len(walks)), counts).astype(np.int32),
        trace_names=tuple(walk.name for walk in walks),
        wifi_dbm=table,
        scan=np.concatenate(
            [
                np.where(c.scan < 0, 0, c.scan + first)
                for c, first in zip(cuts, first_row, strict=False)
            ]
        ).astype(np.int32),
        simulated=simulated,
    )


def _check_windows(name: str, walks: Sequence[Round], cuts: Sequence[Windows]) -> None:
    left = {walk.number for walk, c in zip(walks, cuts, strict=True) if len(c.end_ms)}
    if silent := sorted({walk.number for walk in walks} - left):
        raise InputError(
            f"round {silent[0]} of {name} has no window, its sensors were frozen or silent",
            remedy="leave the round out of the data and the split",
        )


def _vocabulary(walks: Sequence[Round], scans: Sequence, train: tuple[int, ...]) -> np.ndarray:
    heard = [s.bssid for walk, s in zip(walks, scans, strict=True) if walk.number in train]
    return np.unique(np.concatenate(heard)).astype(np.str_)


def levels_over(scans: WifiScans, bssids: np.ndarray) -> np.ndarray:
    """Return scans as rows f32[S, A] of dBm over a sorted vocabulary, NaN where not heard."""
    table = np.full((len(scans.t_ms), len(bssids)), np.nan, np.float32)
    if len(bssids) == 0:
        return table
    column = np.minimum(np.searchsorted(bssids, scans.bssid), len(bssids) - 1)
    known = bssids[column] == scans.bssid
    # An access point listed twice in a scan counts at its strongest.
    np.fmax.at(table, (scans.scan[known], column[known]), scans.rss_dbm[known])
    return table
