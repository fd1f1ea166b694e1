"""Which modalities does a network need? Every subset of IMU, MAG and WiFi, from scratch.

  python -m launch.study --config=configs/branches.py:mmloc --config.data_dir=DATA --workdir=DIR

Unlike Fig 5, which takes a modality from a network that was trained with it.
The paper: not asked.
Found: 16 seeds, malls: all 20.42 ± 1.77 m, WiFi alone 21.15 ± 2.01, without IMU 20.46 ± 1.72, the
same within 2 m; IMU 51.18 ± 2.29. Bucharest: each branch helps, all 3.72 ± 0.18, without IMU
4.25 ± 0.31, WiFi 4.54 ± 0.42, MAG 7.63 ± 0.11, IMU 8.22 ± 0.09.
Takes: 112 networks, 16 seeds each, no pretraining: with 10 epochs 9 and 13 min on two CPU cores
beside other work. Pairs: see configs/pairs.py.
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
    config.seeds = 16
    config.sweep = ({"branches": SUBSETS},)
    return pairs.applied(config, pair)
