"""The questions that the rows of a study can answer: which arms are compared with which."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mtloc_jax.arms import ARMS, FINETUNED, SCRATCH, TRANSFERRED, WIPED_SHARE, arm_label, percent
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report.claims import Claim, claim, corrected, paired
from mtloc_jax.report.headline import ArmAtRate, arms_in, headline_rate, rates_of
from mtloc_jax.report.summary import per_seed
from mtloc_jax.rows import Table, of_arm, select

Families = dict[str, list[Claim]]
"""Question -> the claims that answer it, corrected together."""
Pairs = Sequence[tuple[ArmAtRate, ArmAtRate]]
Names = tuple[str, str]

ALL_ROUNDS = "transfer against scratch on all rounds"
_POOLED = ", all rates together"


def families(table: Table, together: Table, margin_m: float = 0.0) -> Families:
    """Return every question that the rows can answer, in the order of tables.

    table:    rows of a study
    together: the same, and rows of the networks that its predictors stand beside
    margin_m: difference that counts as none; 0 where none is named

    Claims over pooled rates stand on both splits, all others on test.
    """
    clean, everyone = select(table, modality="none"), select(together, modality="none")
    wiped = _wiped(select(table, split="test", drop_rate=WIPED_SHARE), table)
    found = {
        **_transfer(clean),
        **_predictors(everyone),
        "one modality partly wiped": wiped,
    }
    answered = {name: corrected(claims, margin_m) for name, claims in found.items() if claims}
    return answered | surveyed_twice(table, "test", margin_m)


def surveyed_twice(table: Table, split: str, margin_m: float = 0.0) -> Families:
    """Compare the first arm of a building surveyed twice with each other one, rate by rate.

    Before the rates of the test split stand all of them together, on both splits.
    """
    clean = select(table, modality="none")
    names = [name for name in _names(clean) if name in ARMS and ARMS[name].resurveys]
    found: Families = {}
    for other in names[1:]:
        question = f"{ARMS[names[0]].label} against {ARMS[other].label}"
        if split == "test":
            found[f"{question}{_POOLED}"] = _pooled(clean, [(names[0], other)])
        found[question] = _rate_by_rate(select(clean, split=split), [(names[0], other)], split)
    return {name: corrected(claims, margin_m) for name, claims in found.items() if claims}


def _transfer(clean: Table) -> Families:
    """Compare networks with training from scratch, on all rounds and on the same ones."""
    test = select(clean, split="test")
    rivals = [arm for arm in arms_in(test) if _is_rival(arm)]
    pairs = [(name, SCRATCH) for name in _names(clean) if _is_rival((name, 1.0))]
    pairs = [pair for pair in pairs if _has_rates(pair[0])]
    same = "transfer against scratch on the same rounds"
    return {
        ALL_ROUNDS: _compared(test, [(arm, (SCRATCH, 1.0)) for arm in rivals]),
        f"{same}{_POOLED}": _pooled(clean, pairs),
        same: _rate_by_rate(test, pairs),
    }


def _predictors(clean: Table) -> Families:
    """Compare each predictor with each arm of networks, over all rates and rate by rate."""
    test, found = select(clean, split="test"), Families()
    predictors = [name for name in _names(clean) if _is_predictor(name)]
    for network in _names(clean):
        if _is_network(network) and _has_rates(network):
            question = f"predictors against {ARMS[network].label} on the same rounds"
            pairs = [(name, network) for name in predictors]
            found[f"{question}{_POOLED}"] = _pooled(clean, pairs)
            found[question] = _rate_by_rate(test, pairs)
    return found


def _rate_by_rate(table: Table, pairs: Sequence[Names], split: str = "test") -> list[Claim]:
    """Compare pairs of arms at each rate that the second has, the most rounds first."""
    rates = {theirs: rates_of(table, theirs) for _, theirs in pairs}
    every = sorted({rate for held in rates.values() for rate in held}, reverse=True)
    at_rate = [((o, r), (t, r)) for r in every for o, t in pairs if r in rates[t]]
    return [replace(one, split=split) for one in _compared(table, at_rate)]


def _pooled(clean: Table, pairs: Sequence[Names]) -> list[Claim]:
    """Compare pairs of arms over all rates that both have, on each split that may tell.

    A difference is averaged over the rates within each seed: their rounds are nested, so that they
    are no independent samples. What chose a setting on validation is not compared there.
    """
    return [
        one
        for ours, theirs in pairs
        for split in ("test", "validation")
        if split == "test" or not _chooses(ours, theirs)
        for one in _over_rates(select(clean, split=split), ours, theirs, split)
    ]


def _over_rates(table: Table, ours: str, theirs: str, split: str) -> Iterator[Claim]:
    """Yield the claim over all rates, over the seeds that have all; none where there is one."""
    shared = set(rates_of(table, theirs))
    rates = [rate for rate in rates_of(table, ours) if rate in shared]
    if len(rates) < 2:
        return
    at_rate = [of_arm(table, (name, rate)) for rate in rates for name in (ours, theirs)]
    seeds = set.intersection(*(set(held["seed"].tolist()) for held in at_rate))
    kept = [{n: v[np.isin(held["seed"], list(seeds))] for n, v in held.items()} for held in at_rate]
    errors_m = np.array([per_seed(held, ["mean_m"])[1][:, 0] for held in kept])
    if errors_m.size:
        means_m = errors_m[::2].mean(axis=0), errors_m[1::2].mean(axis=0)
        our_label, their_label = (_label(name) for name in (ours, theirs))
        yield claim(our_label, their_label, "", *means_m, n_rates=len(rates), split=split)


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
    return _is_network(arm[0]) and arm[0] != SCRATCH and not ARMS[arm[0]].resurveys


def _is_network(name: str) -> bool:
    return name in ARMS and ARMS[name].of_problem


def _is_predictor(name: str) -> bool:
    return name in ARMS and ARMS[name].predict is not None


def _has_rates(name: str) -> bool:
    return not ARMS[name].fixed


def _chooses(*names: str) -> bool:
    """Say whether one of these arms chose a setting on validation."""
    return any(name in ARMS and ARMS[name].chooses for name in names)


def _label(name: str) -> str:
    return ARMS[name].label if name in ARMS else name


def _names(table: Table) -> list[str]:
    return list(dict.fromkeys(name for name, _ in arms_in(table)))
