"""Does transfer save survey rounds where routes repeat? A museum, IPIN 2023, floor 0 -> floor -2.

  python -m launch.study --config=configs/ipin.py --config.data_dir=DATA --workdir=DIR

Real recordings: 28 walks on seven routes of the target, each route walked twice with each of two
phones and dealt to fourteen rounds by time, so that rounds cover the same places, as the paper's
do. The walks are long: five epochs are as many steps as twenty in the malls.
"""

from ml_collections import ConfigDict

from configs import location20, pairs


def get_config() -> ConfigDict:
    """Return the settings."""
    config = location20.get_config()
    config.study = "ipin"
    config.epochs = config.pretrain_epochs = 5
    return pairs.applied(config, "ipin")
