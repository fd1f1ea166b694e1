"""Open a building by name: which reader, which folder, which split."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.logs import location20, mmloc_csv
from mtloc_jax.logs.round import Progress, Round
from mtloc_jax.simulate import building_a, building_b, simulate
from mtloc_jax.sites import splits
from mtloc_jax.sites.splits import Split

BUCHAREST_SPLIT = Split(train=(1, 2, 3, 4, 5, 6), validation=(7,), test=(8,))
"""The authors' own: the set has eight rounds, not fourteen."""


@dataclass(frozen=True)
class Building:
    """Say how one building's recordings are read.

    folder: below the data folder; None where nothing is read from disk
    """

    read: Callable[[Path, Progress | None], list[Round]]
    folder: str | None
    split: Split = splits.PAPER


def _floor(name: str) -> Building:
    return Building(location20.read_floor, f"indoor_location_20/{name}")


BUILDINGS: dict[str, Building] = {
    "location20/site1/B1": _floor("site1/B1"),
    "location20/site2/F1": _floor("site2/F1"),
    "mmloc/edinburgh": Building(mmloc_csv.read_edinburgh, "mmloc/edinburgh"),
    "mmloc/bucharest": Building(mmloc_csv.read_bucharest, "mmloc/bucharest", BUCHAREST_SPLIT),
}
SIMULATED = {"simulated-a": building_a, "simulated-b": building_b}


def walks(
    name: str,
    data_dir: str,
    *,
    simulation_seed: int = 0,
    simulated_round_s: float = 60.0,
    on_progress: Progress | None = None,
) -> tuple[list[Round], Split]:
    """Return a building's rounds and its split.

    Raises InputError where the name is unknown, or the recordings are absent or damaged.
    """
    if name in SIMULATED:
        plan = SIMULATED[name](simulation_seed)
        return simulate(plan, simulation_seed, round_s=simulated_round_s), splits.PAPER
    if name not in BUILDINGS:
        raise InputError(
            f"there is no building {name!r}",
            remedy=f"choose one of {', '.join([*SIMULATED, *BUILDINGS])}, "
            "or a folder made by launch.prepare",
        )
    building = BUILDINGS[name]
    folder = Path(data_dir) / str(building.folder)
    if not data_dir or not folder.is_dir():
        raise InputError(
            f"the recordings of {name} are not here",
            remedy=f"set --config.data_dir to the folder that holds {building.folder}",
            path=folder,
        )
    return building.read(folder, on_progress), building.split
