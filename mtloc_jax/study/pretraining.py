"""Pretraining on the source site (Table IV): which windows, what is asked of them, which runs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtloc_jax.core import problem
from mtloc_jax.core.model import Params
from mtloc_jax.core.problem import Problem
from mtloc_jax.core.train import Run, Static
from mtloc_jax.modalities import Held
from mtloc_jax.settings import Settings
from mtloc_jax.sites.pretext import OWN_UNITS, Lesson, lesson, n_targets, quantities
from mtloc_jax.sites.site import Arrays, Site
from mtloc_jax.sites.splits import in_use
from mtloc_jax.study import replicas
from mtloc_jax.study.programs import initialised, static_of
from mtloc_jax.study.runs import run_of
from mtloc_jax.study.trainer import Watched
from mtloc_jax.study.validating import WINDOWS


class Pretraining(NamedTuple):
    """Hold what the program needs to pretrain, one run a seed.

    data: the seeds' lessons one after the other, each padded to all training windows of the site,
        and all to as many as are trained together, so that every share fits one program; targets
        in place of positions
    """

    static: Static
    runs: list[Run]
    data: Arrays


def pretraining(
    source: Site, settings: Settings, seeds: Sequence[int], together: int
) -> Pretraining:
    """Return the pretraining on the source site that `settings` ask for, of some seeds.

    together: how many its program trains at once, as many as there are seeds or more
    Raises InputError where no window has what its pretext needs.
    """
    n_train = len(source.rows("train"))
    fresh = untrained(source, settings)
    lessons = [
        lesson(
            source,
            pretrained_on(source, seed, settings),
            settings.window,
            settings.pretext,
            seed,
        )
        for seed in seeds
    ]
    runs = [
        run_of(
            seed=seed,
            start=replicas.take(fresh, seed),
            rows=k * n_train + np.arange(len(one.imu)),
            n_train=n_train,
            scaler=one.scaler,
            epochs=settings.pretrain_epochs,
            settings=settings,
        )._replace(dropout=np.float32(0))
        for k, (seed, one) in enumerate(zip(seeds, lessons, strict=True))
    ]
    data = _joined(lessons, n_train, together)
    return Pretraining(pretraining_static(source, settings), runs, data)


def pretrained_on(source: Site, seed: int, settings: Settings) -> np.ndarray:
    """Return the windows of the source site that a seed pretrains on, i64[n], in their order."""
    train = source.rows("train")
    rate, subset = settings.source_rate, settings.subset
    used = in_use(source.round[train], source.split.train, rate, seed, subset)
    return train[np.sort(used)]


def watched(source: Site, settings: Settings) -> Watched | None:
    """Return on which validation windows of the source all seeds are measured while they train.

    None where that was not asked for, or each seed is asked in units of its own.
    """
    own = quantities(settings.pretext, source)[0].unit == OWN_UNITS and settings.source_rate < 1
    rows = source.rows("validation")
    if own or not settings.validations or not len(rows):
        return None
    taught_on = pretrained_on(source, 0, settings)
    asked = lesson(source, rows, settings.window, settings.pretext, 0, taught_on=taught_on)
    few = slice(None, None, -(-len(asked.imu) // WINDOWS))
    windows = Arrays({"imu": Held(asked.imu[few])}, asked.target[few])
    return Watched(replicas.placed(windows, replicas.mesh(), replicas.ALL), settings.validations)


def is_told_in_metres(source: Site, settings: Settings) -> bool:
    """Say whether what is asked is one place or way, so that errors are metres."""
    asked = quantities(settings.pretext, source)
    return len(asked) == 1 and asked[0].unit == "m"


def pretraining_static(source: Site, settings: Settings) -> Static:
    """Return the program of pretraining: every leaf of its network trains."""
    return static_of(regressor(source, settings), "all", _shapes(source), settings)


def regressor(source: Site, settings: Settings) -> Problem:
    """Return the pretraining problem, with as many outputs as its pretext asks for."""
    return problem.pretraining(settings, n_targets(settings.pretext, source))


def untrained(source: Site, settings: Settings) -> Params:
    """Return fresh pretraining networks, one a seed.

    Their IMU branches are those of fresh target networks of the same seed: grafted untrained
    (pretext "random"), they change nothing, and fine-tuning on all rounds is training from scratch.
    """
    return initialised(regressor(source, settings), _shapes(source), settings.seeds)


def _shapes(source: Site) -> dict[str, tuple[int, ...]]:
    return {"imu": source.shapes()["imu"]}


def _joined(lessons: list[Lesson], n_each: int, n_lessons: int) -> Arrays:
    def together(parts: list[np.ndarray]) -> np.ndarray:
        whole = np.zeros((n_lessons * n_each, *parts[0].shape[1:]), parts[0].dtype)
        for k, part in enumerate(parts):
            whole[k * n_each : k * n_each + len(part)] = part
        return whole

    imu = together([one.imu for one in lessons])
    return Arrays({"imu": Held(imu)}, together([one.target for one in lessons]))
