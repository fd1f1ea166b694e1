"""Should the grafted branch thaw at once, slowly, or late?

  python -m launch.study --config=configs/thaw.py:mmloc --config.data_dir=DATA --workdir=DIR

`all` trains everything from the first step, `imu x0.1` the grafted branch at a tenth of the
learning rate, `imu from epoch 5` after five epochs of stillness; transferred, beside them, never.
The paper: all at once.
Found: no difference shown. All rounds, Bucharest: 3.99 ± 0.37 m at once, 3.78 ± 0.22 slowly, 4.12 ±
0.54 late; malls: 21.11 ± 1.61, 20.45 ± 0.90 and 20.20 ± 1.06 m.
Takes: 65 networks, five seeds each; scratch and transferred, which thaw nothing, are trained once.
With 10 epochs 3 min on two CPU cores. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH, TRANSFERRED

PLANS = ("all", "imu x0.1", "imu from epoch 5")


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "thaw"
    config.scratch_rates = config.finetune_rates = (1.0, 0.5, 0.125)
    config.seeds = 5
    thawed = ((plan, FINETUNED) for plan in PLANS)
    plans, arms = zip(("all", SCRATCH), ("all", TRANSFERRED), *thawed, strict=True)
    config.sweep = ({"finetune_plan": plans, "arm": arms},)
    return pairs.applied(config, pair)
