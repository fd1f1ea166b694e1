"""Fit and judge predictors without a network, on the windows that a network would train on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from mtloc_jax.core import metrics
from mtloc_jax.core.evaluate import Clean
from mtloc_jax.settings import Settings, value
from mtloc_jax.sites.site import Site
from mtloc_jax.study.record import SPLITS
from mtloc_jax.study.runs import RunSpec, trained_on


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


def judged(found: list[Fitted], site: Site) -> dict[str, Clean]:
    """Return the judgement of fitted predictors on each split; leaves have a leading runs axis."""
    return {split: _clean([one.predicted_m for one in found], site, split) for split in SPLITS}


def _predicted_m(
    spec: RunSpec, site: Site, settings: Settings, k: int | None = None
) -> dict[str, np.ndarray]:
    predict = spec.of.predict
    assert predict is not None
    train = site.rows("train")[trained_on(spec, site, settings)]
    rows = [site.rows(split) for split in SPLITS]
    further = {} if k is None else {"k": k}
    predicted_m = predict(site, train, np.concatenate(rows), spec.seed, **further)
    return dict(zip(SPLITS, np.split(predicted_m, [len(rows[0])]), strict=True))


def _clean(predicted_m: list[Mapping[str, np.ndarray]], site: Site, split: str) -> Clean:
    errors = [jnp.asarray(_errors_m(one, site, split)) for one in predicted_m]
    return Clean(
        np.stack([one[split] for one in predicted_m]),
        *(np.stack([np.asarray(of(e)) for e in errors]) for of in (metrics.summary, metrics.cdf)),
    )


def _errors_m(predicted_m: Mapping[str, np.ndarray], site: Site, split: str) -> np.ndarray:
    return np.linalg.norm(predicted_m[split] - site.windows.xy_m[site.rows(split)], axis=1)
