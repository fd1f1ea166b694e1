"""From the published MTLoc to matchers joined over time: what is each step worth?

  python -m launch.study --config=configs/whole_ladder.py:floors --config.data_dir=DATA \\
    --workdir=DIR

Networks of windows must be trained on the survey, so that walks are dealt to five folds here; each
is located by three of the others, and one validates. Predictors, MTLoc from scratch, transferred
and fine-tuned, and what locates whole walks, by one expert or by that which validation chooses, on
the same windows: those after a walk's first scan.
The paper: MTLoc, transferred and fine-tuned.
Found: site2/F1, 80 walks, three seeds: MTLoc from scratch 10.74 ± 0.36, transferred 11.04 ± 0.37,
fine-tuned 10.32 ± 0.19 m, either the same as scratch within 1 m; 5-NN held 9.94 m; the matcher held
6.84 ± 0.06, with steps, causal, 5.58 ± 0.10 m.
Takes: 45 networks of MTLoc, and what throttle pretrains: with that 38 min on two CPU cores beside
other work.
The argument names a pair of configs/pairs.py; `smoke` takes seconds.
"""

from ml_collections import ConfigDict

from configs import demand, ladder, pairs
from mtloc_jax.arms import FINETUNED, SCRATCH, TRANSFERRED
from mtloc_jax.locate import HELD, JOINS, STEPS


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = ladder.located()
    config.study = "whole_ladder"
    located = tuple(
        name
        for expert in ("cosine", "v3", "matcher", "chosen")
        for name in (f"{expert}-{HELD}", *(f"{expert}-{STEPS}-{t}" for t in JOINS if t != HELD))
    )
    config.arms = ("constant", "wifi-forest", SCRATCH, TRANSFERRED, FINETUNED, *located)
    config.finetune_rates = (1.0,)
    config.survey, config.unit, config.folds = "once", "walk", demand.FOLDS
    config.sweep = ({"test_round": tuple(range(1, demand.FOLDS + 1))},)
    return pairs.applied(config, pair)
