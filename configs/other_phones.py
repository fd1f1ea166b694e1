"""Does what was learnt in malls serve other phones, in another country and building?

  python -m launch.study --config=configs/other_phones.py --config.data_dir=DATA --workdir=DIR

Two floors of a museum, recorded with two phones of another make: every walk is located by all the
others, by those of other routes, and by those of the other phone. What is pretrained comes from
four floors of a mall.
The paper: one phone.
Found: three seeds; the matcher with steps, causal, errs 3.03 ± 0.02 and 2.59 ± 0.13 m on floors 0
and -2, 5-NN with the same steps 2.96 and 3.23, held 4.47 and 4.12 m; on routes that nobody surveyed
7.26 ± 0.36 and 5.51 ± 0.18; with another phone than surveyed 3.53 ± 0.25 and 4.51 ± 0.16, 5-NN with
steps 3.09 and 3.74 m.
Takes: 3 matchers and 3 motion networks: 35 min on two CPU cores beside other work.
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
