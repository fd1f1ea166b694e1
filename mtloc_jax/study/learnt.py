"""What pretrained networks learnt: their errors on the source itself, beside a constant's."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax import rows
from mtloc_jax.core.inputs import metres, scaled
from mtloc_jax.core.model import Params, apply
from mtloc_jax.files import write_whole
from mtloc_jax.modalities import Held
from mtloc_jax.rows import PRETEXT
from mtloc_jax.settings import Settings
from mtloc_jax.sites.pretext import Lesson, Quantity, lesson, quantities
from mtloc_jax.sites.site import Arrays, Site
from mtloc_jax.study import replicas
from mtloc_jax.study.pretraining import pretrained_on, regressor

Row = dict[str, Any]


def learnt(
    source: Site, settings: Settings, params: Params, lost: Collection[int] = ()
) -> list[Row]:
    """Return rows of pretext.csv, but for study and pair: the errors of each seed's network.

    params: stacked over seeds; lost: seeds without one. The constant is the mean of what was asked
            in training.
    """
    told = _telling(regressor(source, settings).network)
    found = []
    for seed in sorted(set(range(settings.seeds)).difference(lost)):
        one = replicas.take(params, seed)
        for split, asked in _lessons(source, settings, seed).items():
            answers = np.asarray(told(one, asked.scaler, asked.imu))
            marks = graded(settings.pretext, quantities(settings.pretext, source), asked, answers)
            found += [{"seed": seed, "split": split} | mark for mark in marks]
    return found


@cache  # variants of a study ask the same network
def _telling(network: nn.Module) -> Callable[[Params, Any, jax.Array], jax.Array]:
    """Return the program of what a network tells of windows."""

    def told(one: Params, scaler: Any, imu: jax.Array) -> jax.Array:
        data = Arrays({"imu": Held(imu)}, jnp.zeros((len(imu), 2)))
        return metres(apply(network, one, scaled(data, scaler, slice(None))), scaler)

    return jax.jit(told)


def graded(
    pretext: str, asked_for: Sequence[Quantity], asked: Lesson, told: np.ndarray
) -> Iterator[Row]:
    """Yield the errors of what was told, f32[N, K] in the pretext's units, by quantity."""
    for quantity in asked_for:
        yield {
            "pretext": pretext,
            "quantity": quantity.name,
            "unit": quantity.unit,
            "n_windows": len(asked.target),
            "error": quantity.error(told, asked.target),
            "constant_error": quantity.error(asked.scaler.xy_mean_m[None], asked.target),
        }


def write(found: Mapping[Path, list[Row]]) -> None:
    """Write pretext.csv in each folder; none where nothing was pretrained."""
    for folder, of_folder in found.items():
        if of_folder:
            write_whole(folder / PRETEXT, rows.as_text(PRETEXT, of_folder))


def _lessons(source: Site, settings: Settings, seed: int) -> dict[str, Lesson]:
    """Return what a seed was taught, and what it is examined on."""
    how = settings.window, settings.pretext, seed
    rows = pretrained_on(source, seed, settings)
    examined = lesson(source, source.rows("validation"), *how, taught_on=rows)
    return {"train": lesson(source, rows, *how), "validation": examined}
