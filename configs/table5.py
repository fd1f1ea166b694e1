"""What error does each fine-tune rate leave, and what does training from scratch (Table V)?

  python -m launch.study --config=configs/table5.py:mmloc --config.data_dir=DATA --workdir=DIR

The paper: scratch 2.39 m on average, fine-tuned 1.46 m (100 %), 1.56 m (62.5 %), 3.34 m (12.5 %),
transferred 3.35 m; one network each.
Found: malls 19.57 ± 2.21 m (scratch), 20.45 ± 1.94 (100 %), 24.84 ± 6.69 (62.5 %), 45.52 ± 18.91
(12.5 %), 20.24 ± 1.78 (transferred); Bucharest 3.30 ± 0.22, 3.84 ± 0.22, 4.92 ± 0.41, 7.27 ± 0.57
and 3.99 ± 0.53. Transfer saves no round: in Bucharest it costs.
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
