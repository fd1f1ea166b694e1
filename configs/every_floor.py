"""Does the ladder hold on every floor of a mall, and on all of them together?

  python -m launch.study --config=configs/every_floor.py:site2 --config.data_dir=DATA --workdir=DIR

Every walk of each floor at hand is located by the survey of all others of that floor; what is
pretrained comes from four floors of the other mall. The report has each floor, and all pooled.
The paper: one building.
Found: site2, seven floors, 344 walks, three seeds: 5-NN held 10.72 m; the matcher held 8.24 ± 0.07,
with steps, causal, 6.95 ± 0.07, with a motion network 6.89 ± 0.08, offline 6.05 ± 0.06 m.
Takes: 3 matchers and 3 motion networks; with those of other_phones, and three losses of WiFi,
51 min on two CPU cores beside other work.
The argument is the mall that is located in: site1 or site2.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs
from mtloc_jax.errors import InputError
from mtloc_jax.sites.buildings import BUILDINGS

FROM = {"site1": "floors-reverse", "site2": "floors"}
"""Mall -> the pair whose sources are of the other one."""


def get_config(mall: str = "site2") -> ConfigDict:
    """Return the settings; raises InputError where there is no such mall."""
    if mall not in FROM:
        raise InputError(f"there is no mall {mall!r}", remedy=f"choose one of {', '.join(FROM)}")
    config = ladder.get_config(FROM[mall])
    config.study = "every_floor"
    floors = tuple(name for name in BUILDINGS if name.startswith(f"location20-whole/{mall}/"))
    config.sweep = ({"target": floors},)
    return pairs.applied(config, FROM[mall])
