"""How a phone was held: Android's rotation vector, a further stream where a format has it.

f64[n, 3]: x, y, z of the unit quaternion that turns the device's axes to east, north and up. Its
w = sqrt(1 - x^2 - y^2 - z^2) is not logged; rounding may leave the root's argument just below 0.
"""

import numpy as np

from mtloc_jax.logs.lines import Lines
from mtloc_jax.logs.records import Records
from mtloc_jax.logs.round import Stream

ORIENTATION = "orientation"
_ROUNDING = 1e-5  # of a norm of 1, logged as float32: 1.3e-7 at most in 1.7 million readings


def check_norm(vectors: np.ndarray, lines: Lines) -> None:
    """Raise InputError at the first of the vectors f64[n, 3] that is part of no unit quaternion."""
    norm = np.sqrt((vectors**2).sum(axis=1))
    lines.raise_at(norm > 1 + _ROUNDING, "a rotation vector with a norm over 1")


def as_extra(records: Records) -> dict[str, Stream]:
    """Return an orientation as a round's further stream, none where there is no reading."""
    return {ORIENTATION: records.stream()} if len(records.t_ms) else {}
