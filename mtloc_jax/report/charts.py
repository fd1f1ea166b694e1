"""The curves of a study's figures as a reader may switch them: Fig 4, 5, 6 and data demand."""

from collections.abc import Iterable, Iterator

import numpy as np

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report import figures, headline, style
from mtloc_jax.report.demand import PANELS
from mtloc_jax.report.headline import held
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.series import Chart, Curves, Series, by_seed
from mtloc_jax.report.style import Line
from mtloc_jax.report.summary import per_seed
from mtloc_jax.report.training_curves import PANELS as PANELS_OF_TRAINING
from mtloc_jax.report.training_curves import by_seed as by_seed_of
from mtloc_jax.report.training_curves import falls_far
from mtloc_jax.rows import METRICS, Table, of_arm, select

_ERROR, _MEAN = "error (m)", "mean error (m)"
_ROUNDS = "training rounds used (%)"


def cdfs(cdf: Table) -> Curves:
    """Return the error distribution of each arm and rate, a panel a split (Fig 4)."""
    clean = select(cdf, modality="none")
    return Curves(
        [
            _distribution(split, _of_rates(select(clean, split=split)))
            for split in ("validation", "test")
            if split in set(clean["split"])
        ]
    )


def drops(table: Table, provenance: Provenance) -> Curves:
    """Return the mean error of each leading arm against the drop rate, a panel a modality."""
    wiped = figures.wiped_test(table)
    return Curves(
        [
            Chart(
                f"{_modality(name)} wiped",
                figures.wiped_label(provenance),
                _MEAN,
                list(_models(select(wiped, modality=name), "drop_rate", 100)),
            )
            for name in held(MODALITIES, wiped["modality"])
        ]
    )


def wiped_cdfs(cdf: Table) -> Curves:
    """Return the error distribution of each model, a panel a wiped modality (Fig 6)."""
    _, shown = figures.partly_wiped(cdf)
    panels = []
    for name in held(MODALITIES, shown["modality"]):
        of_one = select(shown, modality=name)
        curves = (
            one
            for model in headline.models(shown)
            for one in _quantiles(of_arm(of_one, model), arm_label(*model), _line(model[0]))
        )
        panels.append(_distribution(f"{_modality(name)} wiped", curves))
    return Curves(panels)


def demand(table: Table) -> Curves:
    """Return the errors of each arm against the share of rounds, a panel a split and metric."""
    clean = select(table, modality="none")
    names = [
        name for name in held(ARMS, clean["arm"]) if name not in ARMS or ARMS[name].share is None
    ]
    return Curves(
        [
            Chart(
                f"{METRICS[metric].label} error, {split}",
                _ROUNDS,
                _ERROR,
                [
                    one
                    for name in names
                    for one in _along(
                        select(clean, split=split, arm=name),
                        "finetune_rate",
                        metric,
                        style.line(ARMS, name)["label"],
                        style.line(ARMS, name),
                        100,
                    )
                ],
            )
            for split, metric in PANELS
            if split in set(clean["split"])
        ]
    )


def training(history: Table) -> Curves:
    """Return the loss and the validation error of leading arms by epoch, of history.csv."""
    panels = [name for name in PANELS_OF_TRAINING if np.isfinite(history[name]).any()]
    return Curves([_fallen(history, name) for name in panels])


def _fallen(history: Table, name: str) -> Chart:
    label = PANELS_OF_TRAINING[name]
    series: list[Series] = []
    for model in headline.models(history):
        rows = of_arm(history, model)
        runs = by_seed_of(rows)
        at = np.unique(rows["epoch"][np.isfinite(rows[name])])
        values = np.full((len(runs), len(at)), np.nan)
        for number, (_, run) in enumerate(runs):
            held_at = np.isin(run["epoch"], at)
            values[number, np.searchsorted(at, run["epoch"][held_at])] = run[name][held_at]
        if len(at):
            seeds = [seed for seed, _ in runs]
            series += by_seed(arm_label(*model), _line(model[0]), at, seeds, values)
    log = name == "training_loss" and falls_far(history[name])
    return Chart(label, "epoch", label, series, log=log)


def _of_rates(clean: Table) -> Iterator[Series]:
    for arm, line in figures.rate_lines(clean):
        yield from _quantiles(of_arm(clean, arm), line["label"], line)


def _distribution(title: str, curves: Iterable[Series]) -> Chart:
    return Chart(title, figures.SHARE_LABEL, _ERROR, list(curves), sideways=True)


def _quantiles(rows: Table, label: str, line: Line) -> Iterator[Series]:
    if len(rows["seed"]):
        seeds, quantiles_m = per_seed(rows, figures.QUANTILE_NAMES)
        yield from by_seed(label, line, figures.LEVELS, seeds, quantiles_m)


def _models(rows: Table, column: str, scale: float) -> Iterator[Series]:
    for model in headline.models(rows):
        yield from _along(
            of_arm(rows, model), column, "mean_m", arm_label(*model), _line(model[0]), scale
        )


def _along(
    rows: Table, column: str, metric: str, label: str, line: Line, scale: float
) -> Iterator[Series]:
    """Yield a metric of each seed that was run at every value of a column, and their mean."""
    at = np.unique(rows[column])
    cells = [per_seed(select(rows, **{column: float(value)}), [metric]) for value in at]
    seeds = sorted(set.intersection(*(set(found.tolist()) for found, _ in cells))) if cells else []
    if seeds:
        values = np.stack([v[np.isin(s, seeds), 0] for s, v in cells], axis=1)
        yield from by_seed(label, line, scale * at, seeds, values)


def _line(arm: str) -> Line:
    return style.line(ARMS, arm)


def _modality(name: str) -> str:
    return str(style.line(MODALITIES, name)["label"])
