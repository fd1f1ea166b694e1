"""Are 128 units a layer too many for so little data, or too few?

  python -m launch.study --config=configs/capacity.py:mmloc --config.data_dir=DATA --workdir=DIR

The paper: 128 in every layer (Table I), no other size.
Found: no size is shown to be better, nor to be the same within 0.5 m. Bucharest, scratch: 3.89 ±
0.34 (32 units), 3.76 ± 0.19 (64), 3.90 ± 0.29 (128), 4.05 ± 0.08 (256), 4.44 ± 0.64 m (512).
Takes: 50 networks, five seeds each; 512 units train about 15 times as long as 128. With 10 epochs
19 min on two CPU cores, not alone. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "capacity"
    config.arms = (SCRATCH, FINETUNED)
    config.finetune_rates = (0.5,)
    config.seeds = 5
    config.sweep = ({"hidden": (128, 256, 512, 64, 32)},)
    return pairs.applied(config, pair)
