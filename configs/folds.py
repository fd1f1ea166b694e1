"""How far does each arm err on walks of the same floor, when every walk is tested once?

  python -m launch.study --config=configs/folds.py:mmloc --config.data_dir=DATA --workdir=DIR

Walks are dealt to folds in turn, in the order they were walked, fourteen folds or as many as there
are walks: each fold tests once, the next one validates, the others train. On whole floors
(`folds.py:whole`) that is the fairest error of a surveyed building; configs/each_walk.py leaves
single walks out, for methods without training. The report shows the error by distance to the
survey, over all folds.
The paper: one test round, one network.
Found: whole malls, 80 walks: scratch 15.75 ± 0.50, transferred 16.45 ± 0.12 m; by walk transferred
errs more, by less than 1 m. With half of the walks fine-tuned 18.61 ± 0.25, scratch 19.05 ± 0.52 m;
by walk fine-tuned errs less.
Takes: 168 networks on 14 folds, three seeds each; of 10 epochs, on whole floors, 49 min on two CPU
cores beside other programs. Pairs: see configs/pairs.py.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped

FOLDS = 14


def get_config(pair: str = "simulated") -> ConfigDict:
    """Return the settings; raises InputError where there is no such pair."""
    config = unwiped.get_config()
    config.study = "folds"
    config.unit, config.folds = "walk", min(FOLDS, pairs.named(pair).n_walks)
    config.scratch_rates, config.finetune_rates = (1.0, 0.5), (0.5,)
    config.sweep = ({"test_round": tuple(range(1, config.folds + 1))},)
    return pairs.applied(config, pair)
