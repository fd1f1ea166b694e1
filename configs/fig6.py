"""With 40 % of one modality lost, how do fine-tuned, transferred and raw errors spread (Fig 6)?

  python -m launch.study --config=configs/fig6.py:mmloc --config.data_dir=DATA --workdir=DIR

Table VI's two networks, and the raw one (from scratch on all rounds) beside them.
The paper: fine-tuned lies above both for every modality; transferred falls behind raw for WiFi.
Found: with the 16 seeds of configs/location20.py and mmloc.py, on average fine-tuned 32.24 ± 8.19,
transferred 29.20 ± 2.18, raw 29.63 ± 1.82 m (malls); 5.88 ± 0.58, 5.34 ± 0.69 and 4.59 ± 0.26 m
(Bucharest): the raw network has more rounds.
Takes: 30 networks, ten seeds each, 20 epochs: about 7 min on two CPU cores. Pairs: see
configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import table6
from mtloc_jax.arms import FINETUNED, SCRATCH, TRANSFERRED


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = table6.get_config(pair)
    config.study = "fig6"
    config.arms = (SCRATCH, TRANSFERRED, FINETUNED)
    return config
