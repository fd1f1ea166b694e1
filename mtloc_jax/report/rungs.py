"""Every arm beside 5-NN with the newest scan held: pooled over windows, and paired by walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtloc_jax.arms import arm_label
from mtloc_jax.report.by_walk import paired
from mtloc_jax.report.claims import Claim, corrected
from mtloc_jax.report.headline import ArmAtRate, held, models
from mtloc_jax.report.summary import of_whole_seeds, over_seeds
from mtloc_jax.rows import METRICS, QUANTILES, Selection, Table, of_arm, of_losses, select
from mtloc_jax.sites.losses import LOSSES

REFERENCE = "cosine-held"
NOTHING = "none"
"""What column modality says where nothing is lost."""


@dataclass(frozen=True)
class Rung:
    """Hold one arm of one variant, under one loss or none.

    variant:  what its settings are called; empty where there is one alone
    errors_m: metric -> f64[S], metres, of each seed over all windows; NaN where it is not known
    studies:  what the rows of its variant have in their column study
    ratio:    of its mean error to the reference's
    claim:    against the reference by walk; None for itself, or where walks were not kept
    """

    variant: str
    arm: ArmAtRate
    lost: str
    errors_m: Mapping[str, np.ndarray]
    n_windows: int
    studies: frozenset[str]
    ratio: float = float("nan")
    claim: Claim | None = None

    @property
    def label(self) -> str:
        """Return what tables call the arm."""
        return arm_label(*self.arm)

    @property
    def mean_m(self) -> float:
        """Return its mean error over windows, then over seeds, metres."""
        return self.metric("mean_m")[0]

    def metric(self, name: str) -> tuple[float, float]:
        """Return a metric over seeds, metres, and its spread, NaN of one seed."""
        mean, spread = over_seeds(self.errors_m[name])
        return float(mean), float(spread)


def rungs(
    variants: Mapping[str, Sequence[Table]], walks: Table, cdf: Table, margin_m: float = 0.0
) -> list[Rung]:
    """Return the rungs of each variant in turn: nothing lost, then each loss; arms as in ARMS.

    variants: what each is called -> rows.csv of its test rounds or targets, which are pooled
    walks, cdf: of all of them; margin_m: difference that counts as none; 0 where none is named

    Of several test rounds or targets, the seeds count that have all that their arm was run on. An
    arm without one has no rung, a variant that lacks the reference none at all. p-values are
    corrected for all claims together.
    """
    walks, cdf = select(walks, split="test"), select(cdf, split="test")
    found = [rung for name, tables in variants.items() for rung in _of(name, tables, walks, cdf)]
    claims = iter(corrected([rung.claim for rung in found if rung.claim], margin_m))
    return [replace(rung, claim=next(claims) if rung.claim else None) for rung in found]


def pooled_quantile(quantiles_m: np.ndarray, n_windows: np.ndarray, percent: float) -> float:
    """Return the quantile of several sets of errors together, metres.

    quantiles_m: f64[K, Q], of each set, as rows.QUANTILES; n_windows: f64[K], how many errors. Each
    set's errors are taken to lie evenly between its quantiles.
    """
    places = np.unique(quantiles_m)
    percents = np.array(QUANTILES, np.float64)
    below = [_share_below(of_set, percents, places) for of_set in quantiles_m]
    return float(np.interp(percent, np.average(below, axis=0, weights=n_windows), places))


def _share_below(quantiles_m: np.ndarray, percents: np.ndarray, places: np.ndarray) -> np.ndarray:
    # Of equal quantiles the last counts: so many errors are no larger.
    last = np.append(np.diff(quantiles_m) > 0, True)
    return np.interp(places, quantiles_m[last], percents[last], left=0.0)


def _of(variant: str, tables: Sequence[Table], walks: Table, cdf: Table) -> list[Rung]:
    if not any((table["arm"] == REFERENCE).any() for table in tables):
        return []
    test = [select(table, split="test") for table in tables]
    rows = {name: np.concatenate([table[name] for table in test]) for name in test[0]}
    studies = sorted(set(rows["study"].tolist()))
    of_walks, of_cdf = (_within(table, studies) for table in (walks, cdf))
    lost = [NOTHING, *held(LOSSES, of_losses(rows)["modality"])]
    return [
        rung
        for name in lost
        for rung in _under(
            variant,
            name,
            select(rows, modality=name),
            select(of_walks, modality=name),
            select(of_cdf, modality=name),
        )
    ]


def _under(variant: str, lost: str, rows: Table, walks: Table, cdf: Table) -> list[Rung]:
    whole = {arm: of_whole_seeds(of_arm(rows, arm)) for arm in models(rows)}
    bare = {
        arm: _pooled(variant, arm, lost, of, of_arm(cdf, arm))
        for arm, of in whole.items()
        if len(of["seed"])
    }
    reference = next((arm for arm in bare if arm[0] == REFERENCE), None)
    if reference is None:
        return []
    where = ", ".join(filter(None, (variant, "" if lost == NOTHING else lost)))
    found = []
    for arm, rung in bare.items():
        pair = paired(walks, arm, reference) if arm != reference else None
        names = rung.label, arm_label(*reference)
        claim = pair.claim(*names, where) if pair else None
        ratio = rung.mean_m / bare[reference].mean_m
        found.append(replace(rung, ratio=ratio, claim=claim))
    return found


def _pooled(variant: str, arm: ArmAtRate, lost: str, rows: Table, cdf: Table) -> Rung:
    """Return an arm's errors over the windows of all its rows, seed by seed."""
    seeds = np.unique(rows["seed"])
    by_seed = [select(rows, seed=seed) for seed in seeds]
    n_windows = [of["n_windows"] for of in by_seed]
    errors_m = {
        "mean_m": np.array([np.average(of["mean_m"], weights=of["n_windows"]) for of in by_seed])
    }
    for name, metric in METRICS.items():
        if metric.percent is not None:
            errors_m[name] = np.array(
                [
                    _percentile(name, metric.percent, of, select(cdf, seed=seed))
                    for seed, of in zip(seeds, by_seed, strict=True)
                ]
            )
    studies = frozenset(rows["study"].tolist())
    return Rung(variant, arm, lost, errors_m, int(min(map(np.sum, n_windows))), studies)


def _percentile(name: str, percent: float, rows: Table, cdf: Table) -> float:
    """Return a percentile of one seed: its row's; of several rows, from their quantiles."""
    if len(rows[name]) == 1:
        return float(rows[name][0])
    order = dict(zip(_keys(rows), rows["n_windows"].tolist(), strict=True))
    keys = _keys(cdf)
    if set(keys) != set(order) or len(keys) != len(order):
        return float("nan")
    quantiles_m = np.stack([cdf[f"q{q:03d}"] for q in QUANTILES], axis=1)
    return pooled_quantile(quantiles_m, np.array([order[key] for key in keys]), percent)


def _keys(rows: Table) -> list[tuple[str, str]]:
    return list(zip(rows["study"].tolist(), rows["site_pair"].tolist(), strict=True))


def _within(table: Table, studies: Sequence[str]) -> Table:
    keep = np.isin(table["study"], studies)
    return Selection(table, keep)
