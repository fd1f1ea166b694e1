"""How far does WiFi alone get, when every walk in turn is located by all the others?

  python -m launch.study --config=configs/each_walk.py:whole --config.data_dir=DATA --workdir=DIR

Leave one walk out, for predictors that need no training; the walk after the one left out validates,
so that k may be chosen. It often starts where the other ended: 5-NN errs 9.8 m in site2/F1 without
it in the survey and 8.6 m with it. The newest scan is held until the next one comes.
Its report pools all walks by distance to the survey: windows before a walk's first scan, which no
method can place, are apart there.
Not asked of real buildings by itself: configs/every_floor.py asks it with what joins walks over
time. The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs, unwiped


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "each_walk"
    config.arms = ("constant", "wifi-knn", "wifi-weighted-knn", "wifi-knn-cosine")
    config.seeds, config.finetune_rates = 1, (1.0,)
    config.window.wifi_max_age_ms = ladder.HELD_MS
    config.unit = "walk"
    config.sweep = ({"test_round": tuple(range(1, pairs.named(pair).n_walks + 1))},)
    return pairs.applied(config, pair)
