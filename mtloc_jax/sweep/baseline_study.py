"""The study of baselines: fit each on the windows a network would train on, judge, write down."""

from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from mtloc_jax.cards.baselines import BASELINES, KNN, NEIGHBOURS, WEIGHTED_KNN, predict
from mtloc_jax.core import metrics
from mtloc_jax.errors import InputError
from mtloc_jax.report import neighbours, rows
from mtloc_jax.report.arms import SCRATCH
from mtloc_jax.report.card_notes import CARDS
from mtloc_jax.report.neighbours import Chosen
from mtloc_jax.report.rows import METRICS, QUANTILES
from mtloc_jax.sites import recordings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.sweep import workdir
from mtloc_jax.sweep.grid import RunSpec, trained_on
from mtloc_jax.sweep.pair import Building, card_text
from mtloc_jax.sweep.starts import Report

SPLITS = ("validation", "test")
ErrorsM = dict[str, np.ndarray]
"""Errors of the windows of each split, f64[n] metres."""


class Fit(NamedTuple):
    """Name one fitted baseline; with a seed, these are the keys of its rows."""

    baseline: str
    finetune_rate: float
    seed: int


def run_study(config: ConfigDict, folder: Path, report: Report) -> None:
    """Run the study that `config` describes and leave its rows in `folder`, a seed at a time.

    A study that was stopped goes on after its last finished seed. Raises InputError on a config
    that says nothing possible, bad recordings, or a folder that holds another study.
    """
    check(config)
    target = _opened(config, report)
    workdir.claim(folder, _identity(config), _pair(config, target.site), target.site.simulated)
    workdir.sweep_up(folder)
    folders = [workdir.chunk_folder(folder, seed) for seed in range(config.seeds)]
    for seed, part in enumerate(folders):
        if not part.is_dir():
            _finish(part, seed, config, target.site, report)
    workdir.merge(folder, folders)
    neighbours.merge(folder, folders)
    if not (card := folder / CARDS["target"]).exists():
        card.write_text(card_text(target), encoding="utf-8")


def check(config: ConfigDict) -> None:
    """Raise InputError where there is nothing to fit, or no such baseline."""
    if unknown := set(config.baselines) - set(BASELINES):
        raise InputError(
            f"there is no baseline {unknown.pop()!r}",
            remedy=f"set --config.baselines to some of {', '.join(BASELINES)}",
        )
    if config.seeds < 1 or not config.finetune_rates or not config.baselines:
        raise InputError(
            "there is nothing to fit", remedy="set seeds, finetune_rates and baselines"
        )
    if not config.neighbours or min(config.neighbours) < 1:
        raise InputError("k-NN has no k to choose from", remedy="set neighbours to numbers from 1")


def errors_m(fit: Fit, config: ConfigDict, site: Site, k: int = NEIGHBOURS) -> ErrorsM:
    """Fit a baseline and return its errors on each split, metres."""
    asked = {split: site.rows(split) for split in SPLITS}
    as_network = RunSpec(SCRATCH, fit.finetune_rate, fit.seed)
    used = site.rows("train")[trained_on(as_network, site, config)]
    together = np.concatenate(list(asked.values()))
    predicted_m = predict(fit.baseline, site, used, together, fit.seed, k)
    error_m = np.linalg.norm(predicted_m - site.windows.xy_m[together], axis=1)
    n_first = len(asked[SPLITS[0]])
    return dict(zip(SPLITS, (error_m[:n_first], error_m[n_first:]), strict=True))


def chosen(fit: Fit, config: ConfigDict, site: Site) -> tuple[ErrorsM, int]:
    """Return the errors of k-NN with the k of `config.neighbours` best on validation, and that k.

    Of two ks that err alike the smaller is taken. The test round has no say.
    """
    by_k = {k: errors_m(fit, config, site, k) for k in sorted(config.neighbours)}
    best = min(by_k, key=lambda k: by_k[k]["validation"].mean())
    return by_k[best], best


def _finish(folder: Path, seed: int, config: ConfigDict, site: Site, report: Report) -> None:
    """Fit and judge one seed's baselines and write them down, whole or not at all."""
    fits = [Fit(name, float(r), seed) for name in config.baselines for r in config.finetune_rates]
    found: list[dict[str, Any]] = []
    ks: list[Chosen] = []
    for fit in fits:
        report("fitting", seed * len(fits) + len(found) / len(SPLITS), config.seeds * len(fits))
        if fit.baseline in (KNN, WEIGHTED_KNN):
            judged, k = chosen(fit, config, site)
            ks.append(Chosen(*fit, k))
        else:
            judged = errors_m(fit, config, site)
        found += [_row(fit, config, site, split, judged[split]) for split in SPLITS]
    with workdir.whole(folder) as partial:
        for name in rows.COLUMNS:
            rows.append(partial / name, found if name in (rows.ROWS, rows.CDF) else [])
        neighbours.write(partial, ks)
    report("fitting", (seed + 1) * len(fits), config.seeds * len(fits))


def _row(
    fit: Fit, config: ConfigDict, site: Site, split: str, error_m: np.ndarray
) -> dict[str, Any]:
    figures = np.asarray(metrics.summary(jnp.asarray(error_m)))
    quantiles = np.asarray(metrics.cdf(jnp.asarray(error_m)))
    return {
        "study": config.study,
        "site_pair": _pair(config, site),
        "arm": fit.baseline,
        "finetune_rate": fit.finetune_rate,
        "seed": fit.seed,
        "split": split,
        "modality": "none",
        "drop_rate": 0.0,
        "wipe_seed": 0,
        "n_windows": len(error_m),
        **dict(zip(METRICS, figures, strict=True)),
        **{f"q{q:03d}": value for q, value in zip(QUANTILES, quantiles, strict=True)},
    }


def _opened(config: ConfigDict, report: Report) -> Building:
    """Read and cut the target: no baseline knows of the source."""
    found = recordings.open_recordings(
        config.target,
        config.data_dir,
        simulation_seed=config.simulation.seed,
        simulated_round_s=config.simulation.round_s,
        on_progress=lambda done, total: report(f"reading {config.target}", done, total),
    )
    if config.test_round != 0:
        found = recordings.tested_on(found, config.test_round)
    spec = WindowSpec(**config.window)
    site = recordings.cut(found, spec, wifi_entry_max_age_ms=config.wifi_entry_max_age_ms)
    return Building(found, spec, site, site)


def _pair(config: ConfigDict, site: Site) -> str:
    return f"{config.source}->{site.name}"


def _identity(config: ConfigDict) -> ConfigDict:
    """Return the settings that the rows follow from: the networks beside them are no such one."""
    return ConfigDict({name: value for name, value in config.items() if name != "networks"})
