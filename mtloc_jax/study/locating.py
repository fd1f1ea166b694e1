"""Whole walks located: what an expert says of their scans, joined with how the phone moved."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.core.evaluate import Clean
from mtloc_jax.core.model import Params
from mtloc_jax.evidence import Fixes
from mtloc_jax.experts import matcher_fixes
from mtloc_jax.experts.joined import joined
from mtloc_jax.experts.matcher_lessons import Surveyed
from mtloc_jax.experts.nearest import surveyed
from mtloc_jax.experts.pair_features import Pairs, pairs
from mtloc_jax.experts.scan_table import scan_table
from mtloc_jax.locate import EXPERTS, Locate
from mtloc_jax.logs.round import Round
from mtloc_jax.registry import found_at
from mtloc_jax.settings import Settings
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.sites.losses import LOSSES, Delivered
from mtloc_jax.sites.site import Site
from mtloc_jax.study import judging, matchers, replicas
from mtloc_jax.study.joining import Heard, Joining, Learnt
from mtloc_jax.study.on_cells import OnCells, placed
from mtloc_jax.study.runs import RunSpec, Turn, turns
from mtloc_jax.tracking.ticks import survey_prior


class Said(NamedTuple):
    """Hold where each window of a site is said to be; NaN where nobody was asked.

    xy_m: f64[N, 2]; sigma_m: f64[N], standard deviation of either coordinate
    """

    xy_m: np.ndarray
    sigma_m: np.ndarray


class Located(NamedTuple):
    """Hold what one run says of a site's windows: with all scans, and under each loss."""

    clean: Said
    lost: Mapping[str, Said]


class Networks(NamedTuple):
    """Hold the networks of a run, None where it has none."""

    matcher: Learnt | None = None
    motion: Learnt | None = None


