"""Does what was learnt in malls serve other phones, in another country and building?

  python -m launch.study --config=configs/other_phones.py --config.data_dir=DATA --workdir=DIR

Two floors of a museum, recorded with two phones of another make: every walk is located by all the
others, by those of other routes, and by those of the other phone. What is pretrained comes from
four floors of a mall.
The paper: one phone.
Of the floors of IPIN 2023: it takes no argument.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs

TARGETS = ("ipin2023/floor_0", "ipin2023/floor_-2")


def get_config() -> ConfigDict:
    """Return the settings."""
    config = ladder.get_config("floors")
    config.study = "other_phones"
    config.sweep = ({"target": TARGETS}, {"unit": ("walk", "route", "phone")})
    return pairs.applied(config, "floors")
