"""Leak checks: what makes a data set look easier than positioning is.

Each returns a `Check` that passes or warns. None needs a trained network.
"""

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
from sklearn.metrics import roc_auc_score

from mtloc_jax.cards.checks import Check, not_applicable, percent, verdict
from mtloc_jax.cards.predictor_errors import errors_m, has_survey, left_out_m
from mtloc_jax.logs.round import SENSORS, Round, WifiScans
from mtloc_jax.predictors import NEIGHBOURS, constant, elapsed_time, knn
from mtloc_jax.sites.protocol import when
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split

MOST_REPEATED = 0.05  # share of test fingerprints that may occur in training
CLOCK_SHARE = 0.75  # of a constant's error: below, the clock alone tells the place
TOO_GOOD_M = 1.0  # median error; what fingerprinting publishes is metres
ABSENCE_AUC = 0.75  # 0.5 is chance
FILLED = 0.5  # of 0..1 by every round of a sensor: no unit does that by chance
COPY_MS = 1000  # readings equal for this long are a copy, not chance

FOLLOWS_M = 3.0  # from where the walk before ended
FOLLOWING, TIMES_CHANCE = 0.2, 3.0  # share of walks, and that over the share of any two

_CELL_M = 2.0


def repeated_fingerprints(walks: Sequence[Round], split: Split) -> Check:
    """Count the test scans whose access points and levels all occur in one training scan."""
    name = "repeated fingerprints"
    train = set(chain.from_iterable(_vectors(w.wifi) for w in walks if w.number in split.train))
    tests = [walk for walk in walks if walk.number in split.test]
    test = [vector for walk in tests for vector in _vectors(walk.wifi) if vector]
    if not test or not train:
        return not_applicable(name, "no WiFi in training or in test")
    new = sum(vector not in train for vector in test)
    number = f"{percent(1 - new / len(test))} of {len(test):,} test scans"
    if all(np.isin(walk.wifi.t_ms, walk.accel.t_ms).all() for walk in tests):
        # WiFi was attached to the rows of a table: its readers count rows, silent ones included.
        n_rows = sum(len(walk.accel.t_ms) for walk in tests)
        number += f", {percent(1 - new / n_rows)} of {n_rows:,} rows (those without WiFi included)"
    return verdict(
        name,
        1 - new / len(test) <= MOST_REPEATED,
        1 - new / len(test),
        number,
        if_passed="test scans are measurements of their own",
        if_not="test scans are copies of training scans: accuracy measures memory",
    )


def clock(site: Site) -> Check:
    """Compare a predictor that knows only the time since the walk began with a constant."""
    split = site.split
    timed_m = errors_m(site, elapsed_time, split.train, split.test).mean()
    fixed_m = errors_m(site, constant, split.train, split.test).mean()
    each_m = list(left_out_m(site, elapsed_time).values())
    return verdict(
        "predictable clock",
        timed_m >= CLOCK_SHARE * fixed_m,
        timed_m / fixed_m,
        f"{timed_m:.1f} m from elapsed time alone ({min(each_m):.1f} to {max(each_m):.1f} m over "
        f"rounds left out in turn), {fixed_m:.1f} m from a constant",
        if_passed="the time since a walk began tells little of the place",
        if_not="all walks keep one timetable: a network may learn the clock, not the sensors",
    )


def wifi_alone(site: Site) -> Check:
    """Judge how well WiFi k-NN finds the test windows that heard something."""
    name = "WiFi alone"
    heard = ~np.isnan(site.wifi_dbm[site.scan[site.rows("test")]]).all(axis=1)
    if not heard.any() or not has_survey(site):
        return not_applicable(name, "no WiFi to compare")
    error_m = errors_m(site, knn, site.split.train, site.split.test)[heard]
    return verdict(
        name,
        np.median(error_m) >= TOO_GOOD_M,
        float(np.median(error_m)),
        f"{NEIGHBOURS}-nearest-neighbour: median {np.median(error_m):.2f} m, "
        f"mean {error_m.mean():.2f} m",
        if_passed="no better than fingerprinting can be",
        if_not="too good for fingerprinting: was the test WiFi collected apart from training?",
    )