class Locator:
    """Locate the walks of one building; what arms share is worked out once."""

    def __init__(self, walks: Sequence[Round], site: Site, plan: FloorPlan | None = None) -> None:
        """Tabulate the scans of `walks`, of which `site` was cut; `plan` is its building's."""
        named = {walk.name: walk for walk in walks}
        self.site, self.walks = site, [named[name] for name in site.trace_names]
        self.table = scan_table(self.walks)
        ends = np.searchsorted(site.trace, np.arange(len(self.walks) + 1))
        self._rows = [np.arange(*of) for of in pairwise(ends)]
        self._fixes: dict[Any, dict[int, Heard]] = {}
        self._pairs: tuple[Any, Pairs] | None = None
        self._on_cells = OnCells(site.windows.xy_m, plan)
        self._joining = Joining(self.walks, self._on_cells)

    def located(
        self,
        locate: Locate,
        spec: RunSpec,
        settings: Settings,
        losses: Sequence[str],
        networks: Networks,
    ) -> Located:
        """Locate what a run is judged on by what it surveyed."""
        survey = _survey(spec, settings)
        matcher, motion = networks
        key = locate.expert, matcher and matcher.name, *survey
        if key not in self._fixes:
            surveys = turns(spec, self.site, settings)
            params = matcher and matcher.params
            self._fixes[key] = self._heard(locate.expert, surveys, params, survey)
        heard = self._fixes[key]
        lost = {name: self._left(heard, name) for name in losses}
        said = {
            name: self._said(locate, key, name, of, motion)
            for name, of in {"": heard, **lost}.items()
        }
        return Located(said.pop(""), said)

    def judged(self, found: Sequence[Located]) -> tuple[dict[str, Clean], dict[str, Clean]]:
        """Return the judgement of runs by split, and by loss on test; all windows count."""

        def of(said: Sequence[Said], split: str) -> Clean:
            rows = self.site.rows(split)
            every = np.ones(len(rows), bool)
            return judging.judged(np.stack([s.xy_m[rows] for s in said]), self.site, split, every)

        clean = {split: of([one.clean for one in found], split) for split in self.site.split.judged}
        lost = {name: of([one.lost[name] for one in found], "test") for name in found[0].lost}
        return clean, lost

    def mean_error_m(self, said: Said, split: str) -> float:
        """Return the mean error of a split, metres, before a walk's first scan included."""
        rows = self.site.rows(split)
        return float(np.linalg.norm(said.xy_m[rows] - self.site.windows.xy_m[rows], axis=1).mean())

    def stated(self, found: Sequence[Located]) -> dict[str, np.ndarray]:
        """Return the standard deviations that runs state of the windows of each judged split."""
        return {
            split: np.stack([one.clean.sigma_m[self.site.rows(split)] for one in found])
            for split in self.site.split.judged
        }

    def survey(self, rows: np.ndarray) -> Surveyed:
        """Return the survey of the windows at `rows` as matchers learn from it."""
        return matchers.surveyed(self.table.at(self._surveyed(rows)), self.walks)

    def walks_at(self, rows: np.ndarray) -> list[Round]:
        """Return the walks of the windows at `rows`."""
        return [self.walks[k] for k in np.unique(self.site.trace[rows])]

    def _surveyed(self, rows: np.ndarray) -> np.ndarray:
        """Return the scans of a survey of the windows at `rows`, i64[S].

        Those heard between a walk's first waypoint and the end of its last window in use.
        """
        last_ms = np.full(len(self.walks), np.iinfo(np.int64).min)
        np.maximum.at(last_ms, self.site.trace[rows], self.site.windows.end_ms[rows])
        first_ms = np.array([walk.waypoint_t_ms[0] for walk in self.walks])
        walk, heard_ms = self.table.walk, self.table.heard_ms
        return np.flatnonzero((heard_ms >= first_ms[walk]) & (heard_ms <= last_ms[walk]))

    def _heard(
        self, expert: str, surveys: Sequence[Turn], matcher: Params | None, survey: Any
    ) -> dict[int, Heard]:
        """Return what an expert says of each walk; of a mixture, all that are in it together."""
        if not (names := EXPERTS.named(expert).joins):
            return self._by_walk(surveys, *self._placed(expert, surveys, matcher, survey))
        of_each = [
            self._heard(name, surveys, matcher if EXPERTS.named(name).origin else None, survey)
            for name in names
        ]

        def mixed(walk: int) -> Heard:
            fixes = [of[walk].fixes for of in of_each]
            xy_m, sigma_m = joined([(one.xy_m, one.sigma_m) for one in fixes])
            return of_each[0][walk]._replace(fixes=fixes[0]._replace(xy_m=xy_m, sigma_m=sigma_m))

        return {walk: mixed(walk) for walk in of_each[0]}

    def _placed(
        self, expert: str, surveys: Sequence[Turn], matcher: Params | None, survey: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where an expert places each scan, f64[S, 2], f64[S]; NaN where it cannot."""
        if matcher is not None:
            return self._matched(surveys, matcher, survey)
        if EXPERTS.named(expert).likely:
            return self._likeliest(expert, surveys)
        n_scans = len(self.table.level)
        xy_m, sigma_m = np.full((n_scans, 2), np.nan), np.full(n_scans, np.nan)
        place = found_at(EXPERTS.named(expert).place)
        for turn in surveys:
            asked = np.flatnonzero(np.isin(self.table.walk, self._walks_of(turn)))
            if len(asked):
                known = self.table.at(self._surveyed(turn.rows))
                xy_m[asked], sigma_m[asked] = place(known, self.table.at(asked))
        return xy_m, sigma_m

    def _matched(
        self, surveys: Sequence[Turn], matcher: Params, survey: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Place scans by a matcher: all surveys at once, each walk heeding its own alone."""
        if self._pairs is None or self._pairs[0] != survey:
            known, heeded = self._heeded(surveys)
            self._pairs = survey, pairs(self.table.at(known), self.table, heeded)
        found = self._pairs[1]
        xy_m, sigma_m = matcher_fixes.place(replicas.stack([matcher]), found)
        none = np.flatnonzero(~np.any(found.mask, axis=1))
        xy_m[0, none], sigma_m[0, none] = np.nan, np.nan
        return xy_m[0], sigma_m[0]

    def _heeded(self, surveys: Sequence[Turn]) -> tuple[np.ndarray, np.ndarray]:
        """Return the scans of all surveys, and which walks each walk heeds, bool[W, W].

        Raises InputError where a scan is to be placed by a survey without any.
        """
        known = self._surveyed(np.unique(np.concatenate([turn.rows for turn in surveys])))
        heeded = np.zeros((len(self.walks), len(self.walks)), bool)
        for turn in surveys:
            if np.isin(self.table.walk, self._walks_of(turn)).any():
                surveyed(self.table.at(self._surveyed(turn.rows)[:1]))
            known_walks = np.unique(self.site.trace[turn.rows])
            heeded[np.ix_(np.array(self._walks_of(turn)), known_walks)] = True
        return known, heeded

    def _likeliest(self, expert: str, surveys: Sequence[Turn]) -> tuple[np.ndarray, np.ndarray]:
        """Place scans by what an expert says of cells near the survey."""
        of = np.full(len(self.table.level), -1)
        for number, turn in enumerate(surveys):
            of[np.isin(self.table.walk, self._walks_of(turn))] = number
        xy_m, sigma_m = np.full((len(of), 2), np.nan), np.full(len(of), np.nan)
        asked = np.flatnonzero(of >= 0)
        if len(asked):
            known, heeded = self._heeded(surveys)
            says = found_at(EXPERTS.named(expert).likely)
            tables = self.table.at(known), self.table.at(asked)
            likely = self._on_cells.likely(says, *tables, heeded)
            surveyed_m = (self.site.windows.xy_m[turn.rows] for turn in surveys)
            floors = [self._on_cells.floor(m, plan=False) for m in surveyed_m]
            xy_m[asked], sigma_m[asked] = placed(likely, floors, of[asked])
        return xy_m, sigma_m

    def _by_walk(
        self, surveys: Sequence[Turn], xy_m: np.ndarray, sigma_m: np.ndarray
    ) -> dict[int, Heard]:
        """Return what was said of each walk's scans, and its prior: where its survey was."""
        found = {}
        for turn in surveys:
            known = self.table.xy_m[self._surveyed(turn.rows)]
            prior = survey_prior(known if len(known) else self.site.windows.xy_m[turn.rows])
            known_walks = tuple(np.unique(self.site.trace[turn.rows]).tolist())
            for walk in self._walks_of(turn):
                of = self.table.walk == walk
                times = self.table.arrived_ms[of], self.table.heard_ms[of]
                lost = np.isnan(sigma_m[of])  # shares nothing with the survey: it may be anywhere
                there = np.where(lost[:, None], prior.mean_m, xy_m[of])
                fixes = Fixes(*times, there, np.where(lost, prior.sd_m, sigma_m[of]))
                surveyed_m = self.site.windows.xy_m[turn.rows]
                found[walk] = Heard(fixes, prior, surveyed_m, known_walks)
        return found

    def _walks_of(self, turn: Turn) -> list[int]:
        return [k for k, walk in enumerate(self.walks) if walk.number in turn.rounds]

    def _left(self, heard: Mapping[int, Heard], loss: str) -> Mapping[int, Heard]:
        """Return what is left of fixes under a loss."""
        arrive = LOSSES[loss].delivered
        assert arrive is not None

        def left(walk: int, of: Heard) -> Heard:
            end_ms = self.site.windows.end_ms[self._rows[walk]]
            kept = arrive(Delivered(of.fixes.arrived_ms, int(end_ms[0]), int(end_ms[-1])))
            return of._replace(fixes=Fixes(*(part[kept] for part in of.fixes)))

        return {walk: left(walk, of) for walk, of in heard.items()}

    def _said(
        self,
        locate: Locate,
        key: tuple[Any, ...],
        loss: str,
        heard: Mapping[int, Heard],
        motion: Learnt | None,
    ) -> Said:
        """Return where an arm says that windows are."""
        n_windows = len(self.site.trace)
        said = Said(np.full((n_windows, 2), np.nan), np.full(n_windows, np.nan))
        end_ms = {walk: self.site.windows.end_ms[self._rows[walk]] for walk in heard}
        tracks = self._joining.joined(locate, (*key, loss), heard, end_ms, motion)
        for walk, track in zip(heard, tracks, strict=True):
            said.xy_m[self._rows[walk]] = track.xy_m
            said.sigma_m[self._rows[walk]] = track.sigma_m
        return said


def _survey(spec: RunSpec, settings: Settings) -> tuple[Any, ...]:
    """Return what decides which walks a run surveyed."""
    share, walks = spec.training_share, settings.walks
    return share, walks, settings.subset, spec.seed if share < 1 or walks else 0
