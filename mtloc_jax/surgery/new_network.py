"""A fresh network for a site, and what its card says before any training."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtloc_jax.core.model import MTLoc
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.network import Network

# Run once, the initialisers take a hundred times longer to compile than to run.
_BARELY_OPTIMISED: Any = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}


def window_of(donors: Mapping[str, Network]) -> WindowSpec:
    """Return the windows the first donor was trained on; the paper's where none says."""
    for donor in donors.values():
        window = donor.card.get("config", {}).get("window")
        if window:
            return WindowSpec(**window)
    return WindowSpec()


def fresh(site: Site, hidden: int, seed: int, spec: WindowSpec) -> Network:
    """Return an initialised MTLoc for a site, under a scaler fitted on all its training rounds."""
    shapes = (site.windows.imu.shape[1:], site.windows.mag.shape[1:], (len(site.bssids),))
    example = [jax.ShapeDtypeStruct((1, *shape), jnp.float32) for shape in shapes]
    network = MTLoc(hidden)
    # Only the initialisers are compiled, not the network: it takes half the time.
    init = jax.jit(
        lambda key: network.lazy_init(key, *example)["params"], compiler_options=_BARELY_OPTIMISED
    )
    params = jax.device_get(init(jax.random.key(seed)))
    card: dict[str, Any] = {
        "site": site.card(),
        "config": {"hidden": hidden, "window": vars(spec)},
        "run": {"seed": seed, "scaler": site.scaler(site.rows("train"))._asdict()},
    }
    return Network("", params, checkpoint.plain(card), None)
