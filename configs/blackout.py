"""What is left of a position where WiFi is lost half way?

  python -m launch.study --config=configs/blackout.py:floors --config.data_dir=DATA --workdir=DIR

Every walk is located by the survey of all the others, with all its scans, and with those alone that
arrive before the middle of its time: from there on motion carries the position, or nothing does.
The paper: wipes at random, nothing of this.
Found: site2/F1, 80 walks, three seeds: the matcher with a motion network, causal, errs 4.68 ± 0.02,
with all scans 4.19 ± 0.02 m; without motion, its newest scan held, 7.69 ± 0.06 and 5.48 ± 0.04 m.
Takes: 3 matchers and 3 motion networks; with those of throttle 6 min on two CPU cores beside other
work.
The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = ladder.get_config(pair)
    config.study = "blackout"
    config.wipe.losses = ("wifi: second half of each walk lost",)
    return pairs.applied(config, pair)
