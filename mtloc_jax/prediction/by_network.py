"""Locate logs by a trained MTLoc network: window by window, as a phone would."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.errors import naming
from mtloc_jax.logs.round import Round, blind
from mtloc_jax.modalities import MODALITIES, heard
from mtloc_jax.prediction.said import Said, ages_s, all_begun_ms, nothing
from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import levels_over
from mtloc_jax.sites.windows import Windows, cut
from mtloc_jax.surgery.export import locator
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.network_card import bssids_of, settings_of, shapes_of


class ByNetwork:
    """Locate logs by a network that was trained in their building."""

    causal = True

    def __init__(self, network: Network) -> None:
        """Get ready to locate logs.

        Raises InputError where the network's card does not say how it reads a phone, or as
        `locator` does.
        """
        with naming(network.place):
            self.settings = settings_of(network.card)
            self.reads = tuple(shapes_of(network.card))
            self.heard = heard(self.settings.branches, self.settings.modalities)
            self.scans = [name for name in self.reads if not MODALITIES[name].sampled]
            self.bssids = np.array(bssids_of(network.card) if self.scans else [], np.str_)
            params = jax.tree.map(jnp.asarray, network.params)
            self.position_m = jax.jit(locator(params, network.card))

    def waits_for(self, log: Round) -> tuple[str, ...]:
        """Return the streams that its windows are cut from; of scans alone a clock."""
        sampled = (MODALITIES[name] for name in self.reads if MODALITIES[name].sampled)
        needs = (name for modality in sampled for name in modality.needs(self.settings.window))
        return tuple(dict.fromkeys(needs)) or ("accel",)

    def begin(self) -> "OneLog":
        """Return what locates one log, from its beginning on."""
        return OneLog(self)


class OneLog:
    """Locate one log, which may grow."""

    def __init__(self, by: ByNetwork) -> None:
        """Hear nothing yet."""
        self.note = ""
        self._by = by
        self._done_ms = np.iinfo(np.int64).min

    def advance(self, log: Round, ready_ms: int | None) -> Said:
        """Return the rows that can be told now: the ends of the network's windows.

        log, ready_ms: as BySurvey's

        Raises InputError where the log lacks a sensor that the network reads.
        """
        settings, log = self._by.settings, blind(log)
        if ready_ms is not None and ready_ms - all_begun_ms(log) < settings.window.span_ms:
            return nothing()
        windows = cut(log, settings.window, self._by.reads)
        new = windows.end_ms > self._done_ms
        if ready_ms is not None:
            new &= windows.end_ms < ready_ms
        rows = np.flatnonzero(new)
        if not len(rows):
            return nothing()
        self._done_ms = int(windows.end_ms[rows[-1]])
        read = self._read(log, windows, rows, settings)
        # One by one: what a window shares a program with must not shape its last digits.
        alone = zip(*(x[:, None] for x in read.values()), strict=True)
        xy_m = [self._by.position_m(*window)[0] for window in alone]
        t_ms = windows.end_ms[rows]
        return Said(
            t_ms,
            np.array(xy_m, np.float64),
            np.full(len(rows), np.nan),
            self._spoke(windows, rows),
            ages_s(log.wifi.t_ms, t_ms),
        )

    def _read(
        self, log: Round, windows: Windows, rows: np.ndarray, settings: Settings
    ) -> Mapping[str, np.ndarray]:
        """Return what the network reads of the windows at `rows`, a row each, by modality."""
        fresh = log.wifi.fresh(settings.wifi_entry_max_age_ms)
        levels = levels_over(fresh, self._by.bssids)
        silent = np.full((1, levels.shape[1]), np.nan, np.float32)
        heard_dbm = np.concatenate([levels, silent])[windows.scan[rows]]  # -1, of none, is the last
        sampled = {name: of[rows] for name, of in windows.inputs.items()}
        return {name: sampled.get(name, heard_dbm) for name in self._by.reads}

    def _spoke(self, windows: Windows, rows: np.ndarray) -> np.ndarray:
        names = [name for name in self._by.reads if name in self._by.heard]
        told = [
            "+".join(n for n in names if n not in self._by.scans or windows.scan[k] >= 0)
            for k in rows
        ]
        return np.array(told, np.str_)
