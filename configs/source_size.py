"""How large must the source survey be for its IMU branch to be worth taking?

  python -m launch.study --config=configs/source_size.py:mmloc --config.data_dir=DATA --workdir=DIR

The branch is pretrained on all, a half, a quarter and an eighth of the source's training rounds.
The paper: all of them, no other share.
Found: no loss shown, none ruled out. Frozen branch of all and of an eighth: malls 19.95 ± 0.85 and
19.98 ± 1.66 m, Bucharest 4.43 ± 0.89 and 4.11 ± 0.68 m.
Takes: 50 networks, five seeds each; scratch, which has no source, is trained once. With 10 epochs 2
min on two CPU cores. Pairs: see configs/pairs.py.
"""

from itertools import product

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH, TRANSFERRED


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "source_size"
    config.scratch_rates, config.finetune_rates = (1.0, 0.5), (0.5,)
    config.seeds = 5
    grafted = product((1.0, 0.5, 0.25, 0.125), (TRANSFERRED, FINETUNED))
    shares, arms = zip((1.0, SCRATCH), *grafted, strict=True)
    config.sweep = ({"source_rate": shares, "arm": arms},)
    return pairs.applied(config, pair)
