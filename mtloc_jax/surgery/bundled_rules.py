"""Rules of a graft that come with the package, by name: `imu`."""

from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.registry import meant

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "graft"


def rules_file(asked: str | Path) -> Path:
    """Return the file of rules: "imu" is bundled, what is no bare name is a file.

    Raises InputError where a bare name is none of them.
    """
    name = str(asked)
    if not name.isidentifier():
        return Path(asked)
    files = {path.stem: path for path in sorted(FOLDER.glob("[!_]*.py"))}
    if name not in files:
        raise InputError(f"there are no rules {name!r} in the package", remedy=meant(name, files))
    return files[name]
