"""Several buildings' IMU branches averaged into one start.

  python -m launch.graft --donor=A/pretrained@0,B/pretrained@0 --site=SITE \\
    --rules=configs/graft/soup.py --output=CKPT

Branches trained from different initial weights lie in different basins, where an average means
little: donors should share theirs (fine-tuned from one network, or the same seed).
"""

from mtloc_jax.surgery.graft import Keep, Leave, Rule, Take
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.transforms import soup


def get_rules(target: Network, donors: dict[str, Network]) -> tuple[Rule, ...]:
    """Return the rules for two donors or more, all with the same weight."""
    mean = soup([1 / len(donors)] * len(donors))
    kept = (Keep(part) for part in target.params if part != "imu")
    left = (
        Leave(f"{name}:{part}")
        for name, donor in donors.items()
        for part in donor.params
        if part != "imu"
    )
    sources = tuple(f"{name}:imu" for name in donors)
    return (Take("imu", sources, by=mean), *kept, *left)
