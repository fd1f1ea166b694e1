"""Networks that runs start from, kept in a study's folder, each folder whole or not at all.

Those that take training are trained some seeds at a time: each such unit reaches the disk as it
ends, and all lie together once there are all. A kill loses the unit at work.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.files import whole_folder
from mtloc_jax.study import memory, workdir
from mtloc_jax.study.claims import Claim
from mtloc_jax.study.workdir import UNITS, Identity
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.checkpoint import Card

RUNS = "runs"


class Unit(NamedTuple):
    """Hold networks of some seeds, stacked.

    said: what their card lists of them, by name: the seed of each network under `runs`, and lists
          whose entries are seeds, or have one
    """

    params: Params
    said: Mapping[str, list[Any]]

    @property
    def seeds(self) -> list[int]:
        """Return the seed of each network."""
        return [run["seed"] for run in self.said[RUNS]]


Train = Callable[[Sequence[int]], Unit]
"""Trains networks of some seeds."""


class Kept:
    """Keep networks in a study's folder, once it is claimed."""

    identity: Identity
    """What everything kept must match."""

    def __init__(self, folder: Path) -> None:
        """Keep nothing yet."""
        self.folder = folder

    def begin(self, identity: Identity, claim: Claim) -> None:
        """Say whose the folder is."""
        self.identity, self._claim = identity, claim

    def networks(self, name: str, site: Card, make: Callable[[Path], None]) -> Params:
        """Return the networks in a folder; make them where they are not, or are damaged.

        site: what their card must say of it, whole or in part (Site.card)
        make: writes a checkpoint to a folder

        Raises InputError where they are another study's.
        """
        folder = self.folder / name
        found = self._sound(folder, site)
        if found is None:
            self._claim.check()
            with whole_folder(folder) as mine:
                make(mine)
            found = self._matching(folder, site)
        return found[0]

    def of_seeds(
        self, name: str, site: Card, card: Card, seeds: int, at_once: int, train: Train
    ) -> Params:
        """Return networks of seeds 0 .. seeds-1, stacked; train those that are not on the disk.

        card: what their checkpoint says of all; at_once: how many are trained, and reach the disk,
        together. Raises InputError as `networks` does.
        """

        def make(folder: Path) -> None:
            params, said = joined(self._units(name, site, card, seeds, at_once, train))
            checkpoint.save(folder, params, {**card, **said})

        return self.networks(name, site, make)

    def tidy(self) -> None:
        """Remove the units of what lies together: where all chunks are done, nobody needs them."""
        shutil.rmtree(self.folder / UNITS, ignore_errors=True)

    def _units(
        self, name: str, site: Card, card: Card, seeds: int, at_once: int, train: Train
    ) -> list[Unit]:
        place = self.folder / UNITS / name
        found = list(self._held(place, site, card))
        held = {seed for unit in found for seed in unit.seeds}
        missing = [seed for seed in range(seeds) if seed not in held]
        for first in range(0, len(missing), at_once):
            some = missing[first : first + at_once]
            found.append(train(some))
            if len(some) == seeds:
                break  # they are written down together at once
            self._claim.check()
            with whole_folder(place / f"{some[0]:04d}") as mine:
                checkpoint.save(mine, found[-1].params, {**card, **found[-1].said})
        return found

    def _held(self, place: Path, site: Card, card: Card) -> Iterator[Unit]:
        """Yield the units on the disk, of whatever size they were trained in; no seed twice."""
        seen: set[int] = set()
        for folder in sorted(place.glob("[0-9]*")):
            found = None if ".damaged-" in folder.name else self._sound(folder, site)
            if found is None:
                continue
            params, theirs = found
            names = [name for name in theirs if name == RUNS or name not in card]
            unit = Unit(params, {name: theirs[name] for name in names})
            if seen.isdisjoint(unit.seeds):
                seen.update(unit.seeds)
                yield unit

    def _sound(self, folder: Path, site: Card) -> tuple[Params, Card] | None:
        """Return the networks in a folder and their card; None where there are none, or damaged.

        Those are set aside. Raises InputError where they are another study's.
        """
        if not folder.is_dir():
            return None
        try:
            checkpoint.load(folder)
        except InputError as error:
            workdir.set_aside(folder, str(error))
            return None
        return self._matching(folder, site)

    def _matching(self, folder: Path, site: Card) -> tuple[Params, Card]:
        params, card = checkpoint.load(folder, {"site": site})
        self.identity.check(card.get("identity", {}), folder)
        return params, card


def joined(units: Sequence[Unit]) -> tuple[Params, dict[str, list[Any]]]:
    """Return the networks of all units, stacked, and what is said of them, in order of seeds."""
    order = np.argsort([seed for unit in units for seed in unit.seeds])
    params = jax.tree.map(
        lambda *leaves: np.concatenate(leaves)[order], *(unit.params for unit in units)
    )
    names = dict.fromkeys(name for unit in units for name in unit.said)
    said = {
        name: sorted((one for unit in units for one in unit.said.get(name, ())), key=_seed)
        for name in names
    }
    return params, said


def at_once(seeds: int, devices: int) -> int:
    """Return how many of the seeds are trained together: as many as so many devices are filled by.

    Cores train one network each. More would be lost together and gain nothing; fewer leave cores
    idle.
    """
    return min(seeds, memory.runs_together(devices) or devices)


def worded(seeds: Sequence[int], of: int) -> str:
    """Return which seeds these are, as a stage calls them; nothing where they are all."""
    if len(seeds) == of:
        return ""
    named = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    return f", {named}"


def _seed(entry: Any) -> int:
    return int(entry["seed"] if isinstance(entry, dict) else entry)
