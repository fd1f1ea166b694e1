"""The public recordings that readers open: what they are, their licences, files and addresses.

`sources.csv` has a line a source, `files.csv` a line a file of one. Checksums are of the bytes as
published, unpacked; where those were never at hand, size and checksum stand empty. Tables of
rounds (`package:` addresses) are ours: they lie in this package.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from mtloc_jax.registry import Registry

HERE = Path(__file__).resolve().parent
PACKAGE = "package:"


@dataclass(frozen=True)
class SourceFile:
    """Say where one file of a source is, and what it must be.

    name:    below the source's folder; one that ends with "/", or is empty, is a folder that a zip
             archive is unpacked into, of which the address names a part after "#"
    n_bytes: None where the publisher's size is not known; sha256: empty where not known
    """

    name: str
    address: str
    n_bytes: int | None
    sha256: str


@dataclass(frozen=True)
class Source:
    """Say what one source is.

    name: also its folder below DATA; page: where people read about it
    files: none where it must be got by hand, from its page
    """

    name: str
    what: str
    licence: str
    page: str
    files: tuple[SourceFile, ...]

    @property
    def n_bytes(self) -> int | None:
        """Return the size of all files; None where that of one is not known."""
        sizes = [file.n_bytes for file in self.files if file.n_bytes is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None

    @property
    def checked(self) -> int:
        """Return how many files have a checksum."""
        return sum(bool(file.sha256) for file in self.files)


def _sources() -> Iterator[Source]:
    lines = defaultdict(list)
    for line in _lines("files.csv"):
        lines[line["source"]].append(line)
    for of in _lines("sources.csv"):
        files = tuple(_file(line, of["base"]) for line in lines[of["name"]])
        yield Source(of["name"], of["what"], of["licence"], of["page"], files)


def _file(line: dict[str, str], base: str) -> SourceFile:
    at, n_bytes = line["address"] or line["file"], line["bytes"]
    if at.startswith(PACKAGE):
        address = (HERE / at.removeprefix(PACKAGE)).as_uri()
    else:
        address = urljoin(base, at)
    return SourceFile(line["file"], address, int(n_bytes) if n_bytes else None, line["sha256"])


def _lines(table: str) -> list[dict[str, str]]:
    with (HERE / table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SOURCES: Registry[Source] = Registry("source")
"""Every public source by its name."""
SOURCES |= {source.name: source for source in _sources()}
