"""How many walks does a new building need for so many metres, with transfer and without?

  python -m launch.study --config=configs/demand.py:floors --config.data_dir=DATA --workdir=DIR

Walks are dealt to five folds; each fold in turn is located by surveys of 5 walks to all of the
others' (but for the fold that validates), drawn by seed. A matcher that was pretrained elsewhere
and used as it is, stands beside one that trains on the survey alone and one that does both.
The paper: rates of eight rounds, 12.5 % at least; what transfers is the IMU branch.
The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs

COUNTS = (5, 10, 20, 40)
FOLDS = 5


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = ladder.located()
    config.study = "demand"
    config.arms = (
        "cosine-held",
        "v3-held",
        "matcher-held",
        "matcher-scratch-held",
        "matcher-tuned-held",
        "matcher-steps-filter",
        "matcher-scratch-steps-filter",
    )
    config.survey, config.unit, config.folds = "once", "walk", FOLDS
    training = pairs.named(pair).n_walks * (FOLDS - 2) // FOLDS
    counts = tuple(n for n in COUNTS if n < training)
    config.sweep = ({"test_round": tuple(range(1, FOLDS + 1))}, {"walks": (*counts, 0)})
    return pairs.applied(config, pair)
