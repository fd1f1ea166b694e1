"""Names that users choose by, each with what it stands for; a wrong one is told the nearest."""

import difflib
from collections.abc import Iterable
from importlib import import_module
from typing import Any, TypeVar

from mtloc_jax.errors import InputError

T = TypeVar("T")


class Registry(dict[str, T]):
    """Hold entries by name, in the order in which tables and legends show them.

    what: what an entry is, in the words of an error ("arm")
    """

    def __init__(self, what: str) -> None:
        """Begin with no entry."""
        super().__init__()
        self.what = what

    def named(self, name: str) -> T:
        """Return an entry; raises InputError, with the nearest name, where there is none."""
        if name not in self:
            raise InputError(f"there is no {self.what} {name!r}", remedy=meant(name, self))
        return self[name]


def meant(wrong: str, names: Iterable[str]) -> str:
    """Return the remedy for a wrong name: the nearest right one, or all of them."""
    names = list(names)
    near = difflib.get_close_matches(str(wrong), names, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(names)}"


def found_at(place: str) -> Any:
    """Return what "module:NAME" names; its module is imported only now."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
