"""Fetch public recordings into DATA, where `--config.data_dir=DATA` finds them.

  python -m launch.fetch --list
  python -m launch.fetch --list --source=mmloc/edinburgh
  python -m launch.fetch --source=mmloc/edinburgh --output=DATA

Every file is checked by size and SHA-256 where they are known. A source's folder is there whole or
not at all; called again after a fault, it fetches what is missing. Read the licence first.
"""

from pathlib import Path

from absl import flags
from rich import progress
from rich.console import Console

from launch import cli, places
from mtloc_jax.datasets.fetch import fetch
from mtloc_jax.datasets.sources import SOURCES, Source, SourceFile
from mtloc_jax.escapes import rich

_LIST = flags.DEFINE_bool("list", False, "List all sources, or the files of --source; no more.")
_SOURCE = flags.DEFINE_string("source", None, "Source to fetch; --list names them.")
_OUTPUT = flags.DEFINE_string("output", None, "DATA: the folder that holds all sources.")
_TIMEOUT_S = flags.DEFINE_float(
    "timeout_s", 30.0, "How long an address may stay silent.", lower_bound=0.1
)


def main(argv: list[str]) -> None:
    """List, or fetch a source and say where it is and under which licence."""
    del argv
    if _LIST.value and _SOURCE.value is None:
        print("\n".join(map(_told, SOURCES.values())))
        return
    source = SOURCES.named(cli.given(_SOURCE))
    if _LIST.value:
        print("\n".join([_told(source), *map(_line, source.files)]))
        return
    folder = _fetched(source, places.folder(cli.given(_OUTPUT)))
    cli.say(f"{source.name}: {_checked(source)}, in {folder}")
    print(f"licence: {source.licence}; {source.page}")


def _fetched(source: Source, data: Path) -> Path:
    console = Console(stderr=True)
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
    )
    quiet = not console.is_terminal
    with progress.Progress(*columns, console=console, transient=True, disable=quiet) as bars:
        files = bars.add_task("files", total=len(source.files))
        one = bars.add_task("")
        begun: set[str] = set()

        def report(name: str, done: int, of: int | None) -> None:
            begun.add(name)
            bars.update(files, description=f"file {len(begun)} of {len(source.files)}")
            bars.update(one, description=rich(name), completed=done, total=of)

        return fetch(source, data, report, timeout_s=_TIMEOUT_S.value)


def _told(source: Source) -> str:
    """Say what a source is, in lines."""
    size = "size unknown" if source.n_bytes is None else f"{source.n_bytes / 1e6:.1f} MB"
    return "\n".join(
        [
            f"{source.name}: {source.what}",
            f"  licence: {source.licence}",
            f"  {size}, {_checked(source)}",
            f"  {source.page}",
        ]
    )


def _line(file: SourceFile) -> str:
    n_bytes = "unknown" if file.n_bytes is None else file.n_bytes
    return f"{file.sha256 or 'no checksum':64} {n_bytes:>9} {file.name} {file.address}"


def _checked(source: Source) -> str:
    n = len(source.files)
    return f"{source.checked} of {n} files with their SHA-256" if n else "got by hand"


if __name__ == "__main__":
    cli.run(main)
