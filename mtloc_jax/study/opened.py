"""The buildings of a study: read once, and cut as each group of its runs needs them."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mtloc_jax.cards import card
from mtloc_jax.errors import InputError
from mtloc_jax.files import recorded_sums, sha256, write_whole
from mtloc_jax.rows import CARD
from mtloc_jax.settings import Settings, values
from mtloc_jax.sites.floor_plan import keep_plan
from mtloc_jax.sites.plans import plan_of
from mtloc_jax.sites.pooled import pooled, together
from mtloc_jax.sites.protocol import OTHERS
from mtloc_jax.sites.recordings import Recordings, cut_by, dealt_by, open_recordings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.two_surveys import Survey, surveys
from mtloc_jax.sites.views import seen_by_networks

Report = Callable[[str, float, float], None]
"""Called with (stage, done, total) whenever there is something new to show."""


@dataclass(frozen=True)
class Building:
    """Hold a building: its recordings, the site they were cut into, and what networks see of it.

    dealt: the recordings, numbered and split as the settings say
    site: `cut` with rounds stretched or modalities silenced, where the settings say so
    """

    recordings: Recordings
    dealt: Recordings
    cut: Site
    site: Site


@dataclass(frozen=True)
class Sites:
    """Hold the buildings of a study, opened; sources only where something is learnt there.

    opened: by role, as Settings.buildings names them; pair: as rows name it
    both: whether networks see both of two surveys, with no access point gone, or the second alone
    """

    settings: Settings
    opened: Mapping[str, Building]
    pair: str
    both: bool = False

    @cached_property
    def source(self) -> Site:
        """Return the site that the IMU branch is pretrained on: several sources pooled."""
        return pooled([of.site for role, of in self.opened.items() if role != "target"])

    @property
    def whole(self) -> Site:
        """Return the target with all its training rounds, of one survey or of two."""
        return self.opened["target"].site

    @cached_property
    def target(self) -> Site:
        """Return the site that networks are trained and judged on; of two surveys, the second."""
        if not self._second_alone:
            return self.whole
        return dataclasses.replace(self.whole, split=self.surveyed(0)[1].site.split)

    @property
    def simulated(self) -> bool:
        """Say whether one of them is no real building."""
        return any(building.site.simulated for building in self.opened.values())

    @property
    def digests(self) -> dict[str, str]:
        """Return what the recordings of each building hash to."""
        return {role: building.recordings.digest for role, building in self.opened.items()}

    def surveyed(self, seed: int) -> tuple[Survey, Survey]:
        """Return the two surveys that a seed's networks are trained on."""
        return surveys(self.whole, self.settings.removed_share, seed)

    def seen(self, seed: int) -> Site:
        """Return the target as a seed's networks see it."""
        return self.surveyed(seed)[1].site if self._second_alone else self.target

    @property
    def _second_alone(self) -> bool:
        return self.settings.survey == "twice" and not self.both


def open_sites(
    made: Sequence[Settings], needs_source: bool, origin: str, report: Report
) -> list[Sites]:
    """Return the buildings for each of some settings, made once for each way of making them.

    origin: where the networks that arms graft from come from; empty for the source building

    Raises InputError where one cannot be read, or not be cut so.
    """
    for settings in made if needs_source else ():
        _check_test_round(settings)
    recordings: dict[tuple[Any, ...], Recordings] = {}
    found: dict[tuple[Any, ...], Building] = {}

    def read(name: str, settings: Settings) -> Recordings:
        key = (name, settings.simulation)
        if key not in recordings:
            recordings[key] = _read(settings, name, report)
        return recordings[key]

    def building(role: str, name: str, settings: Settings) -> Building:
        cut = settings.modalities, values(settings, "site", role=_part(role))
        key = (_part(role), name, settings.simulation, cut)
        if key not in found:
            found[key] = _made(role, read(name, settings), settings)
        return found[key]

    def sites(settings: Settings) -> Sites:
        roles = {r: n for r, n in settings.buildings.items() if needs_source or r == "target"}
        opened = {role: building(role, name, settings) for role, name in roles.items()}
        return Sites(settings, opened, _pair(settings, opened, origin))

    return [sites(settings) for settings in made]


def digests_of(every: Sequence[Sites]) -> dict[str, str]:
    """Return what the recordings of a study hash to, by role; those of a sweep by name too."""
    found: dict[str, str] = {}
    for sites in every:
        for role, digest in sites.digests.items():
            if found.setdefault(role, digest) != digest:
                found[f"{role} {sites.opened[role].recordings.name}"] = digest
    return found


def pair_of(every: Sequence[Sites]) -> str:
    """Return the pair of buildings that a study is of; of a sweep the first, and how many more."""
    pairs = list(dict.fromkeys(sites.pair for sites in every))
    return pairs[0] if len(pairs) == 1 else f"{pairs[0]} and {len(pairs) - 1} more"


def write_cards(sites_of: Mapping[Path, Sites]) -> None:
    """Write the data cards beside the rows in each folder, so that reports quote their warnings.

    Cards that are there as they were written stay: they follow from the recordings and the split.
    """
    made: dict[int, str] = {}
    for folder, sites in sites_of.items():
        recorded = recorded_sums(folder)
        for role, building in sites.opened.items():
            path = folder / CARD.format(role)
            if not path.is_file() or sha256(path) != recorded.get(path.name):
                if id(building) not in made:
                    made[id(building)] = _card_text(building, sites.settings)
                write_whole(path, made[id(building)])


def write_plans(sites_of: Mapping[Path, Sites]) -> None:
    """Write the plan of the target's floor into each folder, where it has one.

    Raises InputError where it cannot be read.
    """
    for folder, sites in sites_of.items():
        plan = plan_of(sites.opened["target"].recordings)
        if plan is not None:
            keep_plan(plan, folder)


def _card_text(building: Building, settings: Settings) -> str:
    recordings = building.recordings
    dealt, cut = card.apart(recordings, building.dealt, building.cut, settings)
    return card.make(recordings.walks, cut, settings, dealt=dealt).to_json()


def _read(settings: Settings, name: str, report: Report) -> Recordings:
    return open_recordings(
        name,
        settings.data_dir,
        simulation_seed=settings.simulation.seed,
        simulated_round_s=settings.simulation.round_s,
        on_progress=lambda done, total: report(f"reading {name}", done, total),
    )


def _made(role: str, recordings: Recordings, settings: Settings) -> Building:
    cut = cut_by(recordings, settings, _part(role))
    dealt = dealt_by(recordings, settings, _part(role))
    return Building(recordings, dealt, cut, seen_by_networks(cut, settings, _part(role)))


def _part(role: str) -> str:
    """Return "source" for every source, "target" for the target."""
    return role.partition("_")[0]


def _check_test_round(settings: Settings) -> None:
    """Raise InputError where a round of the target would train as a source's and test."""
    if settings.target not in settings.sources:
        return
    if settings.test_round:
        raise InputError(
            f"{settings.target} is source and target: round {settings.test_round} is tested on, "
            "and may train as a round of the source",
            remedy="set --config.test_round=0, or leave the building out of --config.source",
        )
    if settings.survey == OTHERS:
        raise InputError(
            f"{settings.target} is source and target: every round of it is tested",
            remedy="leave the building out of --config.source",
        )


def _pair(settings: Settings, opened: Mapping[str, Building], origin: str) -> str:
    target = opened["target"].site.name
    if settings.survey == "twice":
        return f"{target} survey 1->{target} survey 2"
    names = [building.site.name for role, building in opened.items() if role != "target"]
    return f"{origin or together(names or settings.sources)}->{target}"
