"""A fresh network for a site, and what its card says before any training."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtloc_jax.core.problem import PROBLEMS
from mtloc_jax.errors import InputError
from mtloc_jax.settings import DECLARED, Settings, portable, replaced
from mtloc_jax.sites.recordings import Recordings, cut_by
from mtloc_jax.sites.scaling import FRAMES
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.views import seen_by_networks
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.network_card import settings_of

# Run once, the initialisers take a hundred times longer to compile than to run.
_BARELY_OPTIMISED: Any = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}


def settings_for(target: str, donors: Mapping[str, Network]) -> Settings:
    """Return the settings of a network for a site: the first donor's that knows its own.

    A split is of one building: it is the building's own where the donor was for another.
    """
    known = [settings_of(donor.card) for donor in donors.values() if "config" in donor.card]
    settings = known[0] if known else Settings()
    same = settings.target == target
    own_split = {} if same else {n: DECLARED[n].default for n in ("test_round", "unit", "folds")}
    return replaced(settings, {"target": target, "survey": "once"} | own_split)


def cut(recordings: Recordings, settings: Settings) -> Site:
    """Cut recordings into a site by all settings that shape it.

    Raises InputError as `site.build`, the views and `check_heard` do, and where its rounds shall be
    two surveys.
    """
    if settings.survey != "once":
        raise InputError("a network is for one survey", remedy="set --config.survey=once")
    site = cut_by(recordings, settings)
    check_heard(site)
    return seen_by_networks(site, settings)


def check_heard(site: Site) -> None:
    """Raise InputError where a network for this site would have a WiFi branch that reads nothing.

    `branches` silences a branch, which stays in the network; `modalities` leaves it out.
    """
    if "wifi" in site.modalities and not site.bssids:
        others = tuple(name for name in site.modalities if name != "wifi")
        raise InputError(
            f"no access point was heard in the training rounds of {site.name}",
            remedy=f'run it without WiFi: --config.modalities="{others}"',
        )


def fresh(site: Site, settings: Settings, seed: int) -> Network:
    """Return an initialised network for a site; its scaler is of all training rounds."""
    problem = PROBLEMS.named(settings.problem)(settings)
    example = {
        name: jax.ShapeDtypeStruct((1, *shape), jnp.float32)
        for name, shape in site.shapes().items()
    }
    # Only the initialisers are compiled, not the network: it takes half the time.
    init = jax.jit(
        lambda key: problem.network.lazy_init(key, example)["params"],
        compiler_options=_BARELY_OPTIMISED,
    )
    params = jax.device_get(init(jax.random.key(seed)))
    scaler = site.scaler(site.rows("train"), FRAMES[settings.output])
    card: dict[str, Any] = {
        "site": site.card(),
        "config": portable(settings),
        "run": {"seed": seed, "scaler": scaler.plain()},
    }
    return Network("", params, checkpoint.plain(card), None)
