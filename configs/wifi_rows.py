"""Are WiFi rows worth carrying by BSSID when a building is surveyed again?

  python -m launch.study --config=configs/wifi_rows.py --config.data_dir=DATA --workdir=DIR
  python -m launch.study --config=configs/wifi_rows.py:smoke --workdir=DIR

The training rounds of a building (Indoor Location 2.0, site2/F1) are dealt to two surveys, and a
random 40 % of the access points taken from each: the vocabularies overlap but differ. A network
trained on the first moves to the second, all of it but for its WiFi rows, which are carried by
BSSID or re-initialised, and is fine-tuned with 12.5 to 100 % of the second survey's rounds. The
control is trained from scratch on all rounds of the first survey and the same ones of the second,
with no access point taken: what carried rows could at best be worth.
Both surveys walk the whole floor. On site1/B1 they do not: its first round alone has been in the
west, so that the second survey knows nothing of it.
Found: carried rows err less than new ones, shown at all eight rates: pooled -4.78 m [-6.82, -2.74]
on test, -3.12 m [-3.74, -2.49] on validation; but more than the control, +15.77 m [+12.45, +19.08],
which from all rounds of the first survey and any of the second errs 19 to 21 m. One survey dealt in
two.
Takes: 320 networks, ten seeds each: with 25 epochs an hour beside other work, half an hour alone.
"""

from ml_collections import ConfigDict

from configs import pairs, unwiped
from mtloc_jax.arms import BOTH_SURVEYS, CARRIED, REINITIALISED, SCRATCH
from mtloc_jax.errors import InputError


def get_config(variant: str = "") -> ConfigDict:
    """Return the settings; `smoke` runs in seconds, on a simulated building."""
    if variant not in ("", "smoke"):
        raise InputError(f"there is no variant {variant!r}", remedy="leave it out, or use :smoke")
    config = unwiped.get_config()
    config.study = "wifi_rows"
    config.source = config.target = "location20/site2/F1"
    config.survey = "twice"
    config.arms = (SCRATCH, CARRIED, REINITIALISED, BOTH_SURVEYS)
    config.scratch_rates = config.finetune_rates
    config.wipe.drop_rates = ()
    config.seeds = 10
    config.epochs = 50  # of at most 25 steps: half a building is little data
    if variant == "smoke":
        config.source = config.target = "simulated-a"
        config.simulation.round_s = pairs.SMOKE_S
        config.scratch_rates = config.finetune_rates = (1.0, 0.5)
        config.hidden = 8
        config.seeds, config.epochs = 2, 1
    return config
