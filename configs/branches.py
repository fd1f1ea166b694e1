"""Which modalities does a network need? Every subset of IMU, MAG and WiFi, from scratch.

  python -m launch.study --config=configs/branches.py:mmloc --config.data_dir=DATA --workdir=DIR

Unlike Fig 5, which takes a modality from a network that was trained with it.
The paper: not asked.
Found: malls: WiFi alone (20.70 ± 0.65 m) is not shown to err more than all (19.77 ± 1.76), IMU does
(51.54 ± 2.69). Bucharest: all 3.67 ± 0.08, WiFi 4.93 ± 0.45, MAG 7.72 ± 0.06, IMU 8.20 ± 0.05.
Takes: 70 networks, ten seeds each, no pretraining: 35 of 10 epochs took 3 min on two CPU cores.
Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import SCRATCH

SUBSETS = ("imu+mag+wifi", "imu+mag", "imu+wifi", "mag+wifi", "imu", "mag", "wifi")


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "branches"
    config.arms = (SCRATCH,)
    config.seeds = 10
    config.sweep = ({"branches": SUBSETS},)
    return pairs.applied(config, pair)
