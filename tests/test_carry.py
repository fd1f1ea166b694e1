"""What moves from the network of one survey to that of the next."""

import jax
import numpy as np
import pytest

from mtloc_jax.arms import CARRIED, REINITIALISED
from mtloc_jax.sites.two_surveys import surveys
from mtloc_jax.surgery.carry import among, rules, within
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.tree import tree_digest
from tests import networks
from tests.test_two_surveys import N_APS, hall


@pytest.fixture(scope="module")
def two():
    return surveys(hall(), 0.4, seed=0)


def test_rows_among_all_access_points_and_back_are_the_same(two):
    first, _ = two
    params = networks.params(4, len(first.columns))
    assert tree_digest(within(among(params, first), first)) == tree_digest(params)
    rows = among(params, first)["wifi"]["fc1"]["kernel"]
    assert rows.shape == (N_APS, 4)
    assert np.array_equal(np.flatnonzero(rows.any(axis=1)), first.columns)


def _moved(two, arm):
    first, second = two
    old, new = (one.site.scaler(one.site.rows("train")) for one in two)
    donor, fresh = (
        networks.params(4, len(first.columns), 1),
        networks.params(4, len(second.columns), 2),
    )
    params, _ = graft(fresh, {"survey1": donor}, rules(arm == CARRIED, first, old, second, new))
    return donor, fresh, jax.tree.map(np.asarray, params)


def test_carried_rows_follow_their_access_point(two):
    first, second = two
    donor, fresh, params = _moved(two, CARRIED)
    rows, kernel = params["wifi"]["fc1"]["kernel"], donor["wifi"]["fc1"]["kernel"]
    old, new = (one.site.scaler(one.site.rows("train")).inputs["wifi"] for one in two)
    gain = new.span_db / old.span_db
    for row, bssid in zip(rows, second.bssids, strict=True):
        if bssid in first.bssids:
            np.testing.assert_allclose(row, kernel[first.bssids.index(bssid)] * gain, rtol=1e-5)
    unknown = [k for k, bssid in enumerate(second.bssids) if bssid not in first.bssids]
    assert np.array_equal(rows[unknown], fresh["wifi"]["fc1"]["kernel"][unknown])
    assert 0 < len(unknown) < len(second.bssids)


def test_the_arms_differ_in_the_rows_alone(two):
    _, fresh, reinitialised = _moved(two, REINITIALISED)
    *_, carried = _moved(two, CARRIED)
    assert np.array_equal(reinitialised["wifi"]["fc1"]["kernel"], fresh["wifi"]["fc1"]["kernel"])
    reinitialised["wifi"]["fc1"]["kernel"] = carried["wifi"]["fc1"]["kernel"]
    assert tree_digest(reinitialised) == tree_digest(carried)
