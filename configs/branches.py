"""Which modalities does a network need? Every subset of IMU, MAG and WiFi, from scratch.

  python -m launch.study --config=configs/branches.py:mmloc --config.data_dir=DATA --workdir=DIR

Unlike Fig 5, which takes a modality from a network that was trained with it.
The paper: not asked.
Found: see results/README.md.
Takes: 70 networks, ten seeds each, no pretraining. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.report.arms import SCRATCH

SUBSETS = ("imu+mag+wifi", "imu+mag", "imu+wifi", "mag+wifi", "imu", "mag", "wifi")


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "branches"
    config.arms = (SCRATCH,)
    config.seeds = 10
    config.sweep = ({"branches": SUBSETS},)
    return pairs.applied(config, pair)
