"""How far do predictors without a network get at every survey size?

  python -m launch.baselines --config=configs/baselines.py:location20 --config.data_dir=DATA \\
    --config.networks=results/location20 --workdir=DIR

The argument names a pair of configs/pairs.py; `smoke` takes seconds. Each baseline is fitted on
exactly the windows that a network of the same rate and seed trains on.
"""

from ml_collections import ConfigDict

from configs import pairs, quickstart
from mtloc_jax.cards.baselines import BASELINES

_SHARED = (
    "source",
    "target",
    "data_dir",
    "simulation",
    "window",
    "wifi_entry_max_age_ms",
    "finetune_rates",
    "subset",
)


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings for a pair of buildings; only the target is surveyed."""
    defaults = pairs.applied(quickstart.get_config(), pair)
    config = ConfigDict({name: defaults[name] for name in _SHARED})
    config.study = "baselines"
    config.test_round = 0  # the building's own split, or the round that is left out to test on
    config.seeds = 2 if pair == "smoke" else 10
    config.baselines = BASELINES
    # Of these, each survey takes the number of neighbours that errs least on validation.
    config.neighbours = (1, 2, 3, 5, 8, 13, 21, 34, 55)
    # Workdir of a study on the same pair, whose networks are drawn and compared; "" for none.
    config.networks = ""
    return config
