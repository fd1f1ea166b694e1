"""With 40 % of one modality lost, how do fine-tuned, transferred and raw errors spread (Fig 6)?

  python -m launch.study --config=configs/fig6.py:mmloc --config.data_dir=DATA --workdir=DIR

Table VI's two networks, and the raw one (from scratch on all rounds) beside them.
The paper: fine-tuned lies above both for every modality; transferred falls behind raw for WiFi.
Found: on average fine-tuned 32.12 ± 6.78, transferred 29.53 ± 1.78, raw 38.49 ± 6.51 m (malls,
filled with zero); 5.84 ± 0.37, 5.17 ± 0.56 and 4.42 ± 0.25 m (Bucharest, least): the raw network
has more rounds.
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
