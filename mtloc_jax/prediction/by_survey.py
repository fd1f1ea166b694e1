"""Locate logs by a survey: an expert on WiFi, a motion, and how both are joined over time."""

from functools import cached_property

import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.locate import EXPERTS, FILTER, GRID, HELD, JOINS, NONE, Locate
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round, blind
from mtloc_jax.motion.mahony import FIRST_MS
from mtloc_jax.motion.map_north import legs_told, turn_rad, turned
from mtloc_jax.motion.orientation import NO_NORTH, Attitude
from mtloc_jax.motion.ticks import TICK_MS
from mtloc_jax.prediction.chosen import each_placer, least
from mtloc_jax.prediction.live_attitude import LiveAttitude
from mtloc_jax.prediction.live_filter import LiveFilter
from mtloc_jax.prediction.live_fixes import LiveFixes
from mtloc_jax.prediction.live_grid import LiveGrid, floor_of, whole
from mtloc_jax.prediction.live_moves import is_known, measured, teller, wandering
from mtloc_jax.prediction.placing import placer
from mtloc_jax.prediction.said import Said, ages_s, all_begun_ms, nothing
from mtloc_jax.prediction.survey import Survey
from mtloc_jax.tracking import tracks
from mtloc_jax.tracking.held import held
from mtloc_jax.tracking.radius import WITHIN_90
from mtloc_jax.tracking.ticks import Prior


class BySurvey:
    """Locate logs by what was surveyed."""

    def __init__(
        self,
        survey: Survey,
        locate: Locate,
        *,
        matcher: Params | None = None,
        motion: Params | None = None,
        within: float = WITHIN_90,
    ) -> None:
        """Get ready to locate logs.

        matcher, motion: parameters of the networks that `locate` needs
        within: how many standard deviations of either coordinate the radius is

        Raises InputError where a network is missing, or would have to be trained on the survey.
        """
        self.survey, self.locate, self.within = survey, locate, within
        experts = EXPERTS.named(locate.expert).among or (locate.expert,)
        self.places = {name: placer(name, matcher) for name in experts}
        self.each = {name: each_placer(name, matcher) for name in experts if len(experts) > 1}
        self.tells = teller(locate.motion if locate.time != HELD else NONE, motion)

    @property
    def causal(self) -> bool:
        """Say whether a position hangs on nothing that came later."""
        return JOINS[self.locate.time].causal

    @property
    def moves_known(self) -> bool:
        """Say whether anything tells how a phone moves."""
        return self.locate.time != HELD and is_known(self.locate.motion)

    @cached_property
    def _legs(self) -> tuple[complex, ...]:
        """Say how each walk of the survey lies against its motion; one that tells none says 0."""
        return tuple(
            legs_told(walk, lambda of: self.tells()(blind(of), None)) for walk in self.survey.walks
        )

    def turn_rad(self, survey: Survey) -> float:
        """Return by how much motion is turned to lie on the map, by the walks left in `survey`."""
        if not self.moves_known:
            return 0.0
        left = {id(walk) for walk in survey.walks}
        pairs = zip(self.survey.walks, self._legs, strict=True)
        return turn_rad(legs for walk, legs in pairs if id(walk) in left)

    def expert(self, survey: Survey) -> str:
        """Return the expert that locates by `survey`; of several the one that errs least there."""
        if len(self.places) == 1:
            return next(iter(self.places))
        return self._chosen if survey is self.survey else least(survey, self.each)

    @cached_property
    def _chosen(self) -> str:
        return least(self.survey, self.each)

    def waits_for(self, log: Round) -> tuple[str, ...]:
        """Return all streams; where motion is not known the accelerometer's, as a clock."""
        return tuple(log.streams) if self.moves_known else ("accel",)

    def begin(self) -> "OneLog":
        """Return what locates one log, from its beginning on."""
        return OneLog(self)