def wifi_absence(walks: Sequence[Round], site: Site) -> Check:
    """Judge how well the true position predicts whether a window's scan is overdue.

    A scan is overdue once it is as old as the median interval between scans. Each cell of 2 m
    predicts the share of such windows that the other rounds had there. The number is the area
    under the ROC curve.
    """
    name = "WiFi absence"
    with_wifi = np.unique([walk.number for walk in walks if len(walk.wifi.t_ms)])
    if len(with_wifi) < 2:
        return not_applicable(name, "WiFi in fewer than two rounds")
    intervals_ms = np.concatenate([np.diff(walk.wifi.t_ms) for walk in walks])
    interval_ms = np.median(intervals_ms) if len(intervals_ms) else np.inf
    there = np.isin(site.round, with_wifi)
    age_ms = site.windows.wifi_age_ms[there]
    absent = (age_ms < 0) | (age_ms >= interval_ms)
    if absent.all() or not absent.any():
        return not_applicable(name, "never on time" if absent.all() else "always on time")
    place = _absence_by_place(site.windows.xy_m[there], site.round[there], absent)
    auc = roc_auc_score(absent, place)
    return verdict(
        name,
        auc <= ABSENCE_AUC,
        auc,
        f"{percent(absent.mean())} of windows wait for a scan (due every "
        f"{interval_ms / 1000:.1f} s); place predicts which: AUC {auc:.2f}",
        if_passed="whether WiFi is missing does not depend on the place (0.5 is chance)",
        if_not="WiFi is missing at certain places: its absence gives the position away",
    )


def per_round_scaling(walks: Sequence[Round]) -> Check:
    """Find sensors whose range is the same in all rounds.

    The same are minimum and maximum, or mean and spread, or that values fill 0..1 in every round
    (their extremes may have been those of a faster series).
    """
    numbers = sorted({walk.number for walk in walks})
    scaled = [s for s in SENSORS if len(numbers) > 1 and _scaled_alike(walks, numbers, s)]
    return verdict(
        "per-round scaling",
        not scaled,
        len(scaled),
        f"{', '.join(scaled)} in {len(numbers)} rounds" if scaled else "none found",
        if_passed="rounds keep their own ranges",
        if_not="each round was scaled by its own extremes, the test round too: units are lost",
    )


def repeated_sensors(walks: Sequence[Round]) -> Check:
    """Find seconds of readings that occur, bit for bit, in more than one round."""
    repeated_s = sum(_repeated_ms(walks, sensor) for sensor in SENSORS) / 1000
    return verdict(
        "repeated sensor spans",
        repeated_s == 0,
        repeated_s,
        f"{repeated_s:.0f} s occur in several rounds" if repeated_s else "none found",
        if_passed="no second of readings occurs in two rounds",
        if_not="rounds share readings: one recording lies on both sides of a split",
    )


def following_walks(walks: Sequence[Round]) -> Check:
    """Judge how often a walk starts where the one before it ended, against any two walks."""
    name, ordered = "walks that follow on", sorted(walks, key=when)
    if len(ordered) < 3:
        return not_applicable(name, "fewer than three walks")
    start_m, end_m = (np.array([w.waypoint_xy_m[at] for w in ordered]) for at in (0, -1))
    near = np.linalg.norm(end_m[:, None] - start_m, axis=2) <= FOLLOWS_M
    place = np.arange(len(ordered))
    step = place - place[:, None]  # from the walk that ends to the one that starts
    follows, chance = near[step == 1].mean(), near[(step != 0) & (step != 1)].mean()
    return verdict(
        name,
        follows <= max(FOLLOWING, TIMES_CHANCE * chance),
        follows,
        f"{percent(follows)} start within {FOLLOWS_M:g} m of where the one before ended "
        f"({percent(chance)} of any two)",
        if_passed="where a walk ended does not tell where the next one starts",
        if_not="a walk starts where the last one ended: neither start times nor other walks of the "
        "hour may be inputs, and what is tested was surveyed in the same minutes",
    )


