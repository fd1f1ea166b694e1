"""A building surveyed twice: networks trained on the first survey move to the second."""

from collections.abc import Callable, Sequence
from functools import cached_property

import jax
import numpy as np

from mtloc_jax.arms import CARRIED, SCRATCH
from mtloc_jax.core.model import Params
from mtloc_jax.settings import Settings
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays
from mtloc_jax.sites.two_surveys import Survey
from mtloc_jax.study import curves, replicas, units
from mtloc_jax.study.diverged import LOST, lost_of, trained
from mtloc_jax.study.opened import Report, Sites
from mtloc_jax.study.programs import initialised, problem_of, program_of
from mtloc_jax.study.runs import RunSpec, prepared
from mtloc_jax.study.trainer import Trainer
from mtloc_jax.study.units import RUNS, Train, Unit
from mtloc_jax.surgery import carry
from mtloc_jax.surgery.graft import graft

Kept = Callable[[int, Train], Params]
"""Returns the networks that a function trains, so many seeds at once, kept from start to start."""


class Resurvey:
    """Make the starts of runs on the second survey, from networks trained on the first."""

    def __init__(self, sites: Sites, settings: Settings, kept: Kept, report: Report) -> None:
        """Train nothing yet."""
        self.sites, self.settings = sites, settings
        self._kept, self._report = kept, report
        self._initialised: dict[int, Params] = {}
        self._donors: Params | None = None

    def start(self, spec: RunSpec) -> Params:
        """Return the parameters a run on the second survey starts from.

        They have a row for every access point of the site, so that all runs share a program.
        """
        first, second = self.sites.surveyed(spec.seed)
        fresh = self._fresh(second, self.settings.seeds + spec.seed)
        if not spec.of.grafted:
            return carry.among(fresh, second)
        if self._donors is None:
            self._donors = self._kept(self._together, self._train)
        if spec.seed in lost_of(self._donors):
            made = carry.among(fresh, second)
            return jax.tree.map(lambda leaf: np.full_like(leaf, np.nan), made)
        donor = carry.within(replicas.take(self._donors, spec.seed), first)
        in_use = prepared(spec, {}, second.site, self.settings).scaler
        rules = carry.rules(spec.arm == CARRIED, first, _scaler(first), second, in_use)
        return carry.among(graft(fresh, {"d": donor}, rules)[0], second)

    @property
    def _together(self) -> int:
        return units.at_once(self.settings.seeds, replicas.mesh().size)

    @cached_property
    def _trainer(self) -> Trainer:
        spec = RunSpec(SCRATCH, 1.0, 0)
        return Trainer(program_of(spec, self.sites.whole.shapes(), self.settings), self._together)

    @cached_property
    def _data(self) -> Arrays:
        """Return the training windows on the devices, with every access point of the site.

        A run's scaler leaves out those gone from its survey.
        """
        in_use = self.sites.surveyed(0)[0].site.rows("train")
        return replicas.placed(self.sites.whole.arrays(in_use), replicas.mesh(), replicas.ALL)

    def _train(self, seeds: Sequence[int]) -> Unit:
        """Train a network on the first survey for each of some seeds."""
        runs, said, settings = [], [], self.settings
        for seed in seeds:
            first, _ = self.sites.surveyed(seed)
            spec, start = RunSpec(SCRATCH, 1.0, seed), carry.among(self._fresh(first, seed), first)
            runs.append(prepared(spec, start, first.site, settings))
            said.append({"seed": seed, "bssids": first.bssids})
        stage = "training on survey 1" + units.worded(seeds, settings.seeds)
        found, lost = trained(
            self._trainer,
            runs,
            self._data,
            lambda done, total: self._report(stage, done, total),
            stage,
        )
        kept = {RUNS: said, curves.CURVES: curves.kept(seeds, found.curves)}
        return Unit(found.params, kept | ({LOST: lost} if lost else {}))

    def _fresh(self, survey: Survey, number: int) -> Params:
        """Return a fresh network for a survey's vocabulary; the seeds of both surveys differ."""
        n_aps = len(survey.columns)
        if n_aps not in self._initialised:
            problem = problem_of(RunSpec(SCRATCH, 1.0, 0), self.settings)
            shapes = survey.site.shapes() | {"wifi": (n_aps,)}
            self._initialised[n_aps] = initialised(problem, shapes, 2 * self.settings.seeds)
        return replicas.take(self._initialised[n_aps], number)


def _scaler(survey: Survey) -> Scaler:
    return survey.site.scaler(survey.site.rows("train"))
