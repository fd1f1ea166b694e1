"""What error does each fine-tune rate leave, and what does training from scratch (Table V)?

  python -m launch.study --config=configs/table5.py:mmloc --config.data_dir=DATA --workdir=DIR

The paper: scratch 2.39 m on average, fine-tuned 1.46 m (100 %), 1.56 m (62.5 %), 3.34 m (12.5 %),
transferred 3.35 m; one network each.
Found: with the 16 seeds of configs/location20.py and mmloc.py, malls 19.69 ± 1.92 m (scratch),
19.96 ± 1.72 (100 %), 25.01 ± 8.11 (62.5 %), 46.68 ± 18.63 (12.5 %), 20.95 ± 1.94 (transferred);
Bucharest 3.51 ± 0.26, 3.79 ± 0.37, 5.00 ± 0.66, 7.49 ± 0.34 and 4.02 ± 0.76. On the same rounds
fine-tuning saves a metre in the malls; in Bucharest it is the same as scratch within 0.5 m.
Takes: 100 networks, ten seeds each, 20 epochs: about a quarter of an hour on two CPU cores. Pairs:
see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "table5"
    config.seeds = 10
    return pairs.applied(config, pair)
