"""Configs that come with the package, by name from any folder: `table5:mmloc`."""

import re
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.registry import meant

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
NO_STUDY = ("axes", "pairs", "unwiped")
"""Modules beside the configs, which these are made of."""
_NAME = re.compile(r"(\w+)(:.*)?", re.DOTALL)


def config(asked: str) -> str:
    """Return the file of a bundled config: "table5" or "table5:mmloc"; what is a file stays.

    Raises InputError where a bare name is none of them.
    """
    found = _NAME.fullmatch(asked)
    if found is None:
        return asked
    return f"{_file(found[1])}{found[2] or ''}"


def in_flags(argv: list[str]) -> list[str]:
    """Return a command line whose --config, where it is a bare name, is that bundled file.

    Raises InputError as `config`.
    """
    changed, value_next = [], False
    for word in argv:
        flag, equals, value = word.partition("=")
        is_config = flag in ("--config", "-config")
        if value_next:
            word = config(word)
        elif is_config and equals:
            word = f"{flag}={config(value)}"
        value_next = is_config and not equals
        changed.append(word)
    return changed


def _file(name: str) -> Path:
    names = {path.stem: path for path in sorted(CONFIGS.glob("[!_]*.py"))}
    if name not in names or name in NO_STUDY:
        there = [one for one in names if one not in NO_STUDY]
        raise InputError(f"there is no bundled config {name!r}", remedy=meant(name, there))
    return names[name]
