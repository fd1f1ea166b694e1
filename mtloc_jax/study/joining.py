"""What an expert says of walks, joined with how the phone moved as an arm asks for it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.evidence import Fixes, Moves, Track
from mtloc_jax.locate import HELD, JOINS, MOTIONS, Locate
from mtloc_jax.logs.round import Round
from mtloc_jax.motion import learned
from mtloc_jax.motion.map_north import legs_told, turn_rad, turned
from mtloc_jax.motion.orientation import NO_NORTH
from mtloc_jax.registry import found_at
from mtloc_jax.study.on_cells import OnCells
from mtloc_jax.tracking import grid_tracks, tracks
from mtloc_jax.tracking.held import held
from mtloc_jax.tracking.ticks import Prior


class Heard(NamedTuple):
    """Hold what an expert says of a walk, and where it may be before anything is heard.

    surveyed_m: f64[N, 2], where the walks that it is located by were; surveyed: which they are
    """

    fixes: Fixes
    prior: Prior
    surveyed_m: np.ndarray
    surveyed: tuple[int, ...]


class Learnt(NamedTuple):
    """Hold a network, and a name for all that its parameters hang on."""

    params: Params
    name: Any


class Joining:
    """Join over time on the walks of one building; what arms share is worked out once."""

    def __init__(self, walks: Sequence[Round], on_cells: OnCells) -> None:
        """Join nothing yet."""
        self._walks, self._on_cells = walks, on_cells
        self._joined: dict[Any, list[tracks.Located]] = {}
        self._moves: dict[Any, Moves | None] = {}
        self._legs: dict[Any, complex] = {}
        self._lost: set[int] = set()

    def joined(
        self,
        locate: Locate,
        key: Any,
        heard: Mapping[int, Heard],
        t_ms: Mapping[int, np.ndarray],
        motion: Learnt | None,
    ) -> list[Track]:
        """Return where each walk was at its times `t_ms` i64[N]; key: what `heard` follows from."""
        if locate.time == HELD:
            return [held(of.fixes, of.prior, t_ms[walk]) for walk, of in heard.items()]
        join, moved = JOINS[locate.time], (locate.motion, motion and motion.name)
        key = key, moved, join.cells
        if key not in self._joined:
            walks = [
                tracks.Walk(t_ms[walk], of.fixes, self._lain(moved, walk, of, motion), of.prior)
                for walk, of in heard.items()
            ]
            self._joined[key] = (
                self._on(walks, heard.values()) if join.cells else tracks.located(walks)
            )
        return [found.causal if join.causal else found.offline for found in self._joined[key]]

    def _on(self, walks: Sequence[tracks.Walk], heard: Iterable[Heard]) -> list[tracks.Located]:
        """Locate walks on cells, each by where its own survey was."""
        floors = [self._on_cells.floor(of.surveyed_m) for of in heard]
        said = (grid_tracks.said_by(walk.fixes, self._on_cells.cells) for walk in walks)
        return grid_tracks.located(walks, said, floors)

    def _lain(self, name: Any, walk: int, heard: Heard, network: Learnt | None) -> Moves | None:
        """Return how the phone moved on a walk, as the map lies; None where nothing tells.

        The walks that it is located by say how the map lies to the compass.
        """
        if not MOTIONS.named(name[0]).place and network is None:
            return None
        if (moves := self._moved(name, walk, network)) is None:
            self._warn(walk)
            return None
        legs = [self._legs_of(name, known, network) for known in heard.surveyed]
        return turned(moves, turn_rad(legs))

    def _warn(self, walk: int) -> None:
        if walk not in self._lost:
            self._lost.add(walk)
            logging.getLogger(__name__).warning("%s: %s", self._walks[walk].name, NO_NORTH)

    def _legs_of(self, name: Any, walk: int, network: Learnt | None) -> complex:
        if (name, walk) not in self._legs:
            told = legs_told(self._walks[walk], lambda _: self._moved(name, walk, network))
            self._legs[name, walk] = told
        return self._legs[name, walk]

    def _moved(self, name: Any, walk: int, network: Learnt | None) -> Moves | None:
        """Return how the phone moved on a walk, east and north of a compass, if it knew one."""
        if (name, walk) not in self._moves:
            of, tell = self._walks[walk], MOTIONS.named(name[0]).place
            told = learned.moves(network.params, of) if network else found_at(tell)(of)
            self._moves[name, walk] = told
        return self._moves[name, walk]
