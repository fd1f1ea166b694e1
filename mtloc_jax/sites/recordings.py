"""Open recordings by the name of a building, a TFDS set, or the folder they were prepared in."""

from pathlib import Path
from typing import NamedTuple

from mtloc_jax.logs.round import Progress, Round
from mtloc_jax.registry import found_at
from mtloc_jax.settings import Settings, Window
from mtloc_jax.sites import buildings, protocol, site, site_folder
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.walk_arrays import digest


class Recordings(NamedTuple):
    """Hold a site's rounds before they are cut into windows.

    plan_folder: where its floor plan would lie
    skipped:     what was wrong with each file that was left out
    unit:        what the walks' numbers are of
    origin_deg:  latitude and longitude of (0, 0), where they were recorded in degrees
    """

    name: str
    walks: list[Round]
    split: Split
    simulated: bool
    plan_folder: Path
    skipped: tuple[str, ...] = ()
    unit: str = protocol.ROUND
    origin_deg: tuple[float, float] | None = None

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the walks' arrays: the same wherever these recordings lie."""
        return digest(self.walks)


TFDS = "tfds:"


def open_recordings(
    name: str,
    data_dir: str,
    *,
    simulation_seed: int = 0,
    simulated_round_s: float = 60.0,
    on_progress: Progress | None = None,
) -> Recordings:
    """Open a folder made by launch.prepare, a TFDS set ("tfds:mmloc/edinburgh"), or a building.

    name: of a building in `buildings.BUILDINGS` or SIMULATED, if neither of the others
    data_dir: the folder below which buildings' recordings, or TFDS's sets, lie
    Raises InputError where there is no such thing, or what is there is damaged.
    """
    if name.startswith(TFDS):
        return _open_tfds(name, data_dir)
    folder = Path(name)
    if site_folder.is_site(folder):
        found = site_folder.load(folder)
        return Recordings(
            found.name,
            found.walks,
            found.split,
            False,
            folder,
            found.skipped,
            origin_deg=found.origin_deg,
        )
    walks, split = buildings.walks(
        name,
        data_dir,
        simulation_seed=simulation_seed,
        simulated_round_s=simulated_round_s,
        on_progress=on_progress,
    )
    is_simulated = name in buildings.SIMULATED
    return Recordings(
        name,
        walks,
        split,
        is_simulated,
        walks[0].source.parent.parent,
        origin_deg=buildings.origin_deg(name, data_dir),
    )


def _open_tfds(name: str, data_dir: str) -> Recordings:
    # By name: TFDS takes long to import, and stands on this package.
    open_prepared = found_at("mtloc_jax.datasets.walks:open_prepared")
    found, split, folder = open_prepared(name.removeprefix(TFDS), data_dir)
    return Recordings(name, found, split, name.startswith(f"{TFDS}simulated/"), folder)


def dealt_by(recordings: Recordings, settings: Settings, role: str = "target") -> Recordings:
    """Number and split the walks of the "source" or "target" as the settings of a study say.

    Raises InputError as `protocol.dealt`.
    """
    if role != "target":
        return recordings
    if settings.survey == protocol.OTHERS:
        turns = protocol.dealt_in_turn(
            recordings.name,
            recordings.walks,
            recordings.split,
            unit=settings.unit,
            folds=settings.folds,
        )
        return recordings._replace(**turns._asdict())
    dealt = protocol.dealt(
        recordings.name,
        recordings.walks,
        recordings.split,
        unit=settings.unit,
        folds=settings.folds,
        tested=settings.test_round,
    )
    return recordings._replace(**dealt._asdict())


def cut(
    recordings: Recordings,
    window: Window,
    *,
    wifi_entry_max_age_ms: int = Settings.wifi_entry_max_age_ms,
    modalities: tuple[str, ...] = Settings.modalities,
    in_turn: bool = False,
) -> Site:
    """Cut recordings into a site; raises InputError as `site.build`."""
    return site.build(
        recordings.name,
        recordings.walks,
        recordings.split,
        window,
        wifi_entry_max_age_ms=wifi_entry_max_age_ms,
        modalities=modalities,
        simulated=recordings.simulated,
        in_turn=in_turn,
    )


def cut_by(recordings: Recordings, settings: Settings, role: str = "target") -> Site:
    """Cut the recordings of the "source" or "target" as the settings of a study say.

    Raises InputError as `dealt_by` and `site.build`.
    """
    return cut(
        dealt_by(recordings, settings, role),
        settings.window,
        wifi_entry_max_age_ms=settings.wifi_entry_max_age_ms,
        modalities=settings.modalities,
        in_turn=role == "target" and settings.survey == protocol.OTHERS,
    )
