"""What should the IMU branch learn in the source building, and is it better than nothing?

  python -m launch.study --config=configs/pretext.py:mmloc --config.data_dir=DATA --workdir=DIR

The paper pretrains on the source's coordinates, which mean nothing in another building; other
pretexts ask for motion alone. The control is a branch that learned nothing: frozen it is the
pretext `random`, fine-tuned it is scratch on the same rounds.
The paper: asks for position, and has no control.
Found: frozen, an untrained branch errs the same as one pretrained on position (16 seeds): malls
20.21 ± 1.42 and 20.69 ± 1.32 m, within 2 m; Bucharest 4.13 ± 0.34 and 4.02 ± 0.43, within 0.5 m;
so do displacement, motion and reconstruction, frozen and fine-tuned, in both.
Takes: 176 networks, 16 seeds each; scratch, which has no pretext, is trained once. With 10 epochs
9 and 11 min on two CPU cores beside other work. Pairs: see configs/pairs.py.
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
    config.seeds = 16
    learned = product(LEARNED, (TRANSFERRED, FINETUNED))
    pretexts, arms = zip(*learned, ("position", SCRATCH), ("random", TRANSFERRED), strict=True)
    config.sweep = ({"pretext": pretexts, "arm": arms},)
    return pairs.applied(config, pair)
