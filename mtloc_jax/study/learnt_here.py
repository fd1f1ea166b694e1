"""The networks by which walks are located: pretrained in the source, or trained on a survey."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.locate import EXPERTS, FRESH, MOTIONS, NETWORK, PRETRAINED, TUNED, Locate, Origin
from mtloc_jax.settings import Settings
from mtloc_jax.study import matchers, motions, replicas
from mtloc_jax.study.curves import Curve
from mtloc_jax.study.joining import Learnt
from mtloc_jax.study.locating import Locator, Networks
from mtloc_jax.study.opened import Report, Sites
from mtloc_jax.study.plan import Job
from mtloc_jax.study.runs import turns
from mtloc_jax.study.starts import Starts
from mtloc_jax.study.variants import MATCHER, MOTION

Kept = Mapping[str, tuple[Params, list[dict[str, Any]]]]
"""Part -> the networks that were trained, stacked, and what each of them is."""


def origins(locate: Locate) -> dict[str, tuple[str, Origin]]:
    """Return each part of an arm that is a network, what it is called, and where it comes from."""
    parts = {
        MATCHER: (locate.expert, EXPERTS[locate.expert].origin),
        MOTION: (locate.motion, MOTIONS[locate.motion].origin),
    }
    return {part: of for part, of in parts.items() if of[1]}


def trained_parts(jobs: tuple[Job, ...]) -> set[str]:
    """Return the parts of which jobs train networks of their own."""
    every = [origins(job.spec.of.locate) for job in jobs if job.spec.of.locate]
    return {part for of in every for part, (_, origin) in of.items() if origin in (FRESH, TUNED)}


class LearntHere:
    """Give runs of one chunk their networks; those trained here are made once, and kept."""

    def __init__(self, starts: Starts, locator: Locator, sites: Sites, report: Report) -> None:
        """Train nothing yet."""
        self.starts, self.locator, self.sites, self.report = starts, locator, sites, report
        self._trained: dict[str, dict[tuple[str, int], Params]] = {MATCHER: {}, MOTION: {}}
        self._curves: dict[str, Curve] = {}

    def of(self, locate: Locate, job: Job, settings: Settings) -> Networks:
        """Return the networks by which a job locates; chunks have one seed and one variant."""
        found = {
            part: Learnt(
                self._params(part, *of, job, settings), (of[0], job.trained, job.spec.seed)
            )
            for part, of in origins(locate).items()
        }
        return Networks(found.get(MATCHER), found.get(MOTION))

    def curves(self) -> dict[str, Curve]:
        """Return how networks trained, by the part they are, since this was last asked."""
        found, self._curves = self._curves, {}
        return found

    def kept(self) -> Kept:
        """Return the networks trained here."""
        return {
            part: (
                replicas.stack(list(of.values())),
                [{"name": name, "seed": seed} for name, seed in of],
            )
            for part, of in self._trained.items()
            if of
        }

    def _params(self, part: str, name: str, origin: Origin, job: Job, settings: Settings) -> Params:
        seed, start = job.spec.seed, None
        if origin != FRESH:
            start = replicas.take(self.starts.part(part, job, settings, self.sites), seed)
        if start is not None and origin == PRETRAINED:
            return start
        trained = self._trained[part]
        if (name, seed) not in trained:
            self.report(f"training {name}", 0, 1)
            (turn,) = turns(job.spec, self.locator.site, settings)
            made, curve = self._train(part, turn.rows)(settings, seed, start)
            trained[name, seed], self._curves[name.replace(NETWORK, MOTION)] = made, curve
            self.report(f"training {name}", 1, 1)
        return trained[name, seed]

    def _train(
        self, part: str, rows: np.ndarray
    ) -> Callable[[Settings, int, Params | None], tuple[Params, Curve]]:
        """Return what trains a part on the survey of the windows at `rows`."""
        if part == MATCHER:
            survey = self.locator.survey(rows)
            return lambda settings, seed, start: matchers.trained(survey, settings, seed, start)
        walks = self.locator.walks_at(rows)
        return lambda settings, seed, start: motions.trained(walks, settings, seed, start)
