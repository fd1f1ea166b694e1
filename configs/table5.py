"""What error does each fine-tune rate leave, and what does training from scratch (Table V)?

  python -m launch.study --config=configs/table5.py:mmloc --config.data_dir=DATA --workdir=DIR

The paper: scratch 2.39 m on average, fine-tuned 1.46 m (100 %), 1.56 m (62.5 %), 3.34 m (12.5 %),
transferred 3.35 m; one network each.
Found: see results/README.md.
Takes: 100 networks, ten seeds each. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "table5"
    config.seeds = 10
    return pairs.applied(config, pair)
