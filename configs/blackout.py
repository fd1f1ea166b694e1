"""What is left of a position where WiFi is lost half way?

  python -m launch.study --config=configs/blackout.py:floors --config.data_dir=DATA --workdir=DIR

Every walk is located by the survey of all the others, with all its scans, and with those alone that
arrive before the middle of its time: from there on motion carries the position, or nothing does.
The paper: wipes at random, nothing of this.
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
