"""Pretraining on the source site (Table IV): which windows, what is asked of them, which runs."""

from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from mtloc_jax.core.inputs import Inputs
from mtloc_jax.core.model import ImuRegressor, Params
from mtloc_jax.core.train import Run
from mtloc_jax.sites.pretext import Lesson, lesson, n_targets
from mtloc_jax.sites.site import Arrays, Site
from mtloc_jax.sites.splits import in_use
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.sweep import replicas
from mtloc_jax.sweep.grid import run_of
from mtloc_jax.sweep.trainer import initialised


class Pretraining(NamedTuple):
    """Hold what the program needs to pretrain, one run a seed.

    data: the seeds' lessons one after the other, each padded to all training windows of the site,
        so that every share of them fits one program; targets in place of positions
    """

    network: ImuRegressor
    runs: list[Run]
    data: Arrays


def pretraining(source: Site, config: ConfigDict) -> Pretraining:
    """Return the pretraining on the source site that `config` asks for.

    Raises InputError where no window has what its pretext needs.
    """
    spec, n_train = WindowSpec(**config.window), len(source.rows("train"))
    fresh = untrained(source, config)
    lessons = [
        lesson(source, pretrained_on(source, seed, config), spec, config.pretext, seed)
        for seed in range(config.seeds)
    ]
    runs = [
        run_of(
            seed=seed,
            start=replicas.take(fresh, seed),
            rows=seed * n_train + np.arange(len(one.imu)),
            n_train=n_train,
            scaler=one.scaler,
            epochs=config.pretrain_epochs,
            config=config,
        )
        for seed, one in enumerate(lessons)
    ]
    return Pretraining(regressor(source, config), runs, _joined(lessons, n_train))


def pretrained_on(source: Site, seed: int, config: ConfigDict) -> np.ndarray:
    """Return the windows of the source site that a seed pretrains on, i64[n], in their order."""
    train = source.rows("train")
    used = in_use(source.round[train], source.split.train, config.source_rate, seed, config.subset)
    return train[np.sort(used)]


def regressor(source: Site, config: ConfigDict) -> ImuRegressor:
    """Return the pretraining network, with as many outputs as its pretext asks for."""
    outputs = n_targets(config.pretext, source)
    return ImuRegressor(config.hidden, config.forget_bias, outputs)


def untrained(source: Site, config: ConfigDict) -> Params:
    """Return fresh pretraining networks, one a seed.

    Their IMU branches are those of fresh target networks of the same seed: grafted untrained
    (pretext "random"), they change nothing, and fine-tuning on all rounds is training from scratch.
    """
    return initialised(regressor(source, config), example(source)[:1], config.seeds)


def example(site: Site) -> Inputs:
    """Return one empty window of the site's shapes, to initialise a network with."""
    w = site.windows
    return Inputs(
        np.zeros((1, *w.imu.shape[1:]), np.float32),
        np.zeros((1, *w.mag.shape[1:]), np.float32),
        np.zeros((1, len(site.bssids)), np.float32),
    )


def _joined(lessons: list[Lesson], n_each: int) -> Arrays:
    def padded(part: np.ndarray) -> np.ndarray:
        return np.pad(part, [(0, n_each - len(part))] + [(0, 0)] * (part.ndim - 1))

    unread = np.zeros(0, np.float32)
    return Arrays(
        imu=np.concatenate([padded(one.imu) for one in lessons]),
        mag=unread,
        wifi_dbm=unread,
        scan=unread,
        xy_m=np.concatenate([padded(one.target) for one in lessons]),
    )
