"""How a phone is held through a log that grows: what is certain of it is filtered once."""

import numpy as np

from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round
from mtloc_jax.motion.mahony import Readings, State, advance, begin, has_north
from mtloc_jax.motion.orientation import Attitude, attitude, readings


class LiveAttitude:
    """Tell the attitude of one log, look by look: the bits that `attitude` tells of it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._state: State | None = None
        self._held = np.zeros((0, 4))

    def __call__(self, log: Round) -> Attitude:
        """Return the attitude through the log so far, its first second at least.

        What other sensors have not gone past may still change, and is filtered anew the next time.
        Raises InputError as `attitude`.
        """
        if ORIENTATION in log.extra:
            return attitude(log)
        read = readings(log)
        if self._state is None:
            self._state = begin(read)
        done = len(self._held)
        newest_ms = min(int(stream.t_ms[-1]) for stream in (log.accel, log.mag))
        certain = max(int(np.searchsorted(read.t_ms, newest_ms)), done)
        self._state, new = advance(self._state, _part(read, slice(done, certain)))
        self._held = np.concatenate([self._held, new])
        _, rest = advance(self._state, _part(read, slice(certain, None)))
        return Attitude(read.t_ms, np.concatenate([self._held, rest]), has_north(read))


def _part(read: Readings, rows: slice) -> Readings:
    return Readings._make(part[rows] for part in read)
