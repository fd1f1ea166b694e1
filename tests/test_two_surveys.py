"""Two surveys of one building: what each saw, and what neither shares."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.two_surveys import surveys
from mtloc_jax.sites.windows import Windows

N_APS, N_ROUNDS = 20, 6


def hall():
    """Return a site of 6 rounds with 5 windows and a scan each; round 1 alone hears ap00."""
    random, n = np.random.default_rng(0), 5 * N_ROUNDS
    wifi_dbm = random.uniform(-90, -40, (N_ROUNDS + 1, N_APS)).astype(np.float32)
    wifi_dbm[0], wifi_dbm[2:, 0] = np.nan, np.nan
    rounds = np.repeat(np.arange(1, N_ROUNDS + 1), 5).astype(np.int32)
    windows = Windows(
        inputs={
            "imu": random.normal(9, 1, (n, 10, 2)).astype(np.float32),
            "mag": random.normal(45, 5, (n, 10, 1)).astype(np.float32),
        },
        end_ms=np.arange(n),
        xy_m=random.uniform(0, 50, (n, 2)),
        scan=rounds,
        wifi_age_ms=np.zeros(n, np.int64),
    )
    return Site(
        name="hall",
        split=Split((1, 2, 3, 4), (5,), (6,)),
        modalities=("imu", "mag", "wifi"),
        bssids=tuple(f"ap{k:02d}" for k in range(N_APS)),
        windows=windows,
        round=rounds,
        trace=rounds - 1,
        trace_names=tuple(f"walk{k}" for k in range(1, N_ROUNDS + 1)),
        wifi_dbm=wifi_dbm,
        scan=rounds,
        simulated=True,
    )


def test_the_surveys_share_no_training_round_and_all_test_rounds():
    first, second = surveys(hall(), 0.4, seed=0)
    assert (first.site.split.train, second.site.split.train) == ((1, 3), (2, 4))
    assert first.site.split.test == second.site.split.test == (6,)


def test_each_survey_loses_its_own_share_of_what_it_heard():
    sizes = {tuple(len(one.columns) for one in surveys(hall(), 0.4, seed)) for seed in range(8)}
    assert sizes == {(12, 11)}  # of 20 and of 19 heard
    first, second = surveys(hall(), 0.4, seed=0)
    assert 0 < len(set(first.bssids) & set(second.bssids)) < 11
    assert 0 not in second.columns


def test_a_removed_access_point_is_never_heard():
    first, _ = surveys(hall(), 0.4, seed=0)
    removed = np.setdiff1d(np.arange(N_APS), first.columns)
    assert np.all(np.isnan(first.site.wifi_dbm[:, removed]))
    scaler = first.site.scaler(first.site.rows("train"))
    assert np.array_equal(np.flatnonzero(scaler.inputs["wifi"].heard), first.columns)


def test_a_share_that_leaves_no_access_point_is_refused():
    with pytest.raises(InputError, match=r"0\.99 leaves none of the 20 access points"):
        surveys(hall(), 0.99, seed=0)


def test_one_training_round_is_not_two_surveys():
    site = replace(hall(), split=Split((1,), (5,), (6,)))
    with pytest.raises(InputError, match=r"hall has the training rounds \(1,\)"):
        surveys(site, 0.4, seed=0)
