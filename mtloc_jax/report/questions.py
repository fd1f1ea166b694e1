"""The questions that the rows of a study can answer: which arms are compared with which."""

from collections.abc import Iterator, Sequence

import numpy as np

from mtloc_jax.arms import ARMS, FINETUNED, SCRATCH, TRANSFERRED, WIPED_SHARE, arm_label, percent
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report.claims import Claim, claim, corrected, paired
from mtloc_jax.report.headline import ArmAtRate, arms_in, headline_rate
from mtloc_jax.rows import Table, of_arm, select

Families = dict[str, list[Claim]]
"""Question -> the claims that answer it, corrected together."""
Pairs = Sequence[tuple[ArmAtRate, ArmAtRate]]


def families(table: Table, together: Table) -> Families:
    """Return every question that the test rows can answer, in the order of tables.

    table:    rows of a study
    together: the same, and rows of the networks that its predictors stand beside
    """
    test = select(table, split="test")
    found = {
        **_transfer(select(test, modality="none")),
        **_predictors(select(together, split="test", modality="none")),
        "one modality partly wiped": _wiped(select(test, drop_rate=WIPED_SHARE), table),
    }
    answered = {name: corrected(claims) for name, claims in found.items() if claims}
    return answered | surveyed_twice(table, "test")


def surveyed_twice(table: Table, split: str) -> Families:
    """Compare the first arm that starts from a first survey with each other one, rate by rate."""
    clean = select(table, split=split, modality="none")
    every = arms_in(clean)
    names = list(dict.fromkeys(n for n, _ in every if n in ARMS and _start(n) == "first survey"))
    return {
        f"{ARMS[names[0]].label} against {ARMS[other].label}": corrected(claims)
        for other in names[1:]
        if (
            claims := _compared(
                clean, [((name, rate), (other, rate)) for name, rate in every if name == names[0]]
            )
        )
    }


def _transfer(clean: Table) -> Families:
    """Compare networks with training from scratch, on all rounds and on the same ones."""
    rivals = [arm for arm in arms_in(clean) if _is_rival(arm)]
    return {
        "transfer against scratch on all rounds": _compared(
            clean, [(arm, (SCRATCH, 1.0)) for arm in rivals]
        ),
        "transfer against scratch on the same rounds": _compared(
            clean, [(arm, (SCRATCH, arm[1])) for arm in rivals if _has_rates(arm)]
        ),
    }


def _predictors(clean: Table) -> Families:
    """Compare each predictor with each arm of networks, rate by rate."""
    every = arms_in(clean)
    predictors = dict.fromkeys(name for name, _ in every if _is_predictor(name))
    networks = dict.fromkeys(n for n, _ in every if _is_network(n) and _has_rates((n, 1.0)))
    return {
        f"predictors against {ARMS[network].label} on the same rounds": _compared(
            clean,
            [
                ((name, rate), (network, rate))
                for at, rate in every
                if at == network
                for name in predictors
            ],
        )
        for network in networks
    }


def _wiped(wiped: Table, table: Table) -> list[Claim]:
    """Compare fine-tuned with transferred and with scratch, 40 % of one modality wiped."""
    finetuned = (FINETUNED, headline_rate(table))
    return [
        one
        for name, modality in MODALITIES.items()
        for one in _compared(
            select(wiped, modality=name),
            [(finetuned, (TRANSFERRED, 0.0)), (finetuned, (SCRATCH, 1.0))],
            f"{percent(WIPED_SHARE)} of {modality.label} wiped",
        )
    ]


def _compared(table: Table, pairs: Pairs, where: str = "") -> list[Claim]:
    """Compare arms by the seeds they share; those that share none are left out."""
    return list(_claims(table, pairs, where))


def _claims(table: Table, pairs: Pairs, where: str) -> Iterator[Claim]:
    for ours, theirs in pairs:
        our_m, their_m = paired(of_arm(table, ours), of_arm(table, theirs))
        if np.size(our_m):
            yield claim(arm_label(*ours), arm_label(*theirs), where, our_m, their_m)


def _is_rival(arm: ArmAtRate) -> bool:
    """Say whether an arm is held against scratch."""
    return _is_network(arm[0]) and arm[0] != SCRATCH and _start(arm[0]) != "first survey"


def _is_network(name: str) -> bool:
    return name in ARMS and ARMS[name].predict is None


def _is_predictor(name: str) -> bool:
    return name in ARMS and ARMS[name].predict is not None


def _has_rates(arm: ArmAtRate) -> bool:
    return not ARMS[arm[0]].fixed


def _start(name: str) -> str:
    return ARMS[name].start
