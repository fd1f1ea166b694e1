"""The networks by which walks are located: pretrained in the source, or trained on a survey."""

from typing import Any

from mtloc_jax.core.model import Params
from mtloc_jax.locate import EXPERTS, FRESH, PRETRAINED
from mtloc_jax.settings import Settings
from mtloc_jax.study import matchers, replicas
from mtloc_jax.study.locating import Locator, Networks
from mtloc_jax.study.opened import Report, Sites
from mtloc_jax.study.plan import Job
from mtloc_jax.study.runs import turns
from mtloc_jax.study.starts import Starts


class LearntHere:
    """Give runs of one chunk their networks; those trained here are made once, and kept."""

    def __init__(self, starts: Starts, locator: Locator, sites: Sites, report: Report) -> None:
        """Train nothing yet."""
        self.starts, self.locator, self.sites, self.report = starts, locator, sites, report
        self.trained: dict[tuple[str, int], Params] = {}

    def of(self, job: Job, settings: Settings) -> Networks:
        """Return the networks of a job; chunks have one seed and one variant."""
        locate = job.spec.of.locate
        assert locate is not None
        origin, seed = EXPERTS[locate.expert].origin, job.spec.seed
        if not origin:
            return Networks()
        name = (locate.expert, job.trained.name, seed)
        start = None
        if origin != FRESH:
            start = replicas.take(self.starts.matchers(job, settings, self.sites), seed)
        if origin == PRETRAINED:
            return Networks(start, name)
        if (locate.expert, seed) not in self.trained:
            self.report(f"training {EXPERTS[locate.expert].label}", 0, 1)
            (turn,) = turns(job.spec, self.locator.site, settings)
            survey = self.locator.survey(turn.rows)
            self.trained[locate.expert, seed] = matchers.trained(survey, settings, seed, start)
        return Networks(self.trained[locate.expert, seed], name)

    def kept(self) -> tuple[Params, list[dict[str, Any]]] | None:
        """Return the networks trained here, stacked, and what each is; None where there is none."""
        if not self.trained:
            return None
        said = [{"expert": expert, "seed": seed} for expert, seed in self.trained]
        return replicas.stack(list(self.trained.values())), said
