"""How many rounds must be surveyed for an error of X metres, and how sure that is."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtloc_jax.report import arms
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import Table, select
from mtloc_jax.report.stats import LEVEL, MIN_DRAWN
from mtloc_jax.report.summary import per_seed
from mtloc_jax.report.text_table import TextTable

MIN_SHARES = 3  # of fewer, a curve says nothing of what lies between
N_RESAMPLES = 2_000
TARGET_SHARES = (0.25, 0.5, 0.75, 1.0)
_NAMES = {arms.SCRATCH: "from scratch", arms.FINETUNED: "fine-tuned"}
_NOT_REACHED = "not reached"
_NOTES = (
    "Read off the mean test error over seeds by share of the rounds, made to fall as the survey "
    "grows (isotonic regression), straight lines between the shares that were run.",
    "Targets: what the first arm reaches with 25, 50, 75 and 100 % of the rounds, rounded up.",
    "Interval: 95 %, percentiles over resampled seeds, which draw rounds and weights: not how "
    "another test walk would turn out. Not reached: not with all rounds.",
)


@dataclass(frozen=True)
class Demand:
    """Hold one arm's mean errors: shares f64[K], rising; errors_m f64[S, K], metres, by seed."""

    arm: str
    shares: np.ndarray
    errors_m: np.ndarray


@dataclass(frozen=True)
class Needed:
    """Hold the share of the rounds that an arm needs for an error; infinite where not reached.

    least:     the smallest share that was run: no smaller one can be told from it
    low, high: 95 % interval; NaN below four seeds
    """

    arm: str
    target_m: float
    share: float
    low: float
    high: float
    least: float


def demands(table: Table) -> list[Demand]:
    """Return the clean test errors of scratch and fine-tuned, where enough shares were run."""
    clean = select(table, split="test", modality="none")
    found = [_demand(clean, arm) for arm in _NAMES]
    return [one for one in found if len(one.shares) >= MIN_SHARES and len(one.errors_m)]


def targets_m(demand: Demand) -> list[float]:
    """Return round errors, metres, that an arm reaches with TARGET_SHARES of the rounds."""
    fitted = falling(demand.errors_m.mean(axis=0))
    reached = np.interp(TARGET_SHARES, demand.shares, fitted)
    steps = 0.5 * 10 ** np.floor(np.log10(np.maximum(reached, 1e-2)))
    return sorted({round(float(x), 6) for x in np.ceil(reached / steps - 1e-9) * steps})


def needed(found: Sequence[Demand]) -> list[Needed]:
    """Return what each arm needs for each target of the first arm; empty where there is no arm."""
    if not found:
        return []
    targets = targets_m(found[0])
    by_arm = [_needed(demand, targets) for demand in found]
    return [one for same_target in zip(*by_arm, strict=True) for one in same_target]


def share_needed(shares: np.ndarray, errors_m: np.ndarray, target_m: float) -> float:
    """Return the smallest share whose error is at most `target_m`; infinite where none is.

    shares: f64[K], rising; errors_m: f64[K], metres, made to fall first. Below the smallest share
    nothing is known: where it is enough, it is returned.
    """
    return _crossing(shares, falling(errors_m), target_m)


def falling(values: np.ndarray) -> np.ndarray:
    """Return the nearest sequence to f64[K] that never rises: isotonic regression."""
    blocks: list[tuple[float, int]] = []  # mean and length, pooled until means fall
    for value in values:
        mean, length = float(value), 1
        while blocks and blocks[-1][0] < mean:
            before, n_before = blocks.pop()
            mean = (before * n_before + mean * length) / (n_before + length)
            length += n_before
        blocks.append((mean, length))
    return np.repeat(*map(np.array, zip(*blocks, strict=True)))


def sentences(found: Sequence[Needed], survey: Survey | None) -> list[str]:
    """Say for each target what each arm needs: '2 m needs 5.2 rounds [4.1, 6.9] from scratch'."""
    said = []
    for target_m in dict.fromkeys(one.target_m for one in found):
        first, *rest = [_clause(one, survey) for one in found if one.target_m == target_m]
        if first.startswith("needs"):
            rest = [clause.removeprefix("needs ") for clause in rest]
        said.append(f"{target_m:g} m {', '.join([first, *rest])}")
    return said


