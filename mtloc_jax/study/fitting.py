"""Fit and judge predictors without a network, on the windows that a network would train on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.core.evaluate import Clean
from mtloc_jax.settings import Settings, value
from mtloc_jax.sites.site import Site
from mtloc_jax.study import judging
from mtloc_jax.study.runs import RunSpec, turns


class Fitted(NamedTuple):
    """Hold one predictor's positions f64[N, 2] of each split, metres, and what it chose."""

    predicted_m: Mapping[str, np.ndarray]
    chosen: Mapping[str, Any]


def fitted(spec: RunSpec, site: Site, settings: Settings) -> Fitted:
    """Fit a predictor on the windows of a run and predict validation and test.

    Where its arm chooses a setting, the value that errs least on validation is taken, of two that
    err alike the smaller: the test round has no say.
    """
    if not spec.of.chooses:
        return Fitted(_predicted_m(spec, site, settings), {})
    name = spec.of.chooses
    by_value = {k: _predicted_m(spec, site, settings, k) for k in sorted(value(settings, name))}
    errors = {k: _errors_m(found, site, "validation").mean() for k, found in by_value.items()}
    best = min(errors, key=lambda k: errors[k])
    return Fitted(by_value[best], {name: best})


def judged(found: list[Fitted], site: Site, counts: Mapping[str, np.ndarray]) -> dict[str, Clean]:
    """Return the judgement of fitted predictors on each split; leaves have a leading runs axis.

    counts: by split, bool[N], the windows whose errors count
    """
    return {
        split: judging.judged(np.stack([one.predicted_m[split] for one in found]), site, split, of)
        for split, of in counts.items()
    }


def _predicted_m(
    spec: RunSpec, site: Site, settings: Settings, k: int | None = None
) -> dict[str, np.ndarray]:
    predict = spec.of.predict
    assert predict is not None
    further = {} if k is None else {"k": k}
    predicted_m = np.full((len(site.round), 2), np.nan)
    for turn in turns(spec, site, settings):
        splits = (site.rows(split) for split in site.split.judged)
        asked = np.concatenate([rows[np.isin(site.round[rows], turn.rounds)] for rows in splits])
        predicted_m[asked] = predict(site, turn.rows, asked, spec.seed, **further)
    return {split: predicted_m[site.rows(split)] for split in site.split.judged}


def _errors_m(predicted_m: Mapping[str, np.ndarray], site: Site, split: str) -> np.ndarray:
    return np.linalg.norm(predicted_m[split] - site.windows.xy_m[site.rows(split)], axis=1)
