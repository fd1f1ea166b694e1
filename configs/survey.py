"""How many rounds must I walk in a new building for an error of so many metres?

  python -m launch.study --config=configs/survey.py:mmloc --config.data_dir=DATA --workdir=DIR

Scratch and fine-tuned at every rate, on the same rounds: the report's table of rounds needed
counts them, its data-demand figure shows the curve.
The paper: 5 of 8 rounds with transfer are as good as 8 without.
Found: with the 16 seeds of configs/location20.py and mmloc.py, Bucharest: 4.5 m take 3.9 rounds
[3.4, 4.3] from scratch, 4.4 [4.0, 5.0] fine-tuned. Malls: 30 m take 3.6 [2.0, 5.2] and
3.4 [1.9, 4.0], by where the survey walked, not how often.
Takes: 160 networks, ten seeds each, 20 epochs: about half an hour on two CPU cores. Pairs: see
configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "survey"
    config.arms = (SCRATCH, FINETUNED)
    config.scratch_rates = config.finetune_rates
    config.seeds = 10
    return pairs.applied(config, pair)
