"""Turn a folder of recordings into a site folder: in parallel, resumable, the same each time."""

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.files import lacks, sha256, write_whole
from mtloc_jax.logs.jobs import Job, check_name
from mtloc_jax.logs.round import Progress, Round
from mtloc_jax.sites import formats, site_folder, split_choice, splits
from mtloc_jax.sites.site_folder import (
    PLAN_IMAGE,
    PLAN_INFO,
    PLAN_MAP,
    ROUNDS,
    SITE,
    VERSION,
    VOCABULARY,
)

_ARRAYS = "*.npz"
_PLANS = PLAN_IMAGE, PLAN_INFO, PLAN_MAP


class Outcome(NamedTuple):
    """Hold how a job ended: what its inputs hash to, and what was wrong, if anything.

    InputError itself does not travel between processes.
    """

    inputs: dict[str, str]
    fault: tuple[str, str, str | None, int | None] | None


def prepare(
    form: str,
    source: Path,
    output: Path,
    *,
    name: str,
    split: str = "ratio",
    keep_going: bool = False,
    workers: int = 1,
    on_progress: Progress | None = None,
    on_skipped: Callable[[str], None] | None = None,
) -> dict:
    """Read the recordings in `source`, write the site folder `output`, return its site.json.

    form:       one of formats.FORMATS
    split:      as split_choice.choose takes it
    keep_going: leave damaged files out and say so, instead of stopping at the first

    What an earlier call finished, killed or not, is not done again unless its inputs changed.
    Raises InputError at the first damaged file (unless `keep_going`), where `output` is something
    else or `source` lies among its arrays, a name is not UTF-8, a worker was ended, or the split
    does not fit what could be read.
    """
    todo = formats.jobs(form, source)
    check_name(name, output)
    _check_output(source, output)
    outcomes = []
    with _pool(workers) as run:
        for done, outcome in enumerate(run(_Read(form, source, output), todo), start=1):
            outcomes.append(outcome)
            if outcome.fault and not keep_going:
                raise _error(outcome)
            if outcome.fault and on_skipped:
                on_skipped(str(_error(outcome)))
            if on_progress:
                on_progress(done, len(todo))
    return _finish(form, source, output, name, split, todo, outcomes)


class _Read:
    """Read one job into its file, unless it is there already; runs in a worker."""

    def __init__(self, form: str, source: Path, output: Path) -> None:
        self.form, self.source, self.output = form, source, output

    def __call__(self, job: Job) -> Outcome:
        inputs: dict[str, str] = {}
        try:
            for path in job.inputs:
                inputs[path.relative_to(self.source).as_posix()] = _digest(path)
            key = _key(self.form, job, inputs)
            path = _path(self.output, job)
            if not _is_done(path, key):
                walks = [_relative(walk, self.source) for walk in job.walks()]
                site_folder.save_walks(path, key, walks)
        except InputError as error:
            place = None if error.path is None else str(error.path)
            return Outcome(inputs, (error.problem, error.remedy, place, error.line))
        return Outcome(inputs, None)


def _finish(
    form: str,
    source: Path,
    output: Path,
    name: str,
    split_name: str,
    todo: Sequence[Job],
    outcomes: Sequence[Outcome],
) -> dict:
    read = [job for job, o in zip(todo, outcomes, strict=True) if not o.fault]
    skipped = [_error(o, source) for o in outcomes if o.fault]
    if not read:
        raise skipped[0]
    walks = [w for job in read for w in site_folder.load_walks(_path(output, job))[1]]
    found = {walk.number for walk in walks}
    absent = {job.number for job in todo if job.number is not None} - found
    split = split_choice.choose(split_name, walks, absent)
    splits.checked(split, np.array(sorted(found)), name)
    heard = [walk.wifi.bssid.tolist() for walk in walks if walk.number in split.train]
    vocabulary = sorted(set().union(*heard))
    card: dict[str, Any] = {
        "version": VERSION,
        "name": name,
        "format": form,
        "split": split._asdict(),
        "rounds": len(found),
        "walks": len(walks),
        "access_points": len(vocabulary),
        "vocabulary_sha256": hashlib.sha256("\n".join(vocabulary).encode()).hexdigest(),
        "inputs": dict(sorted(i for o in outcomes for i in o.inputs.items())),
        "arrays": {_path(output, job).name: sha256(_path(output, job)) for job in read},
        "skipped": [str(error) for error in skipped],
    }
    if (origin_deg := formats.origin_deg(form, source)) is not None:
        card["origin_deg"] = list(origin_deg)
    card["digest"] = site_folder.card_digest(card)
    for plan in _PLANS:
        if (source / plan).is_file():
            write_whole(output / plan, (source / plan).read_bytes())
        else:  # of a source that had one
            (output / plan).unlink(missing_ok=True)
    for path in (output / ROUNDS).iterdir():
        if path.name not in card["arrays"] and _is_written(path, _ARRAYS):
            path.unlink()  # of an input since removed, or of a killed run
    write_whole(output / VOCABULARY, "".join(f"{bssid}\n" for bssid in vocabulary))
    text = json.dumps(card, indent=1, ensure_ascii=False)
    write_whole(output / SITE, f"{text}\n")
    return json.loads(text)


