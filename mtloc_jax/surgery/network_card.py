"""What a checkpoint's card says of a network: its site, settings, scaler, and its donors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mtloc_jax.core.problem import PROBLEMS, Problem
from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings, parsed, values
from mtloc_jax.sites.scaling import Scaler, read_back

NetworkCard = Mapping[str, Any]
"""One network's: `site`, `config`, `run` (with its `scaler`), `lineage`; see checkpoint.load_run.

site:    Site.card; config: settings.plain of what it was made with
run:     `seed`, Scaler.plain, and `problem` where it is not the settings'
lineage: the networks this one was grafted from, by the name rules called them: `path`, `digest`
         of all parameters, `site`, and their own `lineage`
"""


def scaler_of(card: NetworkCard) -> Scaler:
    """Return the scaler a network was trained under.

    Raises InputError where the card has none.
    """
    try:
        return read_back(card["run"]["scaler"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the card of this network ({_site_name(card)}) holds no scaler",
            remedy="take a checkpoint of a network trained on its target site",
        ) from error


def shapes_of(card: NetworkCard) -> Mapping[str, Sequence[int]]:
    """Return the shape of one window of each modality, in the order a network reads them in.

    Raises InputError where the card does not say.
    """
    found = card.get("site", {}).get("shapes")
    if not found:
        raise InputError(
            f"the card of this network ({_site_name(card)}) does not say what it reads",
            remedy="take a checkpoint of a network trained on its target site",
        )
    return found


def ordered_scaler_of(card: NetworkCard) -> Scaler:
    """Return the scaler of a network, its modalities in the order it reads them in.

    Raises InputError as `scaler_of` and `shapes_of`, and where scaler, shapes and settings are not
    of the same modalities.
    """
    scaler, reads = scaler_of(card), shapes_of(card)
    if not set(reads) == set(scaler.inputs) == set(settings_of(card).modalities):
        raise InputError(
            f"the card of this network ({_site_name(card)}) says in several ways what it reads",
            remedy="take the network as it was saved or exported",
        )
    return scaler._replace(inputs={name: scaler.inputs[name] for name in reads})


def settings_of(card: NetworkCard) -> Settings:
    """Return the settings a network was made with: the defaults where its card has none.

    Raises InputError where they are not of this version.
    """
    try:
        return parsed(card.get("config", {}))
    except InputError as error:
        raise InputError(
            f"the card of this network ({_site_name(card)}) is of another version: {error.problem}",
            remedy="take a network of this version; launch.graft takes other settings by --config",
        ) from error


def problem_of(card: NetworkCard) -> Problem:
    """Return what a network is and what it was asked; raises InputError as `settings_of`."""
    settings = settings_of(card)
    return PROBLEMS.named(card.get("run", {}).get("problem") or settings.problem)(settings)


def cut_of(settings: Settings, role: str = "target") -> dict[str, Any]:
    """Return the part of a card's `config` by which a building of a role is cut into windows.

    role: "source", where pretrained networks come from, or "target"
    """
    cut: dict[str, Any] = {"modalities": settings.modalities}
    for name, value in values(settings, "site", role=role):
        group, _, inner = name.rpartition(".")
        (cut.setdefault(group, {}) if group else cut)[inner or name] = value
    return cut


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


def _site_name(card: NetworkCard) -> str:
    return card.get("site", {}).get("name", "no site")


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
