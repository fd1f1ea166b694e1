"""How many source floors does transfer need, and must they be of another mall?

  python -m launch.study --config=configs/sources.py --config.data_dir=DATA --workdir=DIR

Every walk of site2/F1 is located by the survey of all the others, by matchers that were pretrained
on one, two and four floors of the other mall, and on one and three of the same.
The paper: one source building.
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
