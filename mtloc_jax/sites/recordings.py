"""Open recordings by the name of a building or by the folder they were prepared in."""

from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mtloc_jax.logs.round import Progress, Round
from mtloc_jax.sites import buildings, site, site_folder, splits
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.windows import WindowSpec


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


def open_recordings(
    name: str,
    data_dir: str,
    *,
    simulation_seed: int = 0,
    simulated_round_s: float = 60.0,
    on_progress: Progress | None = None,
) -> Recordings:
    """Open a folder made by launch.prepare, or a building of `buildings.BUILDINGS` or SIMULATED.

    data_dir: the folder below which buildings' recordings lie
    Raises InputError where neither exists, or what is there is damaged.
    """
    folder = Path(name)
    if site_folder.is_site(folder):
        found = site_folder.load(folder)
        return Recordings(found.name, found.walks, found.split, False, folder, found.skipped)
    walks, split = buildings.walks(
        name,
        data_dir,
        simulation_seed=simulation_seed,
        simulated_round_s=simulated_round_s,
        on_progress=on_progress,
    )
    is_simulated = name in buildings.SIMULATED
    return Recordings(name, walks, split, is_simulated, walks[0].source.parent.parent)


def tested_on(recordings: Recordings, test_round: int) -> Recordings:
    """Leave a round of the split out to test on: the next one validates, the others train.

    Rounds that the split leaves out stay out. Raises InputError where the split has no such round.
    """
    split = splits.leave_out(chain(*recordings.split), test_round)
    return recordings._replace(split=split)


def cut(recordings: Recordings, spec: WindowSpec, *, wifi_entry_max_age_ms: int = 4000) -> Site:
    """Cut recordings into a site; raises InputError as `site.build`."""
    return site.build(
        recordings.name,
        recordings.walks,
        recordings.split,
        spec,
        wifi_entry_max_age_ms=wifi_entry_max_age_ms,
        simulated=recordings.simulated,
    )


def open_site(
    name: str,
    data_dir: str,
    spec: WindowSpec,
    *,
    wifi_entry_max_age_ms: int = 4000,
    simulation_seed: int = 0,
    simulated_round_s: float = 60.0,
    on_progress: Progress | None = None,
) -> Site:
    """Open recordings and cut them into a site; raises InputError as the two steps do."""
    recordings = open_recordings(
        name,
        data_dir,
        simulation_seed=simulation_seed,
        simulated_round_s=simulated_round_s,
        on_progress=on_progress,
    )
    return cut(recordings, spec, wifi_entry_max_age_ms=wifi_entry_max_age_ms)
