"""Experts joined, by hand."""

import numpy as np

from mtloc_jax.experts.joined import joined


def test_two_experts_by_hand():
    """Sigmas 1 and 2 weigh 0.8 and 0.2: 5 m apart along an axis, 1 and 4 m off their mean."""
    one = np.array([[0.0, 0]]), np.array([1.0])
    other = np.array([[5.0, 0]]), np.array([2.0])
    xy_m, sigma_m = joined([one, other])
    np.testing.assert_allclose(xy_m, [[1, 0]])
    np.testing.assert_allclose(sigma_m**2, [0.8 * (1 + 1 / 2) + 0.2 * (4 + 16 / 2)])


def test_agreement_makes_nothing_surer_and_one_alone_is_itself():
    one = np.array([[3.0, 4], [5, 6]]), np.array([2.0, 7])
    for found in (joined([one]), joined([one, one, one])):
        for part, told in zip(found, one, strict=True):
            np.testing.assert_allclose(part, told)