def _check_output(source: Path, output: Path) -> None:
    if source.resolve().is_relative_to((output / ROUNDS).resolve()):
        raise InputError(
            "lies where the site's arrays go", remedy="give another folder to make", path=source
        )
    try:
        if output.is_dir() and not _is_ours(output):
            raise InputError(
                "holds something else than a site", remedy="give a new folder", path=output
            )
        (output / ROUNDS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", remedy="give another folder", path=output
        ) from None


def _is_ours(output: Path) -> bool:
    """Say whether a folder is a site, or one that was begun or damaged: all in it was made here."""
    try:
        card = json.loads((output / SITE).read_text(encoding="utf-8"))
        return isinstance(card, dict) and {"version", "arrays"} <= card.keys()
    except (OSError, ValueError):
        pass
    rounds = output / ROUNDS
    arrays = list(rounds.iterdir()) if rounds.is_dir() else []
    others = [path for path in output.iterdir() if path != rounds]
    # Plans alone may be somebody's own: those that were copied lie beside arrays.
    return all(_is_written(path, _ARRAYS) for path in arrays) and all(
        arrays and _is_written(path, SITE, VOCABULARY, *_PLANS) for path in others
    )


def _is_written(path: Path, *names: str) -> bool:
    """Say whether it is a file of one of these names, or what a killed run left of one."""
    return path.is_file() and any(path.match(n) or path.match(f".{n}.*") for n in names)


@contextmanager
def _pool(workers: int) -> Iterator[Callable]:
    """Yield a `map` whose results come in order; leaving it early cancels the rest.

    Raises InputError where a worker was ended from without.
    """
    if workers == 1:
        yield map
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with_parent)

    def start(read: Callable, jobs: Sequence) -> Iterator:
        with _uninterrupted():
            return pool.map(read, jobs)

    try:
        yield start
    except BrokenProcessPool:
        raise InputError(
            "a worker was ended, most likely for want of memory",
            remedy="run it again with --workers=1: what is finished is kept",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off while workers start, who keep it blocked: it is for this process to end them.

    A worker whose start is broken off has half its orders, and says so in a traceback.
    """
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # Another thread may take the signal all the same; then Python calls the handler in this one.
    in_main = threading.current_thread() is threading.main_thread()
    handler, came = signal.getsignal(signal.SIGINT), list[int]()
    if in_main and callable(handler):
        signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        if in_main and callable(handler):
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    if came and callable(handler):
        handler(came[0], None)


def _end_with_parent() -> None:
    """Let a worker end when its parent is killed, instead of waiting for work for ever."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _key(form: str, job: Job, inputs: dict[str, str]) -> str:
    parts = [VERSION, form, job.name, job.number, inputs]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _is_done(path: Path, key: str) -> bool:
    try:
        return site_folder.load_walks(path)[0] == key
    except InputError:
        return False


def _path(output: Path, job: Job) -> Path:
    return output / ROUNDS / f"{job.name}.npz"


def _digest(path: Path) -> str:
    if not path.is_file():
        raise InputError(lacks(path), remedy="check the folder's layout", path=path)
    return sha256(path)


def _relative(walk: Round, source: Path) -> Round:
    return replace(walk, source=walk.source.relative_to(source))


def _error(outcome: Outcome, below: Path | None = None) -> InputError:
    assert outcome.fault is not None
    problem, remedy, place, line = outcome.fault
    path = None if place is None else Path(place)
    if path is not None and below is not None and path.is_relative_to(below):
        path = path.relative_to(below)
    return InputError(problem, remedy=remedy, path=path, line=line)
