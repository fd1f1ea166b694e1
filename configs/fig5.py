"""How does the error grow with the share of one modality that is lost (Fig 5)?

  python -m launch.study --config=configs/fig5.py:mmloc --config.data_dir=DATA --workdir=DIR

The network is the paper's choice, fine-tuned on 62.5 % of the rounds.
The paper: from 2.9 m at 40 % to 5.6 m and more at 100 %; WiFi is missed most, then MAG, then IMU.
Found: with the 16 seeds of configs/location20.py and mmloc.py WiFi is missed most, in the means.
Malls 25.01 ± 8.11 m, 43.04 ± 7.85 with 40 % of WiFi lost; Bucharest 5.00 ± 0.66 and 6.18 ± 0.48 m.
Filled with zero it is MAG there, the fill's doing (configs/fills.py, five seeds).
Takes: 10 networks, each judged at 11 drop rates for 3 modalities: minutes on two CPU cores. Pairs:
see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, quickstart
from mtloc_jax.arms import FINETUNED, HEADLINE_RATE


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = quickstart.get_config()
    config.study = "fig5"
    config.arms = (FINETUNED,)
    config.finetune_rates = (HEADLINE_RATE,)
    config.seeds = 10
    return pairs.applied(config, pair)
