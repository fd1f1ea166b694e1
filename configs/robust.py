"""What is each switch worth that makes MTLoc robust? From the published network, one added a rung.

  python -m launch.study --config=configs/robust.py:mmloc --config.data_dir=DATA --workdir=DIR

The rungs: learned vectors for a modality that is seen not to be there; modalities taken from
windows in training; the magnetic field's axes; the distance as loss; a learning rate that ends at
0; 10 s of the past. All windows of the first 10 s of a walk are left out on every rung, so that
all are judged at the same moments. Wiping is silent, as the paper's: a sensor that stands still
and a scan that heard nothing show it themselves. Malls: walks of 6.3 s allow windows of 5 s.
The paper: the first rung, no other.
Found: Bucharest, five seeds, 10 epochs, without the last rung: 4.24 ± 0.46 m as published, 2.25 ±
0.26 with three axes, 1.41 ± 0.11 with all five; the axes give most, then a learning rate that ends
at 0.
Takes: 42 networks in 7 variants, three seeds each; those of 10 s train about ten times as long:
`--config.sweep` without its last entries leaves them out.
Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, quickstart
from configs.axes import added_one_after_another
from mtloc_jax.arms import FINETUNED, SCRATCH, WIPED_SHARE

LONGEST_S = 10


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = quickstart.get_config()
    config.study = "robust"
    config.arms = (SCRATCH, FINETUNED)
    config.finetune_rates = (1.0,)
    config.wipe.drop_rates = (0.0, WIPED_SHARE)
    context_s = LONGEST_S if pairs.named(pair).shortest_walk_s > LONGEST_S else 5
    steps = 1000 * context_s // config.window.step_ms
    config.window.warm_up_ms = (steps - 1) * config.window.step_ms
    config.sweep = (
        added_one_after_another(
            config,
            ("presence", "seen"),
            ("modality_dropout", 0.3),
            ("window.mag_channels", 3),
            ("loss", "distance"),
            ("schedule", "cosine"),
            ("window.steps", steps),
        ),
    )
    return pairs.applied(config, pair)
