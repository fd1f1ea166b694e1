"""How much of the past does a position need: 1, 2, 5 or 10 s?

  python -m launch.study --config=configs/window.py:mmloc --config.data_dir=DATA --workdir=DIR

A longer window begins later in a walk, so that the first seconds of each are judged in the
shorter windows' rows only. The malls have walks of 6.3 s: there, 5 s is the longest.
The paper: 1 s, no other length.
Found: see results/README.md.
Takes: 40 networks (30 in the malls), five seeds each; an LSTM's time grows with its window. Pairs:
see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.report.arms import FINETUNED, SCRATCH

LENGTHS_S = (1, 2, 5, 10)


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "window"
    config.arms = (SCRATCH, FINETUNED)
    config.finetune_rates = (0.5,)
    config.seeds = 5
    fitting_s = [s for s in LENGTHS_S if s < pairs.named(pair).shortest_walk_s]
    config.sweep = ({"window.steps": tuple(1000 * s // config.window.step_ms for s in fitting_s)},)
    return pairs.applied(config, pair)
