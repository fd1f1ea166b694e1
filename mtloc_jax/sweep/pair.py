"""The two buildings of a study: read once, and cut as each group of its runs needs them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_collections import ConfigDict

from mtloc_jax.cards import card
from mtloc_jax.report.card_notes import CARDS
from mtloc_jax.sites.heard import hearing
from mtloc_jax.sites.recordings import Recordings, cut, open_recordings, tested_on
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.stretch import stretched
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.sweep.starts import Report

MADE_BY = {
    "source": ("window", "wifi_entry_max_age_ms", "scaling"),
    "target": ("window", "wifi_entry_max_age_ms", "scaling", "test_round", "branches"),
}
"""The settings that say how a building's recordings become the site that networks see."""


@dataclass(frozen=True)
class Building:
    """Hold a building: its recordings, the site they were cut into, and what networks see of it.

    site: `cut` with rounds stretched or modalities not heard, where the config says so
    """

    recordings: Recordings
    spec: WindowSpec
    cut: Site
    site: Site


@dataclass(frozen=True)
class Sites:
    """Hold the two buildings of a study, opened."""

    opened: dict[str, Building]

    @property
    def source(self) -> Site:
        """Return the site that the IMU branch is pretrained on."""
        return self.opened["source"].site

    @property
    def target(self) -> Site:
        """Return the site that networks are trained and judged on."""
        return self.opened["target"].site

    @property
    def pair(self) -> str:
        """Return the pair as rows name it."""
        return f"{self.source.name}->{self.target.name}"

    @property
    def simulated(self) -> bool:
        """Say whether one of them is no real building."""
        return self.source.simulated or self.target.simulated


def open_sites(configs: Sequence[ConfigDict], report: Report) -> list[Sites]:
    """Return the buildings of each config, made once for each way of making them.

    configs: of one study, so that they name the same buildings
    Raises InputError where one cannot be read, or not be cut so.
    """
    recordings = {role: _read(configs[0], configs[0][role], report) for role in MADE_BY}
    made: dict[str, Building] = {}

    def building(role: str, config: ConfigDict) -> Building:
        key = repr((role, [config[name] for name in MADE_BY[role]]))
        if key not in made:
            made[key] = _made(role, recordings[role], config)
        return made[key]

    return [Sites({role: building(role, config) for role in MADE_BY}) for config in configs]


def write_cards(sites_of: Mapping[Path, Sites]) -> None:
    """Write both data cards beside the rows in each folder, so that reports quote their warnings.

    Cards that are there stay: they follow from the recordings and the split alone.
    """
    made: dict[int, str] = {}
    for folder, sites in sites_of.items():
        for role, name in CARDS.items():
            if not (folder / name).exists():
                building = sites.opened[role]
                if id(building) not in made:
                    made[id(building)] = card_text(building)
                (folder / name).write_text(made[id(building)], encoding="utf-8")


def card_text(building: Building) -> str:
    """Return a building's data card as JSON."""
    found = card.make(building.recordings.walks, building.cut, building.spec)
    return f"{json.dumps(found.plain(), indent=1, ensure_ascii=False)}\n"


def _read(config: ConfigDict, name: str, report: Report) -> Recordings:
    return open_recordings(
        name,
        config.data_dir,
        simulation_seed=config.simulation.seed,
        simulated_round_s=config.simulation.round_s,
        on_progress=lambda done, total: report(f"reading {name}", done, total),
    )


def _made(role: str, recordings: Recordings, config: ConfigDict) -> Building:
    if role == "target" and config.test_round != 0:
        recordings = tested_on(recordings, config.test_round)
    spec = WindowSpec(**config.window)
    whole = cut(recordings, spec, wifi_entry_max_age_ms=config.wifi_entry_max_age_ms)
    site = stretched(whole) if config.scaling == "round" else whole
    if role == "target":
        site = hearing(site, config.branches)
    return Building(recordings, spec, whole, site)
