"""The models that the paper's figures show, as far as the rows hold them."""

from collections.abc import Iterable

import numpy as np

from mtloc_jax.arms import (
    ARMS,
    FINETUNED,
    HEADLINE_RATE,
    arm_label,
    percent,
)
from mtloc_jax.rows import Table

ArmAtRate = tuple[str, float]
"""(arm, finetune_rate), as the columns of rows.csv."""


def held(registry: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return which `names` there are, each once: those of a registry in its order, then others."""
    found = set(map(str, set(names)))
    known = [name for name in registry if name in found]
    return [*known, *sorted(found.difference(known))]


def rates_of(table: Table, arm: str) -> list[float]:
    """Return the rates at which the rows hold an arm, the most rounds first."""
    return [float(rate) for rate in np.unique(table["finetune_rate"][table["arm"] == arm])[::-1]]


def headline_rate(table: Table) -> float:
    """Return the fine-tune rate of `table` nearest to 62.5 %, the lower of two (62.5 % if none)."""
    return _nearest(rates_of(table, FINETUNED) or [HEADLINE_RATE])


def models(table: Table) -> list[ArmAtRate]:
    """Return one model of each arm that the rows hold, in the order of ARMS.

    A grafted arm stands at its rate nearest to 62.5 %, any other on the most rounds it was given.
    """
    return leading(arms_in(table))


def leading(every: Iterable[ArmAtRate]) -> list[ArmAtRate]:
    """Return each arm at the one of its rates that `models` says."""
    rates: dict[str, list[float]] = {}
    for name, rate in every:
        rates.setdefault(name, []).append(rate)
    return [
        (name, _nearest(of_arm) if grafted(name) else max(of_arm)) for name, of_arm in rates.items()
    ]


def arms_in(table: Table) -> list[ArmAtRate]:
    """Return every arm that the rows hold at each of its rates, in the order of ARMS."""
    return [(arm, rate) for arm in held(ARMS, table["arm"]) for rate in rates_of(table, arm)]


def labels_of(arms: Iterable[ArmAtRate]) -> set[str]:
    """Return what tables call arms at their rates."""
    return {arm_label(*arm) for arm in arms}


def grafted(arm: str) -> bool:
    """Say whether an arm starts from another network; one that is not registered does not."""
    return arm in ARMS and ARMS[arm].grafted


def rate_note(table: Table) -> str:
    """Say in words which rate stands for 62.5 %; empty where that is among the rows."""
    rate = headline_rate(table)
    if rate == HEADLINE_RATE:
        return ""
    return f"{percent(rate)} stands for the paper's {percent(HEADLINE_RATE)}: it is the nearest."


def _nearest(rates: list[float]) -> float:
    return min(rates, key=lambda rate: (round(abs(rate - HEADLINE_RATE), 9), rate))
