"""Does transfer save survey rounds between two malls? Indoor Location 2.0, site1/B1 -> site2/F1.

  python -m launch.study --config=configs/location20.py --config.data_dir=DATA --workdir=DIR

Real recordings: 42 short walks a floor, grouped into 14 rounds by start time, one phone model.
Scratch runs at every rate too, so that each fine-tuned network has a rival on the same rounds.
What the paper says and what was found stands in configs/table5.py, table6.py, fig4.py to fig6.py
and survey.py, whose figures are of this study.
Takes: 272 networks, 16 seeds each: 4 min on an H200 beside ten other studies.
"""

from ml_collections import ConfigDict

from configs import pairs, quickstart


def every_rate() -> ConfigDict:
    """Return the settings but for the buildings: both arms at every rate, 16 seeds."""
    config = quickstart.get_config()
    config.study = "location20"
    config.scratch_rates = config.finetune_rates
    config.seeds = 16
    config.epochs = 20
    config.pretrain_epochs = 20
    return config


def get_config() -> ConfigDict:
    """Return the settings."""
    return pairs.applied(every_rate(), "location20")
