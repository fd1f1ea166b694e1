"""Which runs a study trains, and what each of them trains on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mtloc_jax.arms import ARMS, Arm
from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run
from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings
from mtloc_jax.sites.scaling import FRAMES, Scaler
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import in_use, n_in_use, on_walks
from mtloc_jax.sites.two_surveys import halves

_MOST_STEPS = 2**31 - 1  # compiled programs count in 32 bits


@dataclass(frozen=True)
class RunSpec:
    """Name one network, or one fitted predictor.

    arm: a name in ARMS
    finetune_rate: share of the target's training rounds, 0..1; an arm of fixed rates has its own
    """

    arm: str
    finetune_rate: float
    seed: int

    @property
    def of(self) -> Arm:
        """Return its arm."""
        return ARMS.named(self.arm)

    @property
    def training_share(self) -> float:
        """Return the share of the training rounds that this run sees."""
        return self.of.share_at(self.finetune_rate)

    @property
    def cells(self) -> tuple[str, str, str]:
        """Return the cells arm, finetune_rate and seed of its rows."""
        return self.arm, f"{self.finetune_rate:.4f}", str(self.seed)


def grid(settings: Settings) -> list[RunSpec]:
    """Return the study's runs: arms x rates x seeds (Table V).

    Raises InputError where the grid is empty, or two runs would have rows of one name.
    """
    runs = [
        RunSpec(arm.name, rate, seed)
        for seed in range(settings.seeds)
        for arm in ARMS.values()
        if arm.name in settings.arms
        for rate in arm.rates_in(settings)
    ]
    if not runs:
        raise InputError("the grid is empty", remedy="set arms and rates")
    if len({run.cells for run in runs}) < len(runs):
        raise InputError(
            "two rates are equal to four decimals", remedy="give each fine-tune rate once"
        )
    return runs


def prepared(spec: RunSpec, start: Params, site: Site, settings: Settings) -> Run:
    """Return what the program needs to train `spec` from the parameters `start`.

    Plans index the site's training windows and are all of one length, so that all rates fit one
    program.
    """
    train, rows = site.rows("train"), trained_on(spec, site, settings)
    return run_of(
        seed=spec.seed,
        start=start,
        rows=rows,
        n_train=len(train),
        scaler=site.scaler(train[rows], FRAMES[settings.output]),
        epochs=settings.epochs,
        settings=settings,
    )


class Turn(NamedTuple):
    """Hold what one survey is to locate.

    rounds: the numbers of the walks that are located
    rows:   i64[n], the windows of the site that were surveyed
    """

    rounds: tuple[int, ...]
    rows: np.ndarray


def turns(spec: RunSpec, site: Site, settings: Settings) -> list[Turn]:
    """Return every survey of a run: one of the training rounds, or of all others for each round.

    Raises InputError where it asks for more walks than there are.
    """
    train, split = site.rows("train"), site.split
    if not split.in_turn:
        rows = train[trained_on(spec, site, settings)]
        return [Turn((*split.validation, *split.test), rows)]
    return [Turn((n,), train[trained_on(spec, site, settings, without=n)]) for n in split.test]


def trained_on(
    spec: RunSpec, site: Site, settings: Settings, without: int | None = None
) -> np.ndarray:
    """Return which of the site's training windows a run trains on, i64[n].

    Of two surveys, the share and the walks are the second's: all of the first is before them.

    without: a round that is left out, where each is tested by all others

    Raises InputError where it asks for more walks than there are.
    """
    train, share = site.rows("train"), spec.training_share
    rounds: Sequence[int] = [number for number in site.split.train if number != without]
    first: Sequence[int] = ()
    if spec.of.both:
        first, rounds = halves(rounds)
    used = in_use(site.round[train], rounds, share, spec.seed, settings.subset)
    if settings.walks:
        used = used[on_walks(site.trace[train][used], settings.walks, spec.seed, settings.subset)]
    return np.concatenate([np.flatnonzero(np.isin(site.round[train], first)), used])


def n_trained_on(spec: RunSpec, site: Site, settings: Settings) -> int:
    """Return how many windows `trained_on` returns; raises as it does."""
    if settings.walks or spec.of.both:
        return len(trained_on(spec, site, settings))
    train = site.split.train
    return n_in_use(site.windows_of, train, spec.training_share, spec.seed, settings.subset)


def n_steps(n_windows: int, n_train: int, epochs: int, settings: Settings) -> int:
    """Return the optimiser steps of a run over `n_windows` of `n_train` windows.

    Under `protocol = "epochs"` fewer windows mean fewer steps (the paper's); under "steps" every
    run takes as many as one over all windows. Raises InputError where they are more than programs
    count.
    """
    counted = n_train if settings.protocol == "steps" else n_windows
    steps = epochs * -(-counted // settings.batch_size)
    if steps > _MOST_STEPS:
        raise InputError(
            f"{epochs} epochs over {counted} windows are {steps} steps",
            remedy=f"set --config.epochs or --config.batch_size for {_MOST_STEPS} steps at most",
        )
    return steps


def run_of(
    *,
    seed: int,
    start: Params,
    rows: np.ndarray,
    n_train: int,
    scaler: Scaler,
    epochs: int,
    settings: Settings,
) -> Run:
    """Return a run over the training windows `rows` of `n_train`."""
    plan = np.zeros(n_train, np.int32)
    plan[: len(rows)] = rows
    return Run(
        seed=np.int32(seed),
        learning_rate=np.float32(settings.learning_rate),
        start=start,
        plan=plan,
        n_windows=np.int32(len(rows)),
        n_steps=np.int32(n_steps(len(rows), n_train, epochs, settings)),
        dropout=np.float32(settings.dropout),
        scaler=scaler,
        modality_dropout=np.float32(settings.modality_dropout),
        modality_burst=np.int32(settings.modality_burst),
    )
