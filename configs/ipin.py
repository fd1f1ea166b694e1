"""Does transfer save survey rounds where routes repeat? A museum, IPIN 2023, floor 0 -> floor -2.

  python -m launch.study --config=configs/ipin.py --config.data_dir=DATA --workdir=DIR

Real recordings: 28 walks on seven routes of the target, each route walked twice with each of two
phones and dealt to fourteen rounds by time, so that rounds cover the same places, as the paper's
do. The walks are long: five epochs are as many steps as twenty in the malls.
The paper: 1.56 m fine-tuned on 62.5 % of the rounds, 2.39 m from scratch on all.
Found: scratch 11.43 ± 0.96, fine-tuned on 62.5 % 12.31 ± 2.40, transferred 10.82 ± 1.22 m; on the
same rounds, all rates pooled, fine-tuned errs the same as scratch within 1 m.
Takes: 272 networks, 16 seeds each: 4 min on an H200 beside ten other studies.
"""

from ml_collections import ConfigDict

from configs import location20, pairs


def get_config() -> ConfigDict:
    """Return the settings."""
    config = location20.every_rate()
    config.study = "ipin"
    config.epochs = config.pretrain_epochs = 5
    return pairs.applied(config, "ipin")
