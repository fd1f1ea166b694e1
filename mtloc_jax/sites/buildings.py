"""Open a building by name: which format, which folder, which split."""

from dataclasses import dataclass
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.round import Progress, Round
from mtloc_jax.simulate import building_a, building_b, simulate
from mtloc_jax.sites import formats, splits
from mtloc_jax.sites.splits import Split

BUCHAREST_SPLIT = Split(train=(1, 2, 3, 4, 5, 6), validation=(7,), test=(8,))
"""The authors' own: the set has eight rounds, not fourteen."""

EDINBURGH_RAW_SPLIT = Split(train=(1, 5, 11), validation=(9,), test=(12,))
"""Ours: only five rounds' phone logs are published, none of them the authors' test round."""


@dataclass(frozen=True)
class Building:
    """Say how one building's recordings are read.

    form: one of formats.FORMATS; folder: below the data folder
    """

    form: str
    folder: str
    split: Split = splits.PAPER


_WHOLE_FLOORS = {
    "site1": ("B1", "F1", "F2", "F3"),
    "site2": ("B1", "F1", "F2", "F3", "F4", "F5", "F6"),
}

BUILDINGS: dict[str, Building] = {
    **{
        f"location20/{floor}": Building("location20", f"indoor_location_20/{floor}")
        for floor in ("site1/B1", "site2/F1")
    },
    **{
        f"location20-whole/{site}/{floor}": Building(
            "location20", f"indoor_location_20_whole/{site}/{floor}"
        )
        for site, floors in _WHOLE_FLOORS.items()
        for floor in floors
    },
    **{
        f"ipin2023/{floor}": Building("ipin2023", f"ipin2023_track3/{floor}")
        for floor in ("floor_0", "floor_-2")
    },
    "mmloc/edinburgh": Building("mmloc-edinburgh", "mmloc/edinburgh"),
    "mmloc/edinburgh-raw": Building("mmloc-edinburgh-raw", "mmloc", EDINBURGH_RAW_SPLIT),
    "mmloc/bucharest": Building("mmloc-bucharest", "mmloc/bucharest", BUCHAREST_SPLIT),
}
SIMULATED = {"simulated-a": building_a, "simulated-b": building_b}


def origin_deg(name: str, data_dir: str) -> tuple[float, float] | None:
    """Return latitude and longitude of a building's (0, 0); None where it has metres."""
    building = BUILDINGS.get(name)
    if building is None:
        return None
    return formats.origin_deg(building.form, Path(data_dir) / building.folder)


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
    folder = Path(data_dir) / building.folder
    if not data_dir or not folder.is_dir():
        raise InputError(
            f"the recordings of {name} are not here",
            remedy=f"set --config.data_dir to the folder that holds {building.folder}",
            path=folder,
        )
    return read_all(formats.jobs(building.form, folder), on_progress), building.split
