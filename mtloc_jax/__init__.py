"""MTLoc in JAX: transfer learning for indoor positioning from a phone's last second.

`open_site`, `train`, `predict`, `plot` and `graft` are here; see mtloc_jax/api.py. They are
imported when they are first asked for: so the library can be used in part without what computes.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
_API = {
    **dict.fromkeys(("open_site", "train", "predict", "plot", "graft"), "mtloc_jax.api"),
    "Trained": "mtloc_jax.api",
    "Located": "mtloc_jax.prediction.located",
    "Survey": "mtloc_jax.prediction.survey",
    "Grafted": "mtloc_jax.surgery.onto_site",
    "InputError": "mtloc_jax.errors",
}
__all__ = [*_API, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _API:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_API[name]), name)