def _vectors(wifi: WifiScans) -> list[frozenset]:
    """Return, for each scan, what it heard as a set of (access point, level)."""
    heard = list(zip(wifi.bssid.tolist(), wifi.rss_dbm.tolist(), strict=True))
    bounds = np.searchsorted(wifi.scan, np.arange(len(wifi.t_ms) + 1))
    return [frozenset(heard[a:b]) for a, b in pairwise(bounds)]


def _absence_by_place(xy_m: np.ndarray, number: np.ndarray, absent: np.ndarray) -> np.ndarray:
    column, row = np.floor((xy_m - xy_m.min(axis=0)) / _CELL_M).astype(np.int64).T
    cell = np.unique(column * (row.max() + 1) + row, return_inverse=True)[1]
    predicted = np.empty(len(cell))
    for one in np.unique(number):
        out = number == one
        seen = np.bincount(cell[~out], minlength=cell.max() + 1)
        missed = np.bincount(cell[~out], absent[~out], minlength=cell.max() + 1)
        overall = absent[~out].mean()
        # One more window of the overall share lets a cell never seen predict just that.
        predicted[out] = ((missed + overall) / (seen + 1))[cell[out]]
    return predicted


def _scaled_alike(walks: Sequence[Round], numbers: Sequence[int], sensor: str) -> bool:
    values = [
        np.concatenate([w.stream(sensor).values for w in walks if w.number == number])
        for number in numbers
    ]
    low, high = (np.array([f(v, axis=0) for v in values]) for f in (np.min, np.max))
    mean, spread = (np.array([f(v, axis=0) for v in values]) for f in (np.mean, np.std))
    alike = 1e-6 * max(float(np.abs([low, high]).max()), 1e-12)
    return (
        bool(np.all(np.ptp(low, axis=0) <= alike) and np.all(np.ptp(high, axis=0) <= alike))
        or bool(np.all(np.ptp(mean, axis=0) <= alike) and np.all(np.ptp(spread, axis=0) <= alike))
        or bool(np.all((low >= 0) & (high <= 1) & (high - low >= FILLED)))
    )


def _repeated_ms(walks: Sequence[Round], sensor: str) -> float:
    found: list[np.ndarray] = []
    numbers: list[np.ndarray] = []
    step_ms = np.median(np.concatenate([np.diff(w.stream(sensor).t_ms) for w in walks]))
    length = max(10, round(COPY_MS / max(float(step_ms), 1.0)))
    for walk in walks:
        keys = np.unique(_span_keys(walk.stream(sensor).values, length))
        found.append(keys)
        numbers.append(np.full(len(keys), walk.number))
    keys, number = np.concatenate(found), np.concatenate(numbers)
    _, which = np.unique(keys, return_inverse=True)
    first, last = np.full(len(keys), np.iinfo(np.int64).max), np.zeros(len(keys), np.int64)
    np.minimum.at(first, which, number)
    np.maximum.at(last, which, number)
    return float(np.sum(first[which] != last[which]) / 2 * step_ms)


def _span_keys(values: np.ndarray, length: int) -> np.ndarray:
    """Return a 64-bit key for each span of `length` readings in which something changes."""
    if len(values) < length:
        return np.zeros(0, np.uint64)
    rng = np.random.default_rng(0)
    bits = np.ascontiguousarray(values, np.float64).view(np.uint64)
    reading = (bits * _odd(rng, bits.shape[1])).sum(axis=1, dtype=np.uint64)
    reading = (reading ^ (reading >> np.uint64(31))) * _odd(rng, 1)
    n_spans = len(values) - length + 1
    keys = np.zeros(n_spans, np.uint64)
    for step, factor in enumerate(_odd(rng, length)):
        keys += reading[step : step + n_spans] * factor
    changed = np.concatenate([[0], np.cumsum((np.diff(values, axis=0) != 0).any(axis=1))])
    # A stuck sensor repeats itself anywhere; that is another check's finding.
    return keys[changed[length - 1 :] - changed[:n_spans] >= length // 2]


def _odd(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(0, 2**64, n, np.uint64, endpoint=False) | np.uint64(1)
