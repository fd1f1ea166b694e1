"""Which runs a study trains, and what each of them trains on."""

from dataclasses import dataclass

import numpy as np
from ml_collections import ConfigDict

from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run
from mtloc_jax.errors import InputError
from mtloc_jax.report.arms import FINETUNED, SCRATCH, TRANSFERRED
from mtloc_jax.sites.scaling import centred, unit
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import in_use
from mtloc_jax.surgery.freeze import gates
from mtloc_jax.surgery.thaw import ALL, thaw

THAWS = {SCRATCH: ALL, TRANSFERRED: "imu frozen"}
"""How the leaves of these arms train; in the fine-tuned arm, as config.finetune_plan says."""
FRAMES = {"linear": centred, "relu": unit}
"""How positions are scaled for each output of the network, so that it can reach them all."""


@dataclass(frozen=True)
class RunSpec:
    """Name one trained network.

    arm: "scratch" (no graft), "transferred" (IMU branch grafted and frozen) or "finetuned"
        (grafted, everything trains)
    finetune_rate: share of the target's training rounds used, 0..1; 0 for "transferred", whose
        other branches train on all of them (Section IV-D)
    """

    arm: str
    finetune_rate: float
    seed: int

    @property
    def training_share(self) -> float:
        """Return the share of the training rounds that this run sees."""
        return 1.0 if self.arm == TRANSFERRED else self.finetune_rate

    @property
    def grafted(self) -> bool:
        """Say whether the IMU branch comes from the source site."""
        return self.arm != SCRATCH


def grid(config: ConfigDict) -> list[RunSpec]:
    """Return the study's runs: arms x fine-tune rates x seeds (Table V).

    Raises InputError where the grid is empty or names what does not exist.
    """
    rates: dict[str, tuple[float, ...]] = {
        SCRATCH: tuple(config.scratch_rates),
        TRANSFERRED: (0.0,),
        FINETUNED: tuple(config.finetune_rates),
    }
    unknown = set(config.arms) - set(rates)
    if unknown:
        raise InputError(f"there is no arm {unknown.pop()!r}", remedy=f"arms are {list(rates)}")
    for rate in (*rates[SCRATCH], *rates[FINETUNED]):
        if not 0 < rate <= 1:
            raise InputError(f"fine-tune rate {rate} is not in (0, 1]", remedy="give shares")
    runs = [
        RunSpec(arm, float(rate), seed)
        for seed in range(config.seeds)
        for arm in rates
        if arm in config.arms
        for rate in rates[arm]
    ]
    if not runs:
        raise InputError("the grid is empty", remedy="set arms, rates and seeds > 0")
    return runs


def prepared(spec: RunSpec, start: Params, site: Site, config: ConfigDict) -> Run:
    """Return what the program needs to train `spec` from the parameters `start`.

    Plans index the site's training windows and are all of one length, so that all rates fit one
    program.
    """
    train, rows = site.rows("train"), trained_on(spec, site, config)
    return run_of(
        seed=spec.seed,
        start=start,
        rows=rows,
        n_train=len(train),
        scaler=site.scaler(train[rows], FRAMES[config.get("output", "linear")]),
        training=THAWS.get(spec.arm, config.finetune_plan),
        epochs=config.epochs,
        config=config,
    )


def trained_on(spec: RunSpec, site: Site, config: ConfigDict) -> np.ndarray:
    """Return which of the site's training windows a run trains on, i64[n]."""
    return in_use(
        site.round[site.rows("train")],
        site.split.train,
        spec.training_share,
        spec.seed,
        config.subset,
    )


def n_steps(n_windows: int, n_train: int, epochs: int, config: ConfigDict) -> int:
    """Return the optimiser steps of a run over `n_windows` of `n_train` windows.

    Under `protocol = "epochs"` fewer windows mean fewer steps (the paper's); under "steps" every
    run takes as many as one over all windows.
    """
    counted = n_train if config.protocol == "steps" else n_windows
    return epochs * -(-counted // config.batch_size)


def run_of(
    *,
    seed: int,
    start: Params,
    rows: np.ndarray,
    n_train: int,
    scaler,
    training: str = ALL,
    epochs: int,
    config: ConfigDict,
) -> Run:
    """Return a run over the training windows `rows` of `n_train`.

    training: a freeze plan as `thaw` reads it
    """
    plan = np.zeros(n_train, np.int32)
    plan[: len(rows)] = rows
    return Run(
        seed=np.int32(seed),
        learning_rate=np.float32(config.learning_rate),
        start=start,
        plan=plan,
        n_windows=np.int32(len(rows)),
        n_steps=np.int32(n_steps(len(rows), n_train, epochs, config)),
        dropout=np.float32(config.dropout),
        scaler=scaler,
        gates=gates(thaw(training, start), start),
    )
