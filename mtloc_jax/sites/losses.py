"""What befalls WiFi scans in life, one entry a loss: throttled, held too long, gone half way.

A new one is an entry in LOSSES. Other shares are wiped at random, see settings.Wipe.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mtloc_jax.modalities import MODALITIES
from mtloc_jax.registry import Registry
from mtloc_jax.rows import LOSS
from mtloc_jax.sites.site import Site


class Scans(NamedTuple):
    """Hold which scan each window reads, window by window, walks one after the other.

    walk:    i64[N], which walk it is of; t_ms: i64[N], its end since that of the walk's first
    row:     i64[N], its row of the site's scans, 0 where none is heard
    scan_ms: i64[N], when that scan was taken, by the clock of t_ms; anything where none is heard
    """

    walk: np.ndarray
    t_ms: np.ndarray
    row: np.ndarray
    scan_ms: np.ndarray


class Delivered(NamedTuple):
    """Hold when the scans of one walk arrived, i64[S], and its first and last window's end, ms."""

    t_ms: np.ndarray
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Loss:
    """Say what a modality suffers.

    what:      in words, as tables and figures have it
    left:      Scans -> the row that each window then reads, i64[N], 0 for "not heard"
    delivered: of one walk, to whoever holds scans himself: which still arrive, bool[S]; None where
               the loss says how long a scan is held
    """

    modality: str
    what: str
    left: Callable[[Scans], np.ndarray]
    delivered: Callable[[Delivered], np.ndarray] | None = None

    @property
    def name(self) -> str:
        """Return what the column `modality` of its rows says."""
        return self.modality + LOSS + self.what

    @property
    def label(self) -> str:
        """Return it as tables and figures do."""
        return MODALITIES[self.modality].label + LOSS + self.what


def thinned(every_ms: int, hold_ms: int) -> Callable[[Scans], np.ndarray]:
    """Return the loss of scans that come less than `every_ms` after the last one kept.

    Each walk keeps its first. A kept scan is read until the next one or until it is older than
    `hold_ms`, then nothing is heard.
    """

    def left(scans: Scans) -> np.ndarray:
        parts = [_thinned(*of_walk, every_ms, hold_ms) for of_walk in _by_walk(scans)]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    return left


def every(every_ms: int) -> Callable[[Delivered], np.ndarray]:
    """Return what is left of scans of which those within `every_ms` of the last kept are lost."""

    def arrives(scans: Delivered) -> np.ndarray:
        kept, due_ms = np.zeros(len(scans.t_ms), bool), -np.inf
        for at, t_ms in enumerate(scans.t_ms):
            if t_ms >= due_ms:
                kept[at], due_ms = True, t_ms + every_ms
        return kept

    return arrives


def first_half(scans: Delivered) -> np.ndarray:
    """Say which scans arrive before the middle of their walk's time, bool[S]."""
    return 2 * scans.t_ms < scans.first_ms + scans.last_ms


def until_half(scans: Scans) -> np.ndarray:
    """Hear nothing from the middle of each walk's time on."""
    parts = [np.where(2 * t_ms < t_ms[-1], row, 0) for t_ms, row, _ in _by_walk(scans)]
    return np.concatenate([np.zeros(0, np.int64), *parts])


UNTIL_NEXT_MS = 86_400_000
"""Longer than any walk: a scan is held until the next one arrives."""

LOSSES: Registry[Loss] = Registry("loss")
"""Every loss by its name. Android lets an app in front scan four times in two minutes: once in
30 s. The paper's windows hold a scan for 4 s; held until the next one, it is as stale."""
for loss in (
    Loss("wifi", "a scan in 10 s, held 4 s", thinned(10_000, 4_000)),
    Loss("wifi", "a scan in 30 s, held 4 s", thinned(30_000, 4_000)),
    Loss("wifi", "a scan in 30 s, held 30 s", thinned(30_000, 30_000)),
    *(
        Loss("wifi", f"a scan in {s} s", thinned(1000 * s, UNTIL_NEXT_MS), every(1000 * s))
        for s in (2, 10, 30)
    ),
    Loss("wifi", "second half of each walk lost", until_half, first_half),
):
    LOSSES[loss.name] = loss


def befallen(site: Site, name: str) -> Site:
    """Return a site whose windows read what a loss leaves them.

    Judge on it, but train on the site itself. Raises InputError where there is no such loss.
    """
    return replace(site, scan=LOSSES.named(name).left(scans_of(site)).astype(np.int32))


def scans_of(site: Site) -> Scans:
    """Return which scan each window of a site reads, and when it was taken."""
    walk, end_ms = site.trace.astype(np.int64), site.windows.end_ms
    t_ms = end_ms - end_ms[np.searchsorted(walk, walk)]  # walks are contiguous and in order
    return Scans(walk, t_ms, site.scan.astype(np.int64), t_ms - site.windows.wifi_age_ms)


def _by_walk(scans: Scans) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return t_ms, row and scan_ms of each walk."""
    edges = np.flatnonzero(np.diff(scans.walk)) + 1
    cut = (np.split(of, edges) for of in (scans.t_ms, scans.row, scans.scan_ms))
    return [part for part in zip(*cut, strict=True) if len(part[0])]


def _thinned(
    t_ms: np.ndarray, row: np.ndarray, scan_ms: np.ndarray, every_ms: int, hold_ms: int
) -> np.ndarray:
    """Return what the windows of one walk read; see `thinned`."""
    windows = np.arange(len(row))
    fresh = np.flatnonzero((row > 0) & (np.diff(row, prepend=0) != 0))  # each scan's first window
    kept: list[int] = []
    due_ms = -np.inf
    for at in fresh:
        if scan_ms[at] >= due_ms:
            kept.append(int(at))
            due_ms = scan_ms[at] + every_ms
    newest = np.maximum.accumulate(np.where(np.isin(windows, kept), windows, -1))
    held = (newest >= 0) & (t_ms - scan_ms[newest] <= hold_ms)
    return np.where(held, row[newest], 0)
