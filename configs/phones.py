"""Can a building surveyed with one phone be located in with another? IPIN 2023, floor -2.

  python -m launch.study --config=configs/phones.py --config.data_dir=DATA --workdir=DIR

Every route of this floor was walked twice with each of two phones. Each phone in turn is located by
walks of the other, of which every fifth validates; k-NN beside the networks. What is learnt in the
source, floor 0, was recorded with both.
The paper: one phone.
Found: 28 walks, 16 seeds: scratch 6.55 ± 0.42, transferred 6.66 ± 0.50, fine-tuned 6.60 ± 0.43 m,
by walk the same as scratch within 1 m; 5-NN by cosine 4.98 m.
Takes: 96 networks, 16 seeds each: 4 min on an H200.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import FINETUNED, SCRATCH, TRANSFERRED


def get_config() -> ConfigDict:
    """Return the settings."""
    config = unwiped.get_config()
    config.study = "phones"
    config.arms = (SCRATCH, TRANSFERRED, FINETUNED, "constant", "wifi-knn", "wifi-knn-cosine")
    config.finetune_rates = (1.0,)
    config.seeds = 16
    config.epochs = config.pretrain_epochs = 5
    config.unit = "phone"
    config.sweep = ({"test_round": (1, 2)},)
    return pairs.applied(config, "ipin")
