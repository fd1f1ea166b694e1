"""What a swept study measured: the errors of a contender's arm, by seed and by test round."""

from collections.abc import Mapping, Sequence

import numpy as np

from mtloc_jax import rows
from mtloc_jax.arms import ARMS, WIPED_SHARE, percent
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report.comparison_variants import Contender, Swept
from mtloc_jax.report.headline import ArmAtRate, arms_in, held
from mtloc_jax.report.summary import over_seeds, per_seed
from mtloc_jax.rows import Table, select
from mtloc_jax.settings import DECLARED

NOTHING = "none"

Cell = Mapping[tuple[int, int], float]  # (seed, test round) -> error, metres
Key = tuple[int, ArmAtRate, str]  # place of a contender, its arm, the modality wiped (or "none")


def cells(swept: Swept) -> dict[Key, Cell]:
    """Return the mean test errors of each contender, wiped modality and arm that the rows hold."""
    arms, modalities = _arms(swept), _modalities(swept)
    every = {
        (at, arm, wiped): cell(contender, arm, wiped, "mean_m")
        for at, contender in enumerate(swept.contenders)
        for wiped in _conditions(swept, contender, modalities)
        for arm in arms
    }
    return {key: found for key, found in every.items() if found and crossed(found)[0].size}


def cell(contender: Contender, arm: ArmAtRate, wiped: str, column: str) -> Cell:
    """Return one arm's test errors, averaged over wipe seeds; `column` is one of rows.METRICS."""
    found: dict[tuple[int, int], float] = {}
    for test_round in contender.rounds:
        seeds, values = per_seed(of_arm(contender, test_round, arm, wiped), [column])
        found |= {(int(s), test_round): float(v) for s, v in zip(seeds, values[:, 0], strict=True)}
    return found


def of_arm(contender: Contender, test_round: int, arm: ArmAtRate, wiped: str) -> Table:
    """Keep the test rows of one arm on one test round, with nothing or 40 % of a modality wiped."""
    drop_rate = 0.0 if wiped == NOTHING else WIPED_SHARE
    found = rows.of_arm(contender.rounds[test_round], arm)
    return select(found, split="test", modality=wiped, drop_rate=drop_rate)


def crossed(*cells: Cell) -> list[np.ndarray]:
    """Return each cell as f64[S, B], over the seeds and test rounds that all of them hold.

    A seed that lacks one of the rounds is left out.
    """
    shared = set.intersection(*(set(cell) for cell in cells))
    rounds = sorted({test_round for _, test_round in shared})
    seeds = sorted({seed for seed, _ in shared})
    whole = [seed for seed in seeds if all((seed, r) in shared for r in rounds)]
    shape = (len(whole), len(rounds))
    return [np.array([cell[s, r] for s in whole for r in rounds]).reshape(shape) for cell in cells]


def seed_spread(errors_m: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation over seeds of f64[S, B]; NaN deviation for one seed."""
    mean, spread = over_seeds(errors_m.mean(axis=1))
    return float(mean), float(spread)


def between_rounds(errors_m: np.ndarray) -> float:
    """Return the standard deviation over test rounds of f64[S, B]; NaN for one round."""
    return float(over_seeds(errors_m.mean(axis=0))[1])


def wiped_label(wiped: str) -> str:
    """Write what is wiped: '40 % of IMU'; empty for nothing."""
    if wiped == NOTHING:
        return ""
    label = MODALITIES[wiped].label if wiped in MODALITIES else wiped
    return f"{percent(WIPED_SHARE)} of {label}"


def wiped_words(wiped: str) -> str:
    """Write what is wiped within a sentence: '40 % of IMU wiped'; empty for nothing."""
    return wiped_label(wiped) and f"{wiped_label(wiped)} wiped"


def _arms(swept: Swept) -> list[ArmAtRate]:
    """Return the arms of any contender at each of their rates, in the order of ARMS."""
    found = dict.fromkeys(arm for table in swept.tables for arm in arms_in(table))
    names = held(ARMS, (name for name, _ in found))
    return [(name, r) for name in names for r in sorted({r for n, r in found if n == name})[::-1]]


def _conditions(swept: Swept, contender: Contender, modalities: Sequence[str]) -> list[str]:
    """Return what is wiped where a contender is compared: something, if it is wiped differently.

    Networks that are only wiped differently are the same networks: unwiped they do not differ.
    """
    rivals = swept.contenders if contender is swept.reference else [swept.reference]
    wiped = any(_departs(contender, rival, wiping=True) for rival in rivals)
    otherwise = any(_departs(contender, rival, wiping=False) for rival in rivals)
    clean = [NOTHING] if otherwise or not wiped else []
    return [*clean, *(modalities if wiped else ())]


def _modalities(swept: Swept) -> list[str]:
    found = {str(name) for table in swept.tables for name in set(table["modality"].tolist())}
    return held(MODALITIES, found - {NOTHING})


def _departs(one: Contender, other: Contender, wiping: bool) -> bool:
    """Say whether two differ in how they are wiped, or else in any other setting."""
    differ = [name for name, value in one.settings.items() if other.settings[name] != value]
    judged = [name in DECLARED and DECLARED[name].kind == "judged" for name in differ]
    return wiping in judged
