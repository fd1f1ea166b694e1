"""What is motion worth, and which: none, steps counted, a network that was pretrained elsewhere?

  python -m launch.study --config=configs/motion.py:floors --config.data_dir=DATA --workdir=DIR

Walks are dealt to five folds; each is located by the survey of the others (but for the fold that
validates), with all its scans, one in 30 s, and WiFi lost half way. A network on motion is
pretrained in the source and used as it is, trained on the survey alone, or both.
The paper: an IMU branch without directions, whose graft is the point.
Found: site2/F1, 80 walks, three seeds, the matcher: newest scan held 6.84 ± 0.06 m, with steps,
causal, 5.58 ± 0.10, with the other mall's network 5.57 ± 0.08, the same within 1 m; with a scan in
30 s 10.97 ± 0.03, 6.75 ± 0.13 and 6.60 ± 0.09 m.
Takes: 30 motion networks trained on surveys, and what throttle pretrains: with that 15 min on two
CPU cores beside other work.
The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import demand, ladder, pairs
from mtloc_jax.locate import FILTER, MOTIONS, SMOOTHER

LOSSES = ("wifi: a scan in 30 s", "wifi: second half of each walk lost")


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = ladder.located()
    config.study = "motion"
    joined = tuple(f"matcher-{motion}-{time}" for motion in MOTIONS for time in (FILTER, SMOOTHER))
    config.arms = ("cosine-held", "matcher-held", *joined)
    config.wipe.losses = LOSSES
    config.survey, config.unit, config.folds = "once", "walk", demand.FOLDS
    config.sweep = ({"test_round": tuple(range(1, demand.FOLDS + 1))},)
    return pairs.applied(config, pair)
