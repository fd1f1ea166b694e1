"""Networks that others start from: those whose training diverged are named, and the rest kept."""

import logging
from collections.abc import Sequence

import jax
import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study.trainer import Diverged, Told, Trained, Trainer, Watched

LOST = "diverged"
"""In the card of networks to start from: the seeds of which there are none."""


def trained(
    trainer: Trainer,
    runs: list[Run],
    data: Arrays,
    told: Told,
    stage: str,
    watched: Watched | None = None,
) -> tuple[Trained, list[int]]:
    """Train networks to start from, one a seed; return them stacked, and the seeds that diverged.

    stage: as a warning calls the training; watched: as Trainer takes it

    Those that diverged are no numbers, nor is what starts from them: such runs diverge in turn, and
    are named where all others are.
    """
    try:
        return trainer.trained(runs, data, told, watched), []
    except Diverged as error:
        seeds = [int(runs[k].seed) for k in error.runs]
        logging.getLogger(__name__).warning(
            "%s: seed %s diverged at learning_rate %g; runs that start from it will have no rows",
            stage,
            ", ".join(map(str, seeds)),
            float(runs[error.runs[0]].learning_rate),
        )
        params = unnumbered(error.trained.params, error.runs)
        return error.trained._replace(params=params), seeds


def unnumbered(params: Params, runs: Sequence[int]) -> Params:
    """Return stacked parameters, those at the places `runs` made no numbers."""

    def lost(leaf: np.ndarray) -> np.ndarray:
        changed = np.array(leaf)
        changed[list(runs)] = np.nan
        return changed

    return jax.tree.map(lost, params)


def lost_of(params: Params) -> list[int]:
    """Return the places, in stacked parameters, of those that are no numbers."""
    finite = [
        np.isfinite(leaf).reshape(len(leaf), -1).all(axis=1) for leaf in jax.tree.leaves(params)
    ]
    return np.flatnonzero(~np.all(finite, axis=0)).tolist()
