"""What a checkpoint's card says of a network: its site, its scaler, and the donors it came from."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.sites.scaling import Scaler

NetworkCard = Mapping[str, Any]
"""One network's: `site`, `config`, `run` (with its `scaler`), `lineage`; see checkpoint.load_run.

lineage: the networks this one was grafted from, by the name rules called them: `path`, `digest`
         of all parameters, `site`, and their own `lineage`
"""


def scaler_of(card: NetworkCard) -> Scaler:
    """Return the scaler a network was trained under.

    Raises InputError where the card has none.
    """
    found = card.get("run", {}).get("scaler")
    if found is None or found.keys() != set(Scaler._fields):
        raise InputError(
            f"the card of this network ({card.get('site', {}).get('name', 'no site')}) holds no "
            "scaler",
            remedy="take a checkpoint of a network trained on its target site",
        )
    arrays = {name: np.asarray(value) for name, value in found.items()}
    return Scaler(**{k: v if v.dtype == bool else v.astype(np.float32) for k, v in arrays.items()})


def output_of(card: NetworkCard) -> str:
    """Return what the network's output layer is, one of core.model.OUTPUTS."""
    return card.get("config", {}).get("output", "linear")


def bssids_of(card: NetworkCard) -> list[str]:
    """Return the vocabulary a network's WiFi rows stand for.

    Raises InputError where the card has none.
    """
    found = card.get("site", {}).get("bssids")
    if not found:
        raise InputError(
            "the donor's card holds no WiFi vocabulary, so its rows cannot be followed",
            remedy="give a checkpoint folder, or Keep the WiFi branch",
        )
    return list(found)


def ancestors(
    card: NetworkCard, of: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], NetworkCard]]:
    """Yield every ancestor of a network, depth first, after the names that lead to it.

    of: names put in front

    Raises InputError where a network is its own ancestor.
    """
    yield from _walk(card.get("lineage", {}), of, seen=())


def _walk(
    lineage: Mapping[str, Any], names: tuple[str, ...], seen: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], NetworkCard]]:
    for name, donor in lineage.items():
        digest = donor.get("digest", "")
        if digest in seen:
            raise InputError(
                f"{' <- '.join((*names, name))} is its own ancestor (digest {digest[:12]})",
                remedy="this card was edited: graft again from the donors themselves",
            )
        yield (*names, name), donor
        yield from _walk(donor.get("lineage", {}), (*names, name), (*seen, digest))
