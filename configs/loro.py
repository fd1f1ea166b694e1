"""Would another test round say the same? Every round of the target is left out once.

  python -m launch.study --config=configs/loro.py:mmloc --config.data_dir=DATA --workdir=DIR

The round after the one left out validates, all others train: more than the paper's 8 of 14.
Fine-tuning on half of them has both rivals: scratch on the same half, and on all.
The paper: not asked; one test round, one network.
Found: malls, 14 rounds: scratch 18.79 ± 0.31, transferred 18.84 ± 0.72 m, the same within 2 m;
Bucharest, 8: 4.11 ± 0.28 and 4.31 ± 0.23 m, undecided. 7.97 and 0.51 m between rounds.
Takes: 168 networks on 14 rounds (96 on Bucharest's 8), three seeds each: 64 of 10 epochs took 3 min
on two CPU cores. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "loro"
    config.scratch_rates, config.finetune_rates = (1.0, 0.5), (0.5,)
    config.sweep = ({"test_round": tuple(range(1, pairs.named(pair).n_rounds + 1))},)
    return pairs.applied(config, pair)
