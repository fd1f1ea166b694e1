"""Open recordings by the name of a building or by the folder they were prepared in."""

from pathlib import Path
from typing import NamedTuple

from mtloc_jax.logs.round import Round
from mtloc_jax.sites import buildings, site_folder
from mtloc_jax.sites.splits import Split


class Recordings(NamedTuple):
    """Hold a site's rounds before they are cut into windows.

    plan_folder: where its floor plan would lie
    skipped:     what was wrong with each file that was left out
    """

    name: str
    walks: list[Round]
    split: Split
    simulated: bool
    plan_folder: Path
    skipped: tuple[str, ...] = ()


def open_recordings(name: str, data_dir: str) -> Recordings:
    """Open a folder made by launch.prepare, or a building of `buildings.BUILDINGS` or SIMULATED.

    data_dir: the folder below which buildings' recordings lie
    Raises InputError where neither exists, or what is there is damaged.
    """
    folder = Path(name)
    if site_folder.is_site(folder):
        found = site_folder.load(folder)
        return Recordings(found.name, found.walks, found.split, False, folder, found.skipped)
    walks, split = buildings.walks(name, data_dir)
    is_simulated = name in buildings.SIMULATED
    return Recordings(name, walks, split, is_simulated, walks[0].source.parent.parent)
