"""A site's data card: what its recordings hold, and whether they are too good to be true."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from mtloc_jax.cards import card_coverage, card_statistics, faults, leaks, predictor_errors
from mtloc_jax.cards.card_statistics import Statistics
from mtloc_jax.cards.checks import Check, verdict
from mtloc_jax.logs.round import Round
from mtloc_jax.settings import Settings, replaced
from mtloc_jax.sites.protocol import ROUND
from mtloc_jax.sites.recordings import Recordings, cut_by
from mtloc_jax.sites.site import Site


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
        """Return the card as plain data."""
        return {
            "name": self.name,
            "simulated": self.simulated,
            "warnings": self.warnings,
            "checks": [asdict(check) for check in self.checks],
            "statistics": self.statistics,
        }

    def to_json(self) -> str:
        """Return the card as JSON text, the content of card.json; null where no number came out."""
        said = _numbers(self.plain())
        return f"{json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False)}\n"


def _numbers(said: Any) -> Any:
    """Return plain data with None in place of NaN and infinities, which JSON has no word for."""
    if isinstance(said, Mapping):
        return {name: _numbers(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [_numbers(value) for value in said]
    return None if isinstance(said, float) and not math.isfinite(said) else said


def apart(
    recordings: Recordings, dealt: Recordings, site: Site, settings: Settings
) -> tuple[Recordings, Site]:
    """Return the walks as a card numbers them and the site that it judges, their splits apart.

    recordings: as they were opened; `dealt` and `site` are made of them by `settings`

    Where every walk is tested by all the others, a card would compare each with itself: then they
    are the building's own.
    """
    if not site.split.in_turn:
        return dealt, site
    own = replaced(settings, {"survey": "once", "unit": ROUND, "folds": 0})
    return recordings, cut_by(recordings, own)


def make(
    walks: Sequence[Round],
    site: Site,
    settings: Settings,
    others: Mapping[str, Sequence[Round]] | None = None,
    skipped: Sequence[str] = (),
    dealt: Recordings | None = None,
) -> Card:
    """Return the data card of a site.

    walks:   as they were recorded; `site` was cut from them by `settings`. Those that it leaves out
             stay out
    others:  name -> rounds of other buildings, to count access points in common
    skipped: what was wrong with files left out while the site was prepared
    dealt:   the walks numbered as they are split; None: by round, as they are
    """
    walks = [walk for walk in walks if walk.name in site.trace_names]
    numbered, unit = (walks, ROUND) if dealt is None else (dealt.walks, dealt.unit)
    return Card(
        site.name,
        site.simulated,
        {
            "cut_by": _cut_by(settings),
            "split": {name: list(rounds) for name, rounds in site.split._asdict().items()},
            "recording": card_statistics.recording(walks, site, settings.window, unit),
            "sensors": card_statistics.sensors(walks),
            "wifi": card_statistics.wifi(walks, site),
            "access_points": card_statistics.access_points(numbered, site, others or {}),
            "coverage": card_coverage.covered(site),
            "labels": card_statistics.labels(walks),
            "baselines_m": predictor_errors.summaries_m(site),
            "skipped_files": {"count": len(skipped), "reasons": list(skipped)},
        },
        (
            leaks.repeated_fingerprints(numbered, site.split),
            leaks.clock(site),
            leaks.wifi_alone(site),
            leaks.wifi_absence(numbered, site),
            leaks.per_round_scaling(walks),
            leaks.repeated_sensors(walks),
            leaks.following_walks(walks),
            faults.frozen_sensors(walks, site, settings.window),
            faults.stale_scans(walks, settings.wifi_entry_max_age_ms),
            faults.gaps(walks, settings.window.max_gap_ms),
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


def _cut_by(settings: Settings) -> Statistics:
    return {
        "wifi_entry_max_age_ms": settings.wifi_entry_max_age_ms,
        **{f"window.{name}": value for name, value in asdict(settings.window).items()},
    }
