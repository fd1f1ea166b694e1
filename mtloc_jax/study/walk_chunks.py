"""Chunks of runs that locate whole walks: networks got ready, experts chosen, walks located."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.core.evaluate import Clean
from mtloc_jax.locate import EXPERTS, Locate
from mtloc_jax.sites.plans import plan_of
from mtloc_jax.study.curves import Curve
from mtloc_jax.study.learnt_here import Kept, LearntHere
from mtloc_jax.study.locating import Located, Locator
from mtloc_jax.study.opened import Building, Report, Sites
from mtloc_jax.study.plan import Chunk, Job, Plan
from mtloc_jax.study.starts import Starts


class Judged(NamedTuple):
    """Hold the judgement of a chunk's runs.

    clean:  by split; lost: on test, by loss; stated: by split, f64[R, N], metres
    chosen: of each run, what it chose on validation
    kept:   the networks that were trained for it
    curves: how they trained: with the first run that asked for each, by the part that it is of it
    """

    clean: Mapping[str, Clean]
    lost: Mapping[str, Clean]
    stated: Mapping[str, np.ndarray]
    chosen: list[Mapping[str, Any]]
    kept: Kept
    curves: list[Mapping[str, Curve]]


class WalkChunks:
    """Locate chunk after chunk; what chunks of one building share is worked out once."""

    def __init__(self, plan: Plan, sites: Sequence[Sites], starts: Starts, report: Report) -> None:
        """Locate nothing yet; `sites` are each group's."""
        self.plan, self.sites, self.starts, self.report = plan, sites, starts, report
        self._last: tuple[Building, Locator] | None = None

    def judged(self, chunk: Chunk, losses: Sequence[str], stage: str) -> Judged:
        """Locate the walks that a chunk's runs are judged on, and judge where they were said."""
        locator = self._locator(chunk.group)
        learnt = LearntHere(self.starts, locator, self.sites[chunk.group], self.report)
        found: list[Located] = []
        chosen: list[Mapping[str, Any]] = []
        curves: list[Mapping[str, Curve]] = []

        def located(locate: Locate, job: Job, losses: Sequence[str]) -> Located:
            settings = self.plan.of(job)
            networks = learnt.of(locate, job, settings)
            return locator.located(locate, job.spec, settings, losses, networks)

        def error_m(expert: str, job: Job) -> float:
            return locator.mean_error_m(located(Locate(expert), job, ()).clean, "validation")

        for done, job in enumerate(chunk.jobs):
            self.report(stage, done, len(chunk.jobs))
            locate = job.spec.of.locate
            assert locate is not None
            among = EXPERTS[locate.expert].among
            errors_m = {expert: error_m(expert, job) for expert in among}
            # Of two that err alike the first: the test walks have no say.
            best = min(among, key=lambda expert: errors_m[expert], default="")
            locate = replace(locate, expert=best) if best else locate
            found.append(located(locate, job, losses))
            chosen.append({"expert": best} if best else {})
            curves.append(learnt.curves())
        self.report(stage, len(chunk.jobs), len(chunk.jobs))
        clean, lost = locator.judged(found)
        return Judged(clean, lost, locator.stated(found), chosen, learnt.kept(), curves)

    def _locator(self, group: int) -> Locator:
        building = self.sites[group].opened["target"]
        if self._last is None or self._last[0] is not building:
            # One at a time: the scans of a floor, and their pairs, take hundreds of megabytes.
            plan = plan_of(building.recordings)
            self._last = building, Locator(building.dealt.walks, building.site, plan)
        return self._last[1]
