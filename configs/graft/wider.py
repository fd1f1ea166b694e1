"""The same site with more units a layer (or fewer): grown, it predicts what it did before.

  python -m launch.graft --donor=DIR/checkpoint@0 --site=SITE --hidden=256 \\
    --rules=configs/graft/wider.py --output=CKPT

Cut, it does not: the report says what share of a layer's outgoing weight went.
"""

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.graft import Rule
from mtloc_jax.surgery.grafting import only
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.network_card import settings_of
from mtloc_jax.surgery.resize import resize, resizes


def get_rules(target: Network, donors: dict[str, Network]) -> tuple[Rule, ...]:
    """Return the rules for one donor, a whole MTLoc of the same site."""
    donor = only(donors)
    if donor.card.get("run", {}).get("scaler") != target.card["run"]["scaler"]:
        raise InputError(
            "the donor's scaler is not this site's, fitted on all its training rounds",
            remedy="give a network trained on all of them, or use configs/graft/resurvey.py",
        )
    return resize(resizes(donor.params, settings_of(target.card).hidden))
