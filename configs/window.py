"""How much of the past does a position need: 1, 2, 5 or 10 s?

  python -m launch.study --config=configs/window.py:mmloc --config.data_dir=DATA --workdir=DIR

All are trained and judged at the same moments: none before the longest could end. The malls have
walks of 6.3 s: there, 5 s is the longest.
The paper: 1 s, no other length.
Found: in Bucharest 2 and 10 s beat 1 s, scratch 3.90 ± 0.29 m (1 s), 3.12 ± 0.28 (2 s), 2.97 ± 0.91
(5 s), 2.42 ± 0.25 (10 s); not shown in the malls: 20.83 ± 2.49 (1 s), 18.79 ± 0.85 m (5 s).
Takes: 40 networks (30 in the malls), five seeds each; an LSTM's time grows with its window. With 10
epochs 5 and 14 min on two CPU cores. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH

LENGTHS_S = (1, 2, 5, 10)


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "window"
    config.arms = (SCRATCH, FINETUNED)
    config.finetune_rates = (0.5,)
    config.seeds = 5
    fitting_s = [s for s in LENGTHS_S if s < pairs.named(pair).shortest_walk_s]
    steps = tuple(1000 * s // config.window.step_ms for s in fitting_s)
    config.window.warm_up_ms = (max(steps) - 1) * config.window.step_ms
    config.sweep = ({"window.steps": steps},)
    return pairs.applied(config, pair)