def needed_text(
    found: Sequence[Needed], survey: Survey | None, scope: str, provenance: Provenance
) -> TextTable:
    """Lay out what each arm needs for each target, in rounds and minutes where a card says them."""
    columns = ("rounds", "interval", "minutes") if survey else ("share", "interval")
    named = dict.fromkeys(one.arm for one in found)
    header = [f"{_NAMES[arm]}: {column}" for arm in named for column in columns]
    lines = {one.target_m: [f"{one.target_m:g} m"] for one in found}
    for one in found:
        lines[one.target_m] += _cells(one, survey)
    return TextTable(
        provenance.title("Rounds needed for an error of X metres, test"),
        scope,
        ("error", *header),
        tuple(map(tuple, lines.values())),
        (*_NOTES, provenance.footer()),
        lead=tuple(sentences(found, survey)),
    )


def needed_csv(found: Sequence[Needed]) -> str:
    """Return the same as CSV, as shares of the rounds; empty cells where not reached."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("target_m", "arm", "share", "low", "high"))
    for one in found:
        shares = [f"{x:.4f}" if np.isfinite(x) else "" for x in (one.share, one.low, one.high)]
        writer.writerow((f"{one.target_m:g}", one.arm, *shares))
    return text.getvalue()


def _demand(clean: Table, arm: str) -> Demand:
    of_arm = select(clean, arm=arm)
    shares = np.unique(of_arm["finetune_rate"])
    cells = [per_seed(select(of_arm, finetune_rate=float(s)), ["mean_m"]) for s in shares]
    seeds = set.intersection(*(set(ran.tolist()) for ran, _ in cells)) if cells else set()
    kept = [values[np.isin(ran, list(seeds)), 0] for ran, values in cells]
    return Demand(arm, shares, np.stack(kept, axis=1) if kept else np.empty((0, 0)))


def _needed(demand: Demand, targets: Sequence[float]) -> list[Needed]:
    shares, n_seeds = demand.shares, len(demand.errors_m)
    draws = np.random.default_rng(0).integers(0, n_seeds, (N_RESAMPLES, n_seeds))
    curves = [demand.errors_m.mean(axis=0)]
    if n_seeds >= MIN_DRAWN:
        curves += list(demand.errors_m[draws].mean(axis=1))
    fitted = [falling(curve) for curve in curves]
    found = []
    for target_m in targets:
        share, *drawn = (_crossing(shares, curve, target_m) for curve in fitted)
        found.append(Needed(demand.arm, target_m, share, *_ends(drawn), float(shares[0])))
    return found


def _crossing(shares: np.ndarray, fitted: np.ndarray, target_m: float) -> float:
    at = int(np.sum(fitted > target_m + 1e-9))  # it never rises: these are the first
    if at == len(fitted):
        return float("inf")
    if at == 0:
        return float(shares[0])
    above, below = fitted[at - 1], fitted[at]
    part = min(1.0, (above - target_m) / (above - below))
    return float(shares[at - 1] + part * (shares[at] - shares[at - 1]))


def _ends(drawn: list[float]) -> tuple[float, float]:
    """Return the 95 % interval of resampled shares, some infinite; NaN where there are none."""
    if not drawn:
        return float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail), method="inverted_cdf")
    return float(low), float(high)


def _clause(one: Needed, survey: Survey | None) -> str:
    reached = np.isfinite(one.share)
    unit = "rounds" if survey else "of the rounds"
    needs = f"needs {_amount(one.share, one, survey)} {unit}" if reached else "is not reached"
    return " ".join(filter(None, [needs, _interval(one, survey), _NAMES[one.arm]]))


def _cells(one: Needed, survey: Survey | None) -> tuple[str, ...]:
    interval = "too few seeds" if np.isnan(one.low) else _interval(one, survey) or "-"
    cells = (_amount(one.share, one, survey), interval)
    if survey is None:
        return cells
    return (*cells, f"{one.share * survey.minutes:.1f}" if np.isfinite(one.share) else "-")


def _interval(one: Needed, survey: Survey | None) -> str:
    if not np.isfinite(one.low):
        return ""  # too few seeds, or no resample of them reached the target
    return f"[{', '.join(_amount(end, one, survey) for end in (one.low, one.high))}]"


def _amount(share: float, one: Needed, survey: Survey | None) -> str:
    if np.isinf(share):
        return _NOT_REACHED
    most = "at most " if share <= one.least else ""
    return f"{most}{share * survey.rounds:.1f}" if survey else f"{most}{100 * share:.0f} %"
