"""The paper's graft (Section IV-C): the IMU branch is taken, everything else starts fresh.

python -m launch.graft --donor=DIR/pretrained@0 --site=SITE --rules=configs/graft/imu.py ...
"""

from mtloc_jax.surgery.graft import Keep, Leave, Rule, Take
from mtloc_jax.surgery.grafting import only
from mtloc_jax.surgery.network import Network


def get_rules(target: Network, donors: dict[str, Network]) -> tuple[Rule, ...]:
    """Return the rules; the donor may be a pretrained network or a whole MTLoc."""
    donor = only(donors)
    kept = (Keep(part) for part in target.params if part != "imu")
    left = (Leave(part) for part in donor.params if part != "imu")
    return (Take("imu", "imu"), *kept, *left)
