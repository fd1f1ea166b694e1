"""What a file holds as a card, looked at before it is believed: strangers write files too."""

from collections.abc import Iterator
from typing import Any

from mtloc_jax.errors import InputError

_PARTS = {"site": dict, "config": dict, "run": dict, "runs": list, "lineage": dict}
_DEEPEST = 100


def checked_card(card: Any) -> dict[str, Any]:
    """Return what a file holds as a network's card, its parts of the kinds that readers rely on.

    Raises InputError where they are of others: whoever made the file wrote what it likes.
    """
    wrong = next(_odd(card), None)
    if wrong is not None:
        raise InputError(
            f"its card is none of a network ({wrong})",
            remedy="take the file as it was saved or exported",
        )
    return card


def _odd(card: Any) -> Iterator[str]:
    """Yield what is wrong with a card, the way to it first."""
    if not isinstance(card, dict):
        yield "it is no object"
        return
    if _deeper(card, _DEEPEST):
        yield "it is nested without end"
        return
    for part, kind in _PARTS.items():
        if not isinstance(card.get(part, kind()), kind):
            yield f"{part} is no {'list' if kind is list else 'object'}"
            return
    if not isinstance(card.get("part", ""), str):
        yield "part is no text"
    site = card.get("site", {})
    if not isinstance(site.get("name", ""), str):
        yield "site.name is no text"
    if not _list_of(str, site.get("bssids", [])):
        yield "site.bssids is no list of names"
    shapes = site.get("shapes", {})
    if not isinstance(shapes, dict) or not all(_list_of(int, of) for of in shapes.values()):
        yield "site.shapes is no list of numbers for each modality"
    if not _list_of(dict, card.get("runs", [])):
        yield "runs is no list of objects"
    yield from _odd_lineage(card.get("lineage", {}))


def _odd_lineage(lineage: Any) -> Iterator[str]:
    if not isinstance(lineage, dict):
        yield "lineage is no object"
        return
    for name, donor in lineage.items():
        if not isinstance(donor, dict) or not isinstance(donor.get("path"), str):
            yield f"the donor {name} has no path"
            return
        words = (donor.get("digest", ""), donor.get("site") or "")
        if not all(isinstance(word, str) for word in words):
            yield f"digest or site of the donor {name} is no text"
        yield from _odd_lineage(donor.get("lineage", {}))


def _list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _deeper(value: Any, levels: int) -> bool:
    """Say whether objects and lists lie in each other at more than so many levels."""
    inside = [value]
    for _ in range(levels):
        inside = [
            inner
            for one in inside
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(inside)
