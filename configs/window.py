"""How much of the past does a position need: 1, 2, 5 or 10 s?

  python -m launch.study --config=configs/window.py:mmloc --config.data_dir=DATA --workdir=DIR

All are trained and judged at the same moments: none before the longest could end. The malls have
walks of 6.3 s: there, 5 s is the longest.
The paper: 1 s, no other length.
Found: in Bucharest longer ones beat 1 s, scratch 4.05 ± 0.42 m (1 s), 3.27 ± 0.33 (2 s),
3.09 ± 0.76 (10 s); in the malls 2 and 5 s err the same as 1 s within 2 m, 18.88 ± 2.11,
18.63 ± 1.94 and 18.60 ± 1.78 m.
Takes: 128 networks (96 in the malls), 16 seeds each; an LSTM's time grows with its window. With 10
epochs the malls' took 20 min on two CPU cores, 96 of Bucharest's 32. Pairs: see configs/pairs.py.
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
    config.seeds = 16
    fitting_s = [s for s in LENGTHS_S if s < pairs.named(pair).shortest_walk_s]
    steps = tuple(1000 * s // config.window.step_ms for s in fitting_s)
    config.window.warm_up_ms = (max(steps) - 1) * config.window.step_ms
    config.sweep = ({"window.steps": steps},)
    return pairs.applied(config, pair)
