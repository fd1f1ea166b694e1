"""Would longer training change the answer? 5, 20 and the paper's 100 epochs.

  python -m launch.study --config=configs/epochs.py:mmloc --config.data_dir=DATA --workdir=DIR

Pretraining and training are lengthened together. Most studies here train 10 or 20 epochs: this one
says what that costs, and whether transfer helps where networks are trained to the end.
The paper: 100 epochs, no other number.
Found: not shown to. Bucharest with 5, 20 and 100 epochs: scratch 4.28 ± 0.39, 3.48 ± 0.37 and 2.94
± 0.13 m, fine-tuned on 62.5 % 5.44 ± 1.30, 4.86 ± 0.58 and 4.38 ± 0.57 m, which loses at 100.
Malls, scratch: 19.49 ± 2.22, 20.72 ± 2.49 and 20.00 ± 2.36 m: no change shown.
Takes: 45 networks, five seeds each: 11 to 16 min on two CPU cores. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import HEADLINE_RATE

EPOCHS = (20, 5, 100)


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "epochs"
    config.finetune_rates = (HEADLINE_RATE,)
    config.seeds = 5
    config.sweep = ({"epochs": EPOCHS, "pretrain_epochs": EPOCHS},)
    return pairs.applied(config, pair)
