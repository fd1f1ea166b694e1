"""A known building surveyed again: everything is taken, WiFi rows follow their access points.

  python -m launch.graft --donor=DIR/checkpoint@0 --site=SITE --rules=configs/graft/resurvey.py ...

Scalers and frame are folded into the weights, so that what was known is known in the new survey's
metres. Only the WiFi floor cannot be folded (the report says by how many dB it moved), and new
access points start from the target's own initial rows.
"""

from mtloc_jax.surgery.graft import Rule, Take
from mtloc_jax.surgery.grafting import only
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.network_card import bssids_of, scaler_of
from mtloc_jax.surgery.refit import FC1, refit_around_wifi, wifi_gain
from mtloc_jax.surgery.transforms import chain, wifi_rows


def get_rules(target: Network, donors: dict[str, Network]) -> tuple[Rule, ...]:
    """Return the rules for one donor, a whole MTLoc with its card."""
    donor = only(donors)
    old, new = scaler_of(donor.card), scaler_of(target.card)
    around_wifi = refit_around_wifi(old, new)
    if "wifi" not in old.inputs:
        return around_wifi
    rows = wifi_rows(bssids_of(donor.card), bssids_of(target.card))
    return (Take(FC1, FC1, by=chain(wifi_gain(old, new), rows)), *around_wifi)
