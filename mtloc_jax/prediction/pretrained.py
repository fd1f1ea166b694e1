"""Networks that a study pretrained in its sources, to be used in a building that is new to them."""

from pathlib import Path

from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.network import folder_and_run


def part(place: str, name: str) -> Params | None:
    """Return the parameters of a pretrained "matcher" or "motion" network; None where none lies.

    place: a study's WORKDIR, or WORKDIR@SEED; the first seed where none is named

    Raises InputError where there is no such folder or seed, several differ by their settings, or
    what lies there is damaged.
    """
    folder, seed = folder_and_run(place)
    path = Path(folder)
    if not path.is_dir() or not (seed.isdecimal() or not seed):
        raise InputError(
            "no such folder of a study", remedy="give WORKDIR or WORKDIR@SEED", path=place
        )
    kept = sorted(path.glob(f"pretrained-{name}*"))
    if len(kept) > 1:
        raise InputError(
            f"this study pretrained several: {', '.join(one.name for one in kept)}",
            remedy="copy the one you mean to a folder of its own",
            path=path,
        )
    return checkpoint.load_run(kept[0], int(seed or 0))[0] if kept else None
