"""How many walks, and minutes, must a building be surveyed for?

  python -m launch.study --config=configs/walks.py:mmloc --config.data_dir=DATA --workdir=DIR

Walks are drawn from all that train, more contain fewer: the axis that a surveyor plans by. Rounds
of several walks (configs/survey.py) cannot say how few are enough.
The paper: rates of eight rounds, 12.5 % at least.
Takes: 30 networks of the simulated buildings, 50 of location20, 60 of whole, five seeds each; not
yet asked of real buildings. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH

COUNTS = (2, 5, 10, 20, 40)


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "walks"
    config.arms = (SCRATCH, FINETUNED)
    config.scratch_rates = config.finetune_rates = (1.0,)
    config.seeds = 5
    fewer = tuple(n for n in COUNTS if n < pairs.named(pair).n_training_walks)
    config.sweep = ({"walks": (*fewer, 0)},)
    return pairs.applied(config, pair)
