"""What type checkers see of the names that are imported when they are first asked for."""

from mtloc_jax.api import Trained as Trained
from mtloc_jax.api import graft as graft
from mtloc_jax.api import open_site as open_site
from mtloc_jax.api import plot as plot
from mtloc_jax.api import predict as predict
from mtloc_jax.api import train as train
from mtloc_jax.errors import InputError as InputError
from mtloc_jax.prediction.located import Located as Located
from mtloc_jax.prediction.survey import Survey as Survey
from mtloc_jax.surgery.onto_site import Grafted as Grafted

__version__: str