class OneLog:
    """Locate one log, which may grow; a walk of the survey is located by all the others."""

    def __init__(self, by: BySurvey) -> None:
        """Hear nothing yet."""
        self.note = ""
        self._by, self._tells, self._holds = by, by.tells(), LiveAttitude()
        self._fixes: LiveFixes | None = None
        self._begun_ms: int | None = None
        self._done = 0
        self._heard = 0
        self._turn_rad = 0.0

    def advance(self, log: Round, ready_ms: int | None) -> Said:
        """Return the rows that can be told now: the ends of ticks of 100 ms.

        log:      what is there of it so far
        ready_ms: before which nothing will be added; None where the log is whole

        Raises InputError where motion cannot be told, the survey is empty, or a scan came late.
        """
        log = blind(log)
        if ready_ms is not None and ready_ms <= self._settled_ms(log):
            return nothing()
        attitude = self._holds(log) if self._by.moves_known else None
        told = self._tells(log, attitude)
        if told is None:
            self.note, attitude = NO_NORTH, None
        if self._fixes is None:
            self._open(log, motion=attitude is not None)
        moves = wandering(log) if told is None else turned(told, self._turn_rad)
        self._check_start(moves, log)
        n_ready = len(moves.moved_m)
        if ready_ms is not None:
            n_ready = int(np.searchsorted(moves.t_ms[1:], ready_ms, side="left"))
        if n_ready <= self._done:
            return nothing()
        assert self._fixes is not None
        end_ms = int(moves.t_ms[n_ready])
        fixes, shared = self._fixes.until(log, end_ms)
        self._check_late(fixes, int(moves.t_ms[self._done]), log)
        rows = slice(self._done, n_ready)
        xy_m, sigma_m = self._joined(moves, fixes, rows)
        spoke = self._spoke(log, moves.t_ms[: n_ready + 1], fixes, shared, attitude)[rows]
        self._done, self._heard = n_ready, len(fixes.arrived_ms)
        t_ms = moves.t_ms[1:][rows]
        radius_m = self._by.within * sigma_m
        return Said(t_ms, xy_m, radius_m, spoke, ages_s(fixes.arrived_ms, t_ms))

    def _settled_ms(self, log: Round) -> int:
        """Return by when a log's first tick can be told: our attitude begins with a mean."""
        filters = self._by.moves_known and ORIENTATION not in log.extra
        return all_begun_ms(log) + (FIRST_MS if filters else TICK_MS)

    def _open(self, log: Round, *, motion: bool) -> None:
        survey = self._by.survey.without(log)
        self._prior: Prior = survey.prior
        self._turn_rad = self._by.turn_rad(survey)
        time, self._motion = self._by.locate.time, motion
        self._floor = floor_of(survey) if JOINS[time].cells else None
        self._follows: LiveFilter | LiveGrid | None = None
        if time == FILTER:
            self._follows = LiveFilter(self._prior, motion=motion)
        elif time == GRID and self._floor is not None:
            self._follows = LiveGrid(self._floor, self._prior, motion=motion)
        self._expert = self._by.expert(survey)
        self._fixes = LiveFixes(self._by.places[self._expert], survey.table)

    def _joined(self, moves: Moves, fixes: Fixes, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        if self._follows is not None:
            return self._follows.take(moves, fixes, rows)
        ends_ms, known = moves.t_ms[1:][rows], self._motion
        if self._by.locate.time == HELD:
            track = held(fixes, self._prior, ends_ms)
        elif self._floor is not None:
            track = whole(moves, fixes, self._floor, self._prior, motion=known).offline
        else:
            walk = tracks.Walk(ends_ms, fixes, moves if known else None, self._prior)
            track = tracks.located([walk])[0].offline
        return track.xy_m, track.sigma_m

    def _spoke(
        self,
        log: Round,
        t_ms: np.ndarray,
        fixes: Fixes,
        shared: np.ndarray,
        attitude: Attitude | None,
    ) -> np.ndarray:
        locate = self._by.locate
        tick = np.searchsorted(t_ms[1:], fixes.arrived_ms[shared])
        placed = np.zeros(len(t_ms) - 1, bool)
        placed[tick[tick < len(placed)]] = True
        moved = measured(log, locate.motion, t_ms, attitude)
        words = [(self._expert, placed), (locate.motion, moved)]
        spoken = ["+".join(word for word, there in words if there[k]) for k in range(len(t_ms) - 1)]
        return np.array(spoken, np.str_)

    def _check_start(self, moves: Moves, log: Round) -> None:
        if self._begun_ms is None:
            self._begun_ms = int(moves.t_ms[0])
        if self._begun_ms != moves.t_ms[0]:
            raise InputError(
                "a sensor began after the track did, so that the track would be another one",
                remedy="give a longer --lag_ms",
                path=log.source,
            )

    def _check_late(self, fixes: Fixes, done_ms: int, log: Round) -> None:
        """Raise InputError where a scan came for ticks that were told without it."""
        late = int((fixes.arrived_ms <= done_ms).sum()) - self._heard
        if self._done and late > 0:
            raise InputError(
                f"{late} scan(s) came after the track had gone on without them",
                remedy="give a longer --lag_ms",
                path=log.source,
            )
