"""Are 128 units a layer too many for so little data, or too few?

  python -m launch.study --config=configs/capacity.py:mmloc --config.data_dir=DATA --workdir=DIR

The paper: 128 in every layer (Table I), no other size.
Found: see results/README.md.
Takes: 30 networks, three seeds each; 512 units train about 15 times as long as 128. Pairs: see
configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.report.arms import FINETUNED, SCRATCH


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "capacity"
    config.arms = (SCRATCH, FINETUNED)
    config.finetune_rates = (0.5,)
    config.sweep = ({"hidden": (128, 256, 512, 64, 32)},)
    return pairs.applied(config, pair)
