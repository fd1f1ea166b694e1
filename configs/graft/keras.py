"""The IMU branch of a Keras network (.h5): change LSTM to the name of the layer it is in.

  python -m launch.graft --donor=weights.h5 --site=SITE --rules=configs/graft/keras.py ...

`python -m launch.inspect weights.h5` lists the layers. PyTorch files work the same way.
"""

from mtloc_jax.surgery.graft import Keep, Leave, Rule, Take
from mtloc_jax.surgery.grafting import only
from mtloc_jax.surgery.network import Network

LSTM = "lstm"


def get_rules(target: Network, donors: dict[str, Network]) -> tuple[Rule, ...]:
    """Return the rules for one donor."""
    donor = only(donors)
    kept = (Keep(part) for part in target.params if part != "imu")
    left = (Leave(layer) for layer in donor.params if layer != LSTM)
    return (Take("imu", LSTM), *kept, *left)
