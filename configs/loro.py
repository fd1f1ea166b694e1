"""Would another test round say the same? Every round of the target is left out once.

  python -m launch.study --config=configs/loro.py:mmloc --config.data_dir=DATA --workdir=DIR

The round after the one left out validates, all others train: more than the paper's 8 of 14.
Fine-tuning on half of them has both rivals: scratch on the same half, and on all.
The paper: not asked; one test round, one network.
Found: malls, 14 rounds, two seeds: scratch 18.79 ± 0.31, transferred 18.84 ± 0.72 m, the same
within 2 m; Bucharest, 8, five seeds: 4.10 ± 0.15 and 4.41 ± 0.19 m, undecided; on the same half
fine-tuned errs the same as scratch within 0.5 m, 5.12 ± 0.20 and 5.18 ± 0.39 m. 7.97 and 0.55 m
between rounds.
Takes: 280 networks on 14 rounds (160 on Bucharest's 8), five seeds each: 160 of 10 epochs took
10 min on two CPU cores beside other work. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "loro"
    config.seeds = 5
    config.scratch_rates, config.finetune_rates = (1.0, 0.5), (0.5,)
    config.sweep = ({"test_round": tuple(range(1, pairs.named(pair).n_rounds + 1))},)
    return pairs.applied(config, pair)
