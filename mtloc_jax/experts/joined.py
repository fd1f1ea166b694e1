"""Several experts on the same scans as one: what they share is not counted twice."""

from collections.abc import Sequence

import numpy as np


def joined(found: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and spread of experts' mixture: f64[M, 2] and f64[M], from one or more.

    found: of each expert the positions f64[M, 2] and the sd of either coordinate f64[M]

    They weigh by precision. Experts on one scan err together, so a mixture it is and no product:
    agreement makes nothing surer, and disagreement less sure.
    """
    places, sigmas = (np.stack(parts) for parts in zip(*found, strict=True))
    share = sigmas**-2.0 / (sigmas**-2.0).sum(axis=0)
    xy_m = (share[..., None] * places).sum(axis=0)
    apart = ((places - xy_m) ** 2).mean(axis=-1)
    return xy_m, np.sqrt((share * (sigmas**2 + apart)).sum(axis=0))
