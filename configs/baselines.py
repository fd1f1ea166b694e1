"""How far do predictors without a network get at every survey size?

  python -m launch.study --config=configs/baselines.py:location20 --config.data_dir=DATA \\
    --config.networks=results/baselines/networks/location20 --workdir=DIR

The paper: compares with no predictor without a network.
Found: 8 rates pooled, ten seeds, on test: in the malls a Gaussian process on WiFi errs less than
scratch, -4.45 m [-6.73, -2.16]; in Bucharest a clock without sensors does, -2.22 m [-2.53, -1.91].
Takes: no network; minutes on two CPU cores.

Each predictor is fitted on exactly the windows that a network of the same rate and seed trains on.
`networks` names the workdir of a study on the same pair, whose networks are drawn and compared;
to train networks in this very study, add their arms:
  --config.arms="('scratch', 'finetuned', 'wifi-knn')"
The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import PREDICTORS


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings for a pair of buildings; only the target is surveyed."""
    config = unwiped.get_config()
    config.study = "baselines"
    config.arms = PREDICTORS
    config.scratch_rates = config.finetune_rates
    config.seeds = 10
    made = pairs.applied(config, pair)
    made.seeds = 2 if pair == "smoke" else made.seeds
    return made
