"""How what each run was given covers the windows that it is judged on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.survey import Coverage, coverage
from mtloc_jax.study.runs import RunSpec, Turn, turns


class Covering:
    """Measure coverage; where each round is located by all others, once for runs that share it."""

    def __init__(self) -> None:
        """Measure nothing yet."""
        self._found: dict[tuple[Any, ...], Mapping[str, Coverage]] = {}

    def of(self, spec: RunSpec, site: Site, settings: Settings) -> Mapping[str, Coverage]:
        """Return how the windows that a run was given cover each split that it is judged on."""
        if not site.split.in_turn:
            return covered(turns(spec, site, settings), site)
        share, walks = spec.training_share, settings.walks
        key = (id(site), share, walks, settings.subset, spec.seed if share < 1 or walks else 0)
        if key not in self._found:
            self._found[key] = covered(turns(spec, site, settings), site)
        return self._found[key]


def covered(surveys: Sequence[Turn], site: Site) -> dict[str, Coverage]:
    """Return how surveys cover each judged split of a site, each its own rounds."""
    position_m, scan_m = np.full((2, len(site.round)), np.nan)
    before = np.zeros(len(site.round), bool)
    judged = {split: site.rows(split) for split in site.split.judged}
    every = np.unique(np.concatenate(list(judged.values())))
    for turn in surveys:
        asked = every[np.isin(site.round[every], turn.rounds)]
        position_m[asked], scan_m[asked], before[asked] = coverage(site, turn.rows, asked)
    return {
        split: Coverage(position_m[rows], scan_m[rows], before[rows])
        for split, rows in judged.items()
    }
