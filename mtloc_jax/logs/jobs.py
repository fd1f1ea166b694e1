"""What reading a folder falls into: jobs that any process can do, each on its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Progress, Round, surveyed


class Job(NamedTuple):
    """Hold what can be read on its own.

    number: the round it belongs to; None where it makes several
    inputs: every file that shapes the result
    session, route: those it was recorded in and on, None where nobody says
    """

    name: str
    number: int | None
    inputs: tuple[Path, ...]
    read: Callable[[], Round | list[Round]]
    session: int | None = None
    route: int | None = None

    def walks(self) -> list[Round]:
        """Read; raises InputError on a faulty file, and where nobody says where the phone was."""
        read = self.read()
        walks = read if isinstance(read, list) else [read]
        return [surveyed(replace(walk, session=self.session, route=self.route)) for walk in walks]


def read_all(jobs: Sequence[Job], on_progress: Progress | None = None) -> list[Round]:
    """Read jobs one after the other; raises InputError at the first faulty file."""
    walks = []
    for done, job in enumerate(jobs, start=1):
        walks += job.walks()
        if on_progress:
            on_progress(done, len(jobs))
    return walks


def existing_folder(path: Path) -> Path:
    """Return `path` if it is a folder, else raise InputError."""
    if not path.is_dir():
        problem = "is a file, no folder" if path.exists() else "no such folder"
        raise InputError(problem, remedy="check --config.data_dir or --input", path=path)
    return path


def by_stem(folder: Path, suffix: str) -> dict[str, Path]:
    """Return the files of a folder that end with `suffix`, or that and `.gz`, by the rest.

    Raises InputError where there is no folder, none in it, or one both packed and not.
    """
    found: dict[str, Path] = {}
    for path in sorted(existing_folder(folder).iterdir()):
        name = path.name.removesuffix(".gz")
        if not name.endswith(suffix):
            continue
        if (stem := name.removesuffix(suffix)) in found:
            raise InputError(
                "lies there packed and unpacked", remedy="delete one of the two", path=path
            )
        found[stem] = path
    checked_found(found, f"{suffix} file", folder)
    return found


def check_name(name: str, path: Path) -> None:
    """Raise InputError where a name is not UTF-8: no file that is written could say it."""
    if name.encode("utf-8", "replace").decode("utf-8") != name:
        raise InputError("the name is not UTF-8", remedy="give another name", path=path)


def checked_found(found: Sequence | dict, what: str, folder: Path) -> None:
    """Raise InputError where nothing of what a folder should hold was found."""
    if not found:
        raise InputError(f"no {what}", remedy="check the folder and the format", path=folder)
