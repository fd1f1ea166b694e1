"""What does a position cost where the phone scans WiFi seldom?

  python -m launch.study --config=configs/throttle.py:floors --config.data_dir=DATA --workdir=DIR

Android lets an app in front scan four times in two minutes: once in 30 s. Every walk is located by
the survey of all the others, with all its scans and with one in 2, 10 and 30 s.
The paper: scans of its windows, at most 4 s old, wiped at random.
Found: site2/F1, 80 walks, three seeds: the matcher with a motion network, causal, errs 4.19 ± 0.02
with all scans, 4.60 ± 0.02 with one in 10 s, 5.50 ± 0.07 m in 30 s; its newest scan held 5.48 ±
0.04, 6.86 ± 0.05 and 9.94 ± 0.02 m.
Takes: 3 matchers and 3 motion networks: 12 min on two CPU cores beside other work.
The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs

LOSSES = tuple(f"wifi: a scan in {s} s" for s in (2, 10, 30))


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = ladder.get_config(pair)
    config.study = "throttle"
    config.wipe.losses = LOSSES
    return pairs.applied(config, pair)
