"""How many walks does a new building need for so many metres, with transfer and without?

  python -m launch.study --config=configs/demand.py:floors --config.data_dir=DATA --workdir=DIR

Walks are dealt to five folds; each fold in turn is located by surveys of 5 walks to all of the
others' (but for the fold that validates), drawn by seed. A matcher that was pretrained elsewhere
and used as it is, stands beside one that trains on the survey alone and one that does both.
The paper: rates of eight rounds, 12.5 % at least; what transfers is the IMU branch.
Found: one seed; walks for 12 m, a scan held, site2/F1 (an earlier matcher), B1 and F6: the matcher
transferred 18 [13, 25], 24 [17, 30] and 31 [23, 36], from scratch 22 [18, 29], 28 [20, 33] and
34 [28, not reached], 5-NN 32 [21, 39], 33 [23, not reached] and not with the 36 that were tried.
Takes: a matcher transferred and 40 or 50 trained on surveys, one seed: 22 to 53 min on two CPU
cores beside other work.
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
