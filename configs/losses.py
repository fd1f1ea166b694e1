"""What does a position cost where the phone scans WiFi seldom, or loses it half way?

  python -m launch.study --config=configs/losses.py:mmloc --config.data_dir=DATA --workdir=DIR

Android lets an app in front scan four times in two minutes. Beside that: one scan in 10 s, a scan
that is held until the next one, and WiFi lost from the middle of each walk on. Sensors fail in
bursts of 5 s.
The paper: wipes at random, nothing of this.
Found: Bucharest, from scratch: 3.25 ± 0.17 m with nothing lost, 6.27 ± 0.35 with a scan in 30 s,
4.53 ± 0.28 where that is held until the next one, 5.41 ± 0.33 with one in 10 s, 5.30 ± 0.27 with
the second half lost; differences are not tested. 40 % of WiFi lost in bursts: 4.85 ± 0.21 m.
Takes: 15 networks, five seeds of each arm, 20 epochs: minutes on two CPU cores. Pairs: see
configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, quickstart
from mtloc_jax.arms import HEADLINE_RATE
from mtloc_jax.sites.losses import LOSSES


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = quickstart.get_config()
    config.study = "losses"
    config.finetune_rates = (HEADLINE_RATE,)
    config.seeds = 5
    config.wipe.update(mode="bursts", burst_windows=50, losses=tuple(LOSSES))
    return pairs.applied(config, pair)
