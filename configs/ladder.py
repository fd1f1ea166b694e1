"""What is each ingredient worth: the expert on WiFi, motion, and joining them over time?

  python -m launch.study --config=configs/ladder.py:floors --config.data_dir=DATA --workdir=DIR

Every walk of the target is located by the survey of all the others, in one run: 5-NN by cosine with
the newest scan held, which stands beside everything here, then what is added to it. Windows before
a walk's first scan, which WiFi cannot place, stand apart.
The paper: windows alone; it neither joins them over time nor tells how sure it is.
Found: site2/F1, 80 walks, three seeds (configs/throttle.py asks this too): 5-NN held 8.54 m; the
matcher held 5.48 ± 0.04, with steps, causal, 4.28 ± 0.03, with a motion network 4.19 ± 0.02 m.
Takes: 3 matchers and 3 motion networks: less than throttle's 12 min on two CPU cores.
The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import ARMS
from mtloc_jax.locate import JOINS, NONE, Locate

HELD_MS = 600_000
"""Longer than any walk goes without a scan."""
APART = ("radio-map", "matcher-and-map")
"""Experts that err no less than those that they are made of, or stand beside."""


def located() -> ConfigDict:
    """Return the settings that all questions of located walks start from."""
    config = unwiped.get_config()
    config.survey, config.unit = "others", "walk"
    config.before_scan, config.wipe.drop_rates = "apart", ()
    config.window.wifi_max_age_ms = HELD_MS
    config.seeds = 3
    return config


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = located()
    config.study = "ladder"
    config.arms = tuple(
        arm.name
        for arm in ARMS.values()
        if arm.locate and _asked(arm.locate) and not (arm.learns_here or arm.chooses_here)
    )
    return pairs.applied(config, pair)


def _asked(locate: Locate) -> bool:
    """Say whether it is of the ladder; what was worth nothing there is left to --config.arms."""
    astray = JOINS[locate.time].cells and locate.motion == NONE
    return locate.expert not in APART and not astray
