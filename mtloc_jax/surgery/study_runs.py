"""The networks of a study's folder, found by what they are: `WORKDIR@finetuned:0.625:3`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax import rows
from mtloc_jax.errors import InputError
from mtloc_jax.registry import meant
from mtloc_jax.surgery import checkpoint

CHUNKS, NETWORKS = "chunks", "checkpoint"
_GRAMMAR = "ARM:RATE:SEED, and :VARIANT in a swept study"
_SHOWN = 4


class StudyRun(NamedTuple):
    """Hold what one trained network of a study is, and where it lies.

    place:   as `read_network` takes it
    variant: of a swept study, "" of others
    error_m: its mean error on the test windows, NaN where the study has no such row
    """

    arm: str
    rate: float
    seed: int
    variant: str
    place: str
    error_m: float

    @property
    def name(self) -> str:
        """Return by what it is found: "finetuned:0.625:3"."""
        own = f"{self.arm}:{self.rate:g}:{self.seed}"
        return f"{own}:{self.variant}" if self.variant else own


def is_study(folder: Path) -> bool:
    """Say whether a folder is a study's WORKDIR, begun at least."""
    return (folder / CHUNKS).is_dir()


def runs_of(folder: Path) -> list[StudyRun]:
    """Return the networks that a study has trained so far, in the order of its plan.

    Raises InputError where a chunk is damaged.
    """
    chunks = sorted(chunk for chunk in (folder / CHUNKS).iterdir() if chunk.name.isdecimal())
    return [run for chunk in chunks if (chunk / NETWORKS).is_dir() for run in _of_chunk(chunk)]


def pretrained_of(folder: Path) -> list[str]:
    """Return the names of what a study pretrained, or grafted before training."""
    names = (path.parent.name for path in folder.glob("*/" + checkpoint.CARD))
    return sorted(name for name in names if not name.startswith("."))


def named(folder: Path, name: str) -> str:
    """Return the place of the one network that `name` fits: the end of it may be left out.

    Raises InputError where none does, or several do.
    """
    runs = runs_of(folder)
    asked = name.split(":", 3)
    fit = [run for run in runs if _fits(run, asked)]
    if len(fit) == 1:
        return fit[0].place
    if not runs:
        raise InputError(
            "this study has trained no network yet",
            remedy="run it, or name a checkpoint folder below it",
            path=folder,
        )
    if not fit:
        raise InputError(
            f"this study holds no network {name!r}",
            remedy=f"write {folder}@{_GRAMMAR}: {meant(name, [run.name for run in runs])}",
            path=folder,
        )
    raise InputError(
        f"{len(fit)} networks of this study are called {name!r}",
        remedy=f"say which: {_listed(fit)}",
        path=folder,
    )


def which(folder: Path) -> InputError:
    """Return the error of a study's folder that was given where one network is meant."""
    runs = runs_of(folder)
    example = f"{folder}@{runs[0].name}" if runs else f"{folder}@{_GRAMMAR}"
    return InputError(
        f"this is the folder of a study, of {len(runs)} trained networks",
        remedy=f"say which one, such as {example}; launch.inspect {folder} lists them",
        path=folder,
    )


def _of_chunk(chunk: Path) -> Iterator[StudyRun]:
    table = rows.read(chunk / rows.ROWS) if (chunk / rows.ROWS).is_file() else None
    for index, run in enumerate(checkpoint.read_card(chunk / NETWORKS)["runs"]):
        found = str(run["arm"]), float(run["finetune_rate"]), int(run["seed"])
        variant = str(run.get("variant", ""))
        place = f"{chunk / NETWORKS}@{index}"
        yield StudyRun(*found, variant, place, _error_m(table, *found, variant))


def _error_m(table: rows.Table | None, arm: str, rate: float, seed: int, variant: str) -> float:
    if table is None:
        return np.nan
    asked: dict[str, Any] = {"split": "test", "modality": "none", "drop_rate": 0.0}
    own = rows.select(table, arm=arm, seed=seed, **asked)
    fit = np.isclose(own["finetune_rate"], rate, atol=1e-4)
    if variant:
        fit &= np.char.endswith(own["study"].astype(np.str_), f"/{variant}")
    return float(own["mean_m"][fit][0]) if fit.any() else np.nan


def _fits(run: StudyRun, asked: Sequence[str]) -> bool:
    own = (run.arm, f"{run.rate:g}", str(run.seed), run.variant)
    return all(
        word == had or (at == 1 and _number(word) == run.rate)
        for at, (word, had) in enumerate(zip(asked, own, strict=False))
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _listed(runs: Sequence[StudyRun]) -> str:
    names = [run.name for run in runs[:_SHOWN]]
    return ", ".join(names) + (", ..." if len(runs) > _SHOWN else "")
