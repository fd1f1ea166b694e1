"""How many source floors does transfer need, and must they be of another mall?

  python -m launch.study --config=configs/sources.py --config.data_dir=DATA --workdir=DIR

Every walk of site2/F1 is located by the survey of all the others, by matchers that were pretrained
on one, two and four floors of the other mall, and on one and three of the same.
The paper: one source building.
Of one pair: it takes no argument.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs

OTHER_MALL = tuple(f"location20-whole/site1/{floor}" for floor in ("B1", "F1", "F2", "F3"))
SAME_MALL = tuple(f"location20-whole/site2/{floor}" for floor in ("F6", "B1", "F2"))
SOURCES = (*(OTHER_MALL[:n] for n in (1, 2, 4)), *(SAME_MALL[:n] for n in (1, 3)))


def get_config() -> ConfigDict:
    """Return the settings."""
    config = ladder.located()
    config.study = "sources"
    config.arms = ("cosine-held", "matcher-held", "matcher-steps-filter")
    config.seeds = 3
    config.sweep = ({"source": tuple(",".join(floors) for floors in SOURCES)},)
    return pairs.applied(config, "malls")
