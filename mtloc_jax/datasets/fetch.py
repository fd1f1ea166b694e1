"""Fetch a public source: every file checked, the folder there whole or not at all."""

import hashlib
import http.client
import json
import shutil
import stat
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urldefrag

from mtloc_jax.datasets.sources import Source, SourceFile
from mtloc_jax.errors import InputError
from mtloc_jax.files import partial, settle, sha256, write_whole

FETCHED = "fetched.json"
_BLOCK = 1 << 18
_AGAIN = "run the same command again: what was fetched is kept"

Report = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes of it that are here, and all of them where known."""


@dataclass(frozen=True)
class _Found:
    """Hold what was really there: the bytes of a file, and what they hash to."""

    n_bytes: int
    sha256: str


def fetch(
    source: Source, data: Path, report: Report = lambda *_: None, *, timeout_s: float = 30
) -> Path:
    """Download a source into its folder below `data`; return the folder.

    timeout_s: how long an address may stay silent
    The folder appears when all of it is there and checked; files fetched before a fault are kept
    aside for the next call. `fetched.json` in it tells address, size and SHA-256 of every file,
    and whether that was checked or only found. A folder that was fetched before stays as it is.

    Raises InputError where an address does not answer, a file is cut or not the published one, an
    archive would write outside its folder, the disk is full, or something else lies there.
    """
    folder = data / source.name
    if (folder / FETCHED).is_file():
        return folder
    if folder.exists():
        raise InputError(
            "is here already, and was not fetched", remedy="move it away first", path=folder
        )
    if not source.files:
        raise InputError(
            f"{source.name} has no address to fetch from", remedy=f"get it by hand: {source.page}"
        )
    mine = partial(folder)
    found = [_got(file, mine, report, timeout_s) for file in source.files]
    write_whole(mine / FETCHED, f"{json.dumps(_record(source, found), indent=1)}\n")
    try:
        settle(mine, folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder


def _record(source: Source, found: list[_Found]) -> dict[str, Any]:
    return {
        "source": source.name,
        "licence": source.licence,
        "page": source.page,
        "files": {
            file.name: {
                "address": file.address,
                "bytes": one.n_bytes,
                "sha256": one.sha256,
                "checked": bool(file.sha256),
            }
            for file, one in zip(source.files, found, strict=True)
        },
    }


def _got(file: SourceFile, below: Path, report: Report, timeout_s: float) -> _Found:
    """Return what a file below a folder is, fetching it unless it is there from before."""
    if file.name.endswith("/") or not file.name:
        archive = below / ".archive.zip"
        found = _download(file, archive, report, timeout_s)
        try:
            _unpack(archive, below / file.name, unquote(urldefrag(file.address).fragment))
        finally:
            archive.unlink(missing_ok=True)
        return found
    path = below / file.name
    if path.is_file():
        found = _Found(path.stat().st_size, sha256(path))
        if _is(found, file):
            report(file.name, found.n_bytes, file.n_bytes)
            return found
    return _download(file, path, report, timeout_s)


def _is(found: _Found, file: SourceFile) -> bool:
    sized = file.n_bytes in (None, found.n_bytes)
    return sized and file.sha256 in ("", found.sha256)


def _download(file: SourceFile, path: Path, report: Report, timeout_s: float) -> _Found:
    """Write what lies at an address to `path`, whole and checked or not at all."""
    mine, digest, n_bytes = partial(path), hashlib.sha256(), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mine.open("wb") as out:
            for block, of in _blocks(file, timeout_s):
                out.write(block)
                digest.update(block)
                n_bytes += len(block)
                report(file.name, n_bytes, of)
        found = _Found(n_bytes, digest.hexdigest())
        _check(found, file)
        mine.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        mine.unlink(missing_ok=True)
    return found


def _blocks(file: SourceFile, timeout_s: float) -> Iterator[tuple[bytes, int | None]]:
    """Yield what lies at an address, block by block, with the size of all of it where known.

    Raises InputError where it does not answer, or ends before its time.
    """
    n_bytes = 0
    try:
        with urllib.request.urlopen(file.address, timeout=timeout_s) as answer:
            declared = answer.headers["Content-Length"]
            of = file.n_bytes if declared is None else int(declared)
            while block := answer.read(_BLOCK):
                n_bytes += len(block)
                yield block, of
                if file.n_bytes is not None and n_bytes > file.n_bytes:
                    return  # whatever follows, it is not the published file
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise InputError(_reason(error), remedy=_AGAIN, path=file.address) from error
    if of is not None and n_bytes < of:
        raise InputError(
            f"ended after {n_bytes:,} of {of:,} bytes", remedy=_AGAIN, path=file.address
        )


def _reason(error: Exception) -> str:
    """Say in a line why an address gave nothing."""
    cause = getattr(error, "reason", error)
    why = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    if isinstance(error, urllib.error.HTTPError):
        error.close()  # it is an open answer as well
        why = f"{error.code} {why}"
    return f"cannot be fetched ({why})"


def _check(found: _Found, file: SourceFile) -> None:
    """Raise InputError where a file is not the published one."""
    if _is(found, file):
        return
    told = f"{found.n_bytes:,} bytes" + (f" of {file.n_bytes:,}" if file.n_bytes else "")
    raise InputError(
        f"is not the file that was published ({told}, sha256 {found.sha256[:16]}, not "
        f"{file.sha256[:16] or 'known'})",
        remedy="it was changed there or on its way: try again later, or tell us of the new one",
        path=file.address,
    )


def _unpack(archive: Path, folder: Path, part: str) -> None:
    """Unpack the files of a zip archive below `part` of it; nothing, where one does not belong."""
    try:
        with zipfile.ZipFile(archive) as packed:
            placed = [(_place(info, part), info) for info in packed.infolist()]
            files = [(place, info) for place, info in placed if place and not info.is_dir()]
            if not files:
                raise _bad(archive, f"holds no file in {part!r}")
            for place, info in files:
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                with packed.open(info) as content, (folder / place).open("wb") as out:
                    shutil.copyfileobj(content, out, _BLOCK)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _bad(archive, f"is damaged or cannot be unpacked ({error})") from error
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _unwritable(folder, error) from error


def _place(info: zipfile.ZipInfo, part: str) -> PurePosixPath | None:
    """Return where a file of an archive goes, None outside `part`; raises InputError if unsafe."""
    name = PurePosixPath(info.orig_filename.replace("\\", "/"))
    kind = stat.S_IFMT(info.external_attr >> 16)
    drive = ":" in str(name).split("/")[0]
    if name.is_absolute() or drive or {"..", "\0"} & {*name.parts, *info.orig_filename}:
        raise _bad(info.orig_filename, "would be written outside the folder")
    if kind not in (0, stat.S_IFREG):
        raise _bad(info.orig_filename, "is a link or a device")
    inside = name.is_relative_to(part) if part else True
    return name.relative_to(part) if inside else None


def _bad(path: str | Path, problem: str) -> InputError:
    return InputError(
        f"{problem}, nothing of the archive was kept",
        remedy="do not use this archive: the source's page may have another",
        path=path,
    )


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot write ({error.strerror})", remedy=f"free space, and {_AGAIN}", path=path
    )
