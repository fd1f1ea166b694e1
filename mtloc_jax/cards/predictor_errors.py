"""How far predictors without a network err at a site: how hard it is, what gives places away."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtloc_jax.arms import ARMS, Arm
from mtloc_jax.predictors import (
    Predictor,
    constant,
    elapsed_time,
    knn,
    weighted_knn,
)
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.survey import survey_of

_BLIND: tuple[Predictor, ...] = (constant, elapsed_time)
_BY_WIFI: tuple[Predictor, ...] = (knn, weighted_knn)


def shown(site: Site) -> list[tuple[Arm, Predictor]]:
    """Return what a card shows: the arms that take seconds and have something to compare."""
    asked = _BLIND + (_BY_WIFI if has_survey(site) else ())
    return [(arm, arm.predict) for arm in ARMS.values() if arm.predict in asked]


def has_survey(site: Site) -> bool:
    """Say whether a training scan heard an access point."""
    return len(survey_of(site, site.rows("train")).dbm) > 0


def summaries_m(site: Site) -> dict[str, dict[str, Any]]:
    """Return name of an arm -> split -> mean and median error, metres.

    What compares WiFi has them a scan too: at the window that each scan first reaches.
    What needs no WiFi is also fitted without each round in turn, and judged there.
    """
    found: dict[str, dict[str, Any]] = {}
    for arm, predict in shown(site):
        found[arm.name] = {
            split: _summary(errors_m(site, predict, site.split.train, getattr(site.split, split)))
            for split in ("validation", "test")
        }
        if predict in _BY_WIFI:
            for split in ("validation", "test"):
                if len(error_m := _a_scan_m(site, predict, split)):
                    found[arm.name][split]["a_scan"] = _summary(error_m)
        if predict in _BLIND:
            by_round = left_out_m(site, predict).items()
            found[arm.name]["each_round_left_out"] = {str(n): _cm(m) for n, m in by_round}
    return found


def errors_m(
    site: Site, predict: Predictor, train: Sequence[int], judged: Sequence[int]
) -> np.ndarray:
    """Return a predictor's errors on the windows of the rounds `judged`, f64[n], metres."""
    train_rows, rows = (np.flatnonzero(np.isin(site.round, rounds)) for rounds in (train, judged))
    return _errors_m(site, predict, train_rows, rows)


def left_out_m(site: Site, predict: Predictor) -> dict[int, float]:
    """Return round -> a predictor's mean error there when all other rounds train it, metres."""
    numbers = np.unique(site.round).tolist()
    return {
        n: float(errors_m(site, predict, [m for m in numbers if m != n], [n]).mean())
        for n in numbers
    }


def _a_scan_m(site: Site, predict: Predictor, split: str) -> np.ndarray:
    """Return the errors at the first window that holds each scan of a split, f64[n], metres."""
    rows = site.rows(split)
    scans, first = np.unique(site.scan[rows], return_index=True)
    return _errors_m(site, predict, site.rows("train"), rows[first[scans > 0]])


def _errors_m(site: Site, predict: Predictor, train: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return np.linalg.norm(predict(site, train, asked) - site.windows.xy_m[asked], axis=1)


def _summary(error_m: np.ndarray) -> dict[str, float]:
    return {"mean": _cm(error_m.mean()), "median": _cm(np.median(error_m))}


def _cm(metres: float) -> float:
    return round(float(metres), 2)
