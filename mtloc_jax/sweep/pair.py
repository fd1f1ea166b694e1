"""The two buildings of a study, opened."""

import json
from dataclasses import dataclass
from pathlib import Path

from ml_collections import ConfigDict

from mtloc_jax.cards import card
from mtloc_jax.report.card_notes import CARDS
from mtloc_jax.sites.recordings import Recordings, cut, open_recordings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.sweep.starts import Report


@dataclass(frozen=True)
class Sites:
    """Hold the two buildings of a study, and what they were cut from."""

    source: Site
    target: Site
    source_recordings: Recordings
    target_recordings: Recordings
    spec: WindowSpec

    @property
    def pair(self) -> str:
        """Return the pair as rows name it."""
        return f"{self.source.name}->{self.target.name}"

    @property
    def simulated(self) -> bool:
        """Say whether one of them is no real building."""
        return self.source.simulated or self.target.simulated


def open_sites(config: ConfigDict, report: Report) -> Sites:
    """Read both buildings; raises InputError where one cannot be."""
    spec = WindowSpec(**config.window)

    def one(name: str) -> tuple[Site, Recordings]:
        recordings = open_recordings(
            name,
            config.data_dir,
            simulation_seed=config.simulation.seed,
            simulated_round_s=config.simulation.round_s,
            on_progress=lambda done, total: report(f"reading {name}", done, total),
        )
        made = cut(recordings, spec, wifi_entry_max_age_ms=config.wifi_entry_max_age_ms)
        return made, recordings

    (source, source_recordings), (target, target_recordings) = map(
        one, (config.source, config.target)
    )
    return Sites(source, target, source_recordings, target_recordings, spec)


def write_cards(sites: Sites, folder: Path) -> None:
    """Write both data cards beside a study's rows, so that its report can quote what they warn of.

    Cards that are there stay: they follow from the recordings alone.
    """
    for role, name in CARDS.items():
        if not (folder / name).exists():
            found = card.make(
                getattr(sites, f"{role}_recordings").walks, getattr(sites, role), sites.spec
            )
            text = json.dumps(found.plain(), indent=1, ensure_ascii=False)
            (folder / name).write_text(f"{text}\n", encoding="utf-8")
