"""A site's data card: what its recordings hold, and whether they are too good to be true."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from mtloc_jax.cards import baselines, card_statistics, faults, leaks
from mtloc_jax.cards.card_statistics import Statistics
from mtloc_jax.cards.checks import Check, verdict
from mtloc_jax.logs.round import Round
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import WindowSpec

BASELINES = (
    baselines.CONSTANT,
    baselines.ELAPSED_TIME,
    baselines.KNN,
    baselines.WEIGHTED_KNN,
)


class Card(NamedTuple):
    """Hold a data card.

    statistics: group -> name -> number, plain data
    checks:     leaks first, then faults
    """

    name: str
    simulated: bool
    statistics: dict[str, Statistics]
    checks: tuple[Check, ...]

    @property
    def warnings(self) -> int:
        """Return how many checks warn."""
        return sum(not check.passed for check in self.checks)

    def plain(self) -> dict:
        """Return the card as plain data, for card.json."""
        return {
            "name": self.name,
            "simulated": self.simulated,
            "warnings": self.warnings,
            "checks": [asdict(check) for check in self.checks],
            "statistics": self.statistics,
        }


def make(
    walks: Sequence[Round],
    site: Site,
    spec: WindowSpec,
    others: Mapping[str, Sequence[Round]] | None = None,
    skipped: Sequence[str] = (),
) -> Card:
    """Return the data card of a site.

    walks:   the rounds that `site` was cut from by `spec`
    others:  name -> rounds of other buildings, to count access points in common
    skipped: what was wrong with files left out while the site was prepared
    """
    return Card(
        site.name,
        site.simulated,
        {
            "split": {name: list(rounds) for name, rounds in site.split._asdict().items()},
            "recording": card_statistics.recording(walks, site, spec),
            "sensors": card_statistics.sensors(walks),
            "wifi": card_statistics.wifi(walks, site),
            "access_points": card_statistics.access_points(walks, site, others or {}),
            "labels": card_statistics.labels(walks),
            "baselines_m": _baselines_m(site),
            "skipped_files": {"count": len(skipped), "reasons": list(skipped)},
        },
        (
            leaks.repeated_fingerprints(walks, site.split),
            leaks.clock(site),
            leaks.wifi_alone(site),
            leaks.wifi_absence(walks, site),
            leaks.per_round_scaling(walks),
            leaks.repeated_sensors(walks),
            faults.frozen_sensors(walks),
            faults.stale_scans(walks),
            faults.gaps(walks),
            faults.units(walks),
            faults.label_jumps(walks),
            faults.interpolated_labels(walks),
            _skipped_files(skipped),
        ),
    )


def _skipped_files(skipped: Sequence[str]) -> Check:
    return verdict(
        "skipped files",
        not skipped,
        len(skipped),
        f"{len(skipped)} left out" if skipped else "none",
        if_passed="every file was read",
        if_not="these recordings are not whole: --keep_going left damaged files out",
    )


def _baselines_m(site: Site) -> Statistics:
    """Return the errors of BASELINES, and over rounds left out in turn where that is cheap."""
    has_wifi = len(baselines.survey_of(site, site.rows("train")).dbm) > 0
    return {
        name: {
            **{split: _summary(site, name, split) for split in ("validation", "test")},
            **({"each_round_left_out": _by_round(site, name)} if _needs_no_wifi(name) else {}),
        }
        for name in BASELINES
        if has_wifi or _needs_no_wifi(name)
    }


def _summary(site: Site, baseline: str, split: str) -> Statistics:
    error_m = leaks.errors_m(site, baseline, site.split.train, getattr(site.split, split))
    return {"mean": _cm(error_m.mean()), "median": _cm(np.median(error_m))}


def _by_round(site: Site, baseline: str) -> Statistics:
    return {str(n): _cm(mean_m) for n, mean_m in leaks.left_out_m(site, baseline).items()}


def _needs_no_wifi(baseline: str) -> bool:
    return baseline in (baselines.CONSTANT, baselines.ELAPSED_TIME)


def _cm(metres: float) -> float:
    return round(float(metres), 2)
