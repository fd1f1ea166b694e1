"""Which share of the errors stays below how many metres, by fine-tune rate (Fig 4)?

  python -m launch.study --config=configs/fig4.py:mmloc --config.data_dir=DATA --workdir=DIR

The networks are Table V's: a workdir of either has both.
The paper: over 80 % of the test errors are below 3 m; 12.5 % and 0 % lie apart from the rest.
Found: with the 16 seeds of configs/location20.py and mmloc.py, 75 % of the errors are below 34.71 ±
7.15 m from scratch and 37.73 ± 8.32 m at 62.5 % (malls), below 4.79 ± 0.45 and 6.89 ± 0.97 m
(Bucharest). Fewer rounds, longer tails.
Takes: 100 networks, ten seeds each, 20 epochs: about a quarter of an hour on two CPU cores. Pairs:
see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import table5


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = table5.get_config(pair)
    config.study = "fig4"
    return config
