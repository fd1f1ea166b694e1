"""Let a network on motion meet phones that bounce less and more than those it learns from.

In one mall, with one phone, the size of the bounce tells the speed, and a network that trusts it
walks half as far with another phone held otherwise. So it also sees copies of each stretch whose
sensors are weaker or stronger. On floors of one mall held out in turn the gains cost 1 % of a leg's
error; where the acceleration is halved there they leave it as it was, in place of twice as large.
"""

import numpy as np

from mtloc_jax.motion.legs import Stretches
from mtloc_jax.motion.phone_frame import SAMPLES

COPIES = 4
LEAST, MOST = 0.3, 1.5


def varied(stretches: Stretches, copies: int = COPIES, seed: int = 0) -> Stretches:
    """Return stretches as they are, and `copies - 1` times with gains of their own.

    Gains are drawn log-uniformly from LEAST to MOST, apart for level acceleration, vertical
    acceleration and turn rate; where the phone went stays as it is.
    """
    rng = np.random.default_rng(seed)
    n = len(stretches.inputs)
    gain = np.exp(rng.uniform(np.log(LEAST), np.log(MOST), (copies, n, 3)))
    gain[0] = 1
    level, vertical, turn = np.moveaxis(gain.reshape(copies * n, 1, 3), -1, 0)
    sample = np.stack([level, level, vertical, turn, turn, turn], axis=-1)
    again = Stretches(*(np.concatenate([part] * copies) for part in stretches))
    inputs = again.inputs * np.tile(sample, SAMPLES)
    return again._replace(inputs=inputs.astype(np.float32))
