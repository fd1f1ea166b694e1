"""How many source floors does transfer need, and must they be of another mall?

  python -m launch.study --config=configs/sources.py --config.data_dir=DATA --workdir=DIR

Every walk of site2/F1 is located by the survey of all the others, by matchers that were pretrained
on one, two and four floors of the other mall, and on one and three of the same.
The paper: one source building.
Found: 80 walks, three seeds, the matcher with steps, causal: of the other mall one floor 5.04 ±
0.13, two 4.56 ± 0.05, four 4.28 ± 0.03 m; of the same mall one 4.87 ± 0.19, three 4.43 ± 0.03 m.
Takes: 15 matchers: 8 min on two CPU cores beside other work.
Of one pair: it takes no argument.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs

TARGET = "location20-whole/site2/F1"
SAME_MALL = tuple(floor for floor in pairs.SITE2 if floor != TARGET)
SOURCES = (*(pairs.SITE1[:n] for n in (1, 2, 4)), *(SAME_MALL[:n] for n in (1, 3)))


def get_config() -> ConfigDict:
    """Return the settings."""
    config = ladder.located()
    config.study = "sources"
    config.arms = ("cosine-held", "matcher-held", "matcher-steps-filter")
    config.sweep = ({"source": tuple(",".join(floors) for floors in SOURCES)},)
    return pairs.applied(config, "floors")
