"""The two buildings of a study, opened."""

from dataclasses import dataclass

from ml_collections import ConfigDict

from mtloc_jax.sites import buildings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.sweep.starts import Report


@dataclass(frozen=True)
class Sites:
    """Hold the two buildings of a study."""

    source: Site
    target: Site

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

    def one(name: str) -> Site:
        return buildings.open_site(
            name,
            config.data_dir,
            WindowSpec(**config.window),
            wifi_entry_max_age_ms=config.wifi_entry_max_age_ms,
            simulation_seed=config.simulation.seed,
            simulated_round_s=config.simulation.round_s,
            on_progress=lambda done, total: report(f"reading {name}", done, total),
        )

    return Sites(one(config.source), one(config.target))
