"""What should the IMU branch learn in the source building, and is it better than nothing?

  python -m launch.study --config=configs/pretext.py:mmloc --config.data_dir=DATA --workdir=DIR

The paper pretrains on the source's coordinates, which mean nothing in another building; other
pretexts ask for motion alone. The control is a branch that learned nothing: frozen it is the
pretext `random`, fine-tuned it is scratch on the same rounds.
The paper: asks for position, and has no control.
Found: no pretext is shown to beat another, or untrained features. Frozen branch, malls: position
19.95 ± 0.85, displacement 18.82 ± 0.55, random 20.03 ± 2.19 m; Bucharest 4.03 ± 0.42, 4.18 ± 0.32
and 4.34 ± 0.70 m.
Takes: 55 networks, five seeds each; scratch, which has no pretext, is trained once. With 10 epochs
3 min on two CPU cores. Pairs: see configs/pairs.py.
"""

from itertools import product

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH, TRANSFERRED

LEARNED = ("position", "displacement", "motion", "reconstruction")


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "pretext"
    config.scratch_rates, config.finetune_rates = (1.0, 0.5), (0.5,)
    config.seeds = 5
    learned = product(LEARNED, (TRANSFERRED, FINETUNED))
    pretexts, arms = zip(*learned, ("position", SCRATCH), ("random", TRANSFERRED), strict=True)
    config.sweep = ({"pretext": pretexts, "arm": arms},)
    return pairs.applied(config, pair)
