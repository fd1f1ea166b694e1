"""What the data cards beside the rows warn of: a number is worth what its recordings are."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mtloc_jax.errors import InputError
from mtloc_jax.rows import CARD


class Survey(NamedTuple):
    """Hold how large a survey is: its rounds, and the minutes walked in all of them.

    rounds: or what else is held together, see `unit`; walks: None where the card does not count
    """

    rounds: int
    minutes: float
    unit: str = "round"
    walks: int | None = None


@dataclass(frozen=True)
class CardNotes:
    """Hold what one data card says: which building it is of, and its warnings.

    role:     "source" or "target"
    warnings: name, number in words and meaning of each check that warns
    n_checks: how many checks were made
    baselines_m: baseline -> split -> mean and median error, metres
    training: the training rounds; None where the card counts none
    """

    role: str
    building: str
    warnings: tuple[tuple[str, str, str], ...]
    n_checks: int
    baselines_m: dict[str, dict] = field(default_factory=dict)
    training: Survey | None = None


def read_notes(workdir: Path) -> tuple[CardNotes, ...]:
    """Read DIR/card_source.json, .. and DIR/card_target.json, where they are, sources in order.

    Raises InputError where one is no data card.
    """
    found = [
        (role, path)
        for role in ("source", "target")
        for pattern in (role, f"{role}_[0-9]*")
        for path in sorted(workdir.glob(CARD.format(pattern)), key=lambda p: (len(p.name), p.name))
    ]
    return tuple(_read(role, path) for role, path in found)


def target_survey(cards: tuple[CardNotes, ...]) -> Survey | None:
    """Return the target's training rounds; None where no card says how many there are."""
    return next((card.training for card in cards if card.role == "target"), None)


def _read(role: str, path: Path) -> CardNotes:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        warnings = [c for c in card["checks"] if not c["passed"]]
        said = tuple((str(c["name"]), str(c["number"]), str(c["meaning"])) for c in warnings)
        statistics = card.get("statistics", {})
        told = {k: m for k, m in statistics.get("baselines_m", {}).items() if m is not None}
        training = _training(statistics)
        return CardNotes(role, str(card["name"]), said, len(card["checks"]), told, training)
    except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise InputError(
            f"this is not a data card ({error})",
            remedy="delete it, or write it again with launch.card",
            path=path,
        ) from None


def _training(statistics: dict) -> Survey | None:
    """Return the training rounds with their share of the minutes, as of the windows."""
    if not {"split", "recording"} <= statistics.keys():
        return None
    recording = statistics["recording"]
    share = recording["windows"]["train"] / sum(recording["windows"].values())
    return Survey(
        len(statistics["split"]["train"]),
        float(recording["minutes"]) * share,
        recording.get("unit", "round"),
        recording.get("train_walks"),
    )
