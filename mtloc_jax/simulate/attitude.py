"""How the phone believes it is held: its rotation vector, as Android computes it.

It knows up well, but north only as far as the iron around and within it allows: each walk's heading
is off by an angle of its own, which drifts. North is the map's: to which side of it the compass of
a building points (`SimulatedBuilding.earth_ut`) is the map maker's affair.
"""

import numpy as np

from mtloc_jax.logs.round import Stream
from mtloc_jax.simulate.phone import milliseconds, ticks_ms
from mtloc_jax.simulate.walk import Motion, wander

# With the ways a phone is turned in the hand (POSTURES), phone and walker differ by 13 degrees, the
# spread by walk that was measured in Indoor Location 2.0.
HEADING_BIAS_RAD = np.radians(11.0)
HEADING_DRIFT_RAD, HEADING_DRIFT_S = np.radians(3.0), 15.0
HEADING_NOISE_RAD, TILT_NOISE_RAD = np.radians(0.6), np.radians(0.4)


def record_orientation(rng: np.random.Generator, motion: Motion) -> Stream:
    """Record the rotation vector, x, y and z of the quaternion that turns device to world axes."""
    held = motion.at(ticks_ms(rng, motion.t_s[-1]) / 1000)
    n = len(held.t_s)
    drift_steps = HEADING_DRIFT_S * n / held.t_s[-1]
    drift_rad = HEADING_DRIFT_RAD * wander(rng, n, drift_steps)
    off_rad = rng.normal(0, HEADING_BIAS_RAD) + drift_rad + rng.normal(0, HEADING_NOISE_RAD, n)
    pitch_rad, roll_rad = rng.normal(0, TILT_NOISE_RAD, (2, n))
    vector = rotation_vector(held.yaw_rad + off_rad, held.pitch_rad + pitch_rad, roll_rad)
    return Stream(milliseconds(held.t_s), vector)


def rotation_vector(yaw_rad: np.ndarray, pitch_rad: np.ndarray, roll_rad: np.ndarray) -> np.ndarray:
    """Return x, y, z f64[n, 3] of the unit quaternion, its w >= 0, from the phone's axes to world.

    The phone lies flat with its top edge (y) to `yaw_rad`, counted from east to north, then is
    lifted there by `pitch_rad` and turned about that edge by `roll_rad`.
    """
    turn, (sp, cp), (sr, cr) = (yaw_rad - np.pi / 2) / 2, _halves(pitch_rad), _halves(roll_rad)
    st, ct = np.sin(turn), np.cos(turn)
    # The product of turns about the world's up, the phone's x and then its y.
    w = ct * cp * cr - st * sp * sr
    x = ct * sp * cr - st * cp * sr
    y = ct * cp * sr + st * sp * cr
    z = st * cp * cr + ct * sp * sr
    return np.stack([x, y, z], axis=1) * np.where(w < 0, -1, 1)[:, None]


def _halves(angle_rad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.sin(angle_rad / 2), np.cos(angle_rad / 2)
