"""Does transfer save survey rounds? The whole question on two simulated buildings, in minutes.

  python -m launch.study --config=configs/quickstart.py --workdir=DIR

Three arms, nine fine-tune rates, Figure 5's drop rates: Tables V and VI in small. Everything here
is simulated; what it shows is that the machinery works, not what holds in a real building.
These are also every study's defaults (mtloc_jax/settings.py): other configs name only what differs.

`sweep` asks for variants of a study: a tuple of axes, each a dict of settings to values. Axes
multiply, the settings of one axis move together, and each variant gets its own tables:
  ({"learning_rate": (0.001, 0.005)}, {"batch_size": (50, 100), "epochs": (10, 20)})
"arm", "finetune_rate" and "seed" pick among the grid's runs.
"""

from ml_collections import ConfigDict

from mtloc_jax.settings import Settings, plain


def get_config() -> ConfigDict:
    """Return the settings; `launch.study --settings` says what each is."""
    return ConfigDict(plain(Settings()))
