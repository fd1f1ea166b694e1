"""The long-format CSV files that everything measured goes to, and the only thing reports read."""

import csv
import io
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from mtloc_jax import escapes
from mtloc_jax.errors import InputError

ROWS, CDF, TRACKS, LEAVES = "rows.csv", "cdf.csv", "tracks.csv", "leaves.csv"
CHOSEN, WALKS, COVERAGE = "chosen.csv", "walks.csv", "coverage.csv"
PRETEXT, RADIUS, DIVERGED = "pretext.csv", "radius.csv", "diverged.csv"
HISTORY = "history.csv"
VARIANTS = "variants"
"""Below a swept study's workdir: a folder a variant, with files as of a study of its own."""
CONFIG = "config.json"
"""What a study was asked, beside its rows."""
QUESTION = "question"
"""Its field that says it in words, where somebody did."""
CARD = "card_{}.json"
"""The data card of a building, by its role: source, source_2, .., target."""

KEYS = ("study", "site_pair", "arm", "finetune_rate", "seed", "split", "modality", "drop_rate")


@dataclass(frozen=True)
class Metric:
    """Say what is reported of the errors of many windows, in metres.

    label:   as tables call it
    percent: which of their percentiles it is; None for what is no percentile
    """

    label: str
    percent: float | None = None


METRICS: dict[str, Metric] = {
    # Mean and STD are Table V's; the text's "median" is a median here.
    "mean_m": Metric("mean"),
    "std_m": Metric("STD"),
    "median_m": Metric("median", 50.0),
    "p75_m": Metric("p75", 75.0),
    "p90_m": Metric("p90", 90.0),
    "p95_m": Metric("p95", 95.0),
}
"""Column of rows.csv -> what it measures, in the order of columns."""
LOSS = ": "
"""Column modality holds a modality's name, or that of a loss: 'wifi: a scan in 30 s, held 4 s'."""
QUANTILES = tuple(range(0, 101, 2))  # per cent; the error CDF as its inverse, in metres

COLUMNS: dict[str, tuple[str, ...]] = {
    # One row per trained run, split, wiped modality, drop rate and wipe seed.
    ROWS: (*KEYS, "wipe_seed", "n_windows", *METRICS),
    # One row per error CDF: columns q000 .. q100 are error quantiles in metres.
    CDF: (*KEYS, "wipe_seed", *(f"q{q:03d}" for q in QUANTILES)),
    # One row per test window of the tracks kept for drawing: true and predicted position.
    TRACKS: (*KEYS[:6], "trace", "t_s", "x_m", "y_m", "predicted_x_m", "predicted_y_m"),
    # One row per grafted run: the paths of the leaves its graft took from a donor, and of those
    # that training left as they were, bit for bit.
    LEAVES: (*KEYS[:5], "taken", "unchanged"),
    # One row per setting that a run chose for itself on validation, such as the k of k-NN.
    CHOSEN: (*KEYS[:5], "setting", "value"),
    # One row per run, split and walk: nothing wiped ("none"), then each loss.
    WALKS: (*KEYS[:7], "walk", "n_windows", "mean_m", "median_m"),
    # One row per run, split and band of distance to the nearest surveyed position, then the same by
    # the nearest surveyed scan; windows before their walk's first scan are a band of their own.
    COVERAGE: (*KEYS[:6], "nearest", "band", "n_windows", "mean_m"),
    # One row per run whose training or judgement ended in what is no number: it has no other rows.
    DIVERGED: (*KEYS[:5], "learning_rate"),
    # One row per run, network trained for it and epoch, up to where it diverged (of more than 256
    # epochs, every second, third ..): the mean loss of the steps since the row before, and what a
    # few windows of validation were measured at, not a number where they were not. What runs share
    # stands with the first that asked for it; what they start from follows, as an arm of its own.
    HISTORY: (*KEYS[:5], "part", "epoch", "training_loss", "validation_loss", "validation_error_m"),
    # One row per pretrained network, split of the source and quantity that its pretext asks for:
    # the mean error in its unit, and that of the mean of what was asked in training.
    PRETEXT: (
        *("study", "site_pair", "pretext", "seed", "split", "quantity", "unit"),
        *("n_windows", "error", "constant_error"),
    ),
}
COLUMNS[RADIUS] = (
    # One row per run, split, radius (stated or calibrated) and band of distance to the nearest
    # surveyed position: the share of windows that lie within it, its mean, and how many of the
    # walks have less than 80 % within. Not a number where too few walks calibrate.
    *KEYS[:6],
    "radius",
    "band",
    "n_walks",
    "n_windows",
    "covered",
    "radius_m",
    "walks_below",
)
OF_RUNS = tuple(name for name in COLUMNS if name != PRETEXT)
"""Those that each chunk of runs has its part of."""
_INTEGERS = {"seed", "wipe_seed", "n_windows", "n_walks", "epoch"}
_OF_ANY_SIZE = {"learning_rate", "training_loss", "validation_loss"}
_TEXT = {
    "study",
    "site_pair",
    "arm",
    "split",
    "modality",
    "trace",
    "taken",
    "unchanged",
    "setting",
    "value",
    "walk",
    "nearest",
    "band",
    "radius",
    "pretext",
    "quantity",
    "unit",
    "part",
}

_BLOCK_LINES = 1 << 13

Table = Mapping[str, np.ndarray]  # column name -> values, all of one length


class Selection(Mapping[str, np.ndarray]):
    """Hold rows of a table; a column is copied when it is first asked for.

    Of sixteen columns a reader asks for few, and of millions of rows each copy is gigabytes.
    """

    def __init__(self, table: Table, keep: np.ndarray) -> None:
        """Keep the rows where bool[N] `keep` is true; of a selection, those of its table."""
        self._table, self._at = table, np.flatnonzero(keep)
        if isinstance(table, Selection):
            self._table, self._at = table._table, table._at[self._at]
        self._made: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column."""
        if name not in self._made:
            self._made[name] = self._table[name][self._at]
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the columns' names."""
        return iter(self._table)

    def __len__(self) -> int:
        """Return how many columns there are."""
        return len(self._table)


def append(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Append `rows` to the CSV at `path` (header first if new) as one flushed write."""
    text = as_text(path.name, rows, header=not path.exists())
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def as_text(name: str, rows: Iterable[Mapping[str, object]], header: bool = True) -> str:
    """Return `rows` as the text of the CSV called `name`."""
    columns, text = COLUMNS[name], io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(columns)
    writer.writerows([_cell(column, row[column]) for column in columns] for row in rows)
    return text.getvalue()


def cells(line: str) -> list[str]:
    """Return the values of one line of such a file, as they were before they were written."""
    return [escapes.from_csv(field) for field in next(csv.reader([line]))]


def read(path: Path) -> Table:
    """Read a CSV written by `append` into columns; texts are of dtype object, each kept once.

    Raises InputError where the file is absent, is no such text, has other columns, or a line is
    cut.
    """
    if not path.is_file():
        raise InputError("no such file", remedy="run launch.study with this --workdir", path=path)
    try:
        return _read(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"cannot be read ({error})",
            remedy="it is damaged: run launch.study with this --workdir again",
            path=path,
        ) from error


def _read(path: Path) -> Table:
    """Read block by block into columns that grow in place: no more is held than they are."""
    columns, number = COLUMNS[path.name], 2
    texts: dict[str, dict[str, int]] = {name: {} for name in columns if name in _TEXT}
    parts = {name: array("i" if name in texts else _nothing(name).dtype.char) for name in columns}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        if tuple(next(reader, ())) != columns:
            raise InputError(
                f"the header is not {','.join(columns[:4])},...",
                remedy="this file is not from this version of launch.study; use another --workdir",
                path=path,
                line=1,
            )
        while block := list(islice(reader, _BLOCK_LINES)):
            for at, line in enumerate(block, start=number):
                if len(line) != len(columns):
                    raise _bad_line(path, at, f"{len(line)} fields instead of {len(columns)}")
            if len(block) < _BLOCK_LINES and not _ends_whole(path):
                raise _bad_line(path, number + len(block) - 1, "the line is cut")
            for name, values in zip(columns, zip(*block, strict=True), strict=True):
                if name in texts:
                    known = texts[name]
                    parts[name].extend([known.setdefault(value, len(known)) for value in values])
                else:
                    parts[name].frombytes(_numbers(path, name, values, number).tobytes())
            number += len(block)
    if not _ends_whole(path):
        raise _bad_line(path, number - 1, "the line is cut")
    return {name: _column(name, parts.pop(name), texts.get(name, ())) for name in columns}


def _column(name: str, found: array, texts: Iterable[str]) -> np.ndarray:
    """Return a column: numbers as they lie there, or the texts that they number."""
    if name not in _TEXT:
        return np.frombuffer(found, _nothing(name).dtype)
    # As they were before they were written.
    known = np.array([*map(escapes.from_csv, texts), None], object)[:-1]
    return known[np.frombuffer(found, np.intc)]


def empty(name: str) -> Table:
    """Return the table of the file called `name` with no rows in it."""
    return {column: _nothing(column) for column in COLUMNS[name]}


def select(table: Table, **equal: object) -> Table:
    """Keep the rows whose columns equal the given values (floats to 1e-9)."""
    keep = np.ones(len(next(iter(table.values()))), bool)
    for name, value in equal.items():
        if isinstance(value, float):
            keep &= np.isclose(table[name], value, rtol=0, atol=1e-9)
        else:
            keep &= table[name] == value
    return Selection(table, keep)


def wiped_at_random(table: Table) -> Table:
    """Keep the rows of a modality wiped at a drop rate, 0 among them."""
    return _of_modality(table, lambda name: name != "none" and LOSS not in name)


def of_losses(table: Table) -> Table:
    """Keep the rows of what befalls a modality in life: see sites.losses."""
    return _of_modality(table, lambda name: LOSS in name)


def of_arm(table: Table, arm: tuple[str, float]) -> Table:
    """Keep the rows of one arm at one fine-tune rate."""
    return select(table, arm=arm[0], finetune_rate=float(arm[1]))


def _of_modality(table: Table, wanted: Callable[[str], bool]) -> Table:
    said = {name: wanted(name) for name in set(table["modality"].tolist())}
    return Selection(table, np.array([said[name] for name in table["modality"].tolist()], bool))


def _cell(name: str, value: object) -> str:
    if name in _TEXT:
        return escapes.csv_field(str(value))
    if name in _INTEGERS:
        return str(int(value))  # type: ignore[call-overload]
    if name in _OF_ANY_SIZE:
        return f"{float(value):.6g}"  # type: ignore[arg-type]
    return f"{float(value):.4f}"  # type: ignore[arg-type]


def _numbers(path: Path, name: str, values: Sequence[str], first_line: int) -> np.ndarray:
    parse: type[int] | type[float] = int if name in _INTEGERS else float
    try:
        return np.array(list(map(parse, values)), _nothing(name).dtype)
    except (ValueError, OverflowError):
        at = next(k for k, value in enumerate(values) if not _is(parse, value))
        problem = f"{name} {values[at]!r} is not a number"
        raise _bad_line(path, first_line + at, problem) from None


def _is(parse: type[int] | type[float], value: str) -> bool:
    try:
        return abs(parse(value)) < 2**63 or parse is float
    except ValueError:
        return False


def _nothing(name: str) -> np.ndarray:
    kind = object if name in _TEXT else np.int64 if name in _INTEGERS else np.float64
    return np.zeros(0, kind)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _bad_line(path: Path, line: int, problem: str) -> InputError:
    return InputError(
        problem,
        remedy="delete this line and run launch.study again to redo it",
        path=path,
        line=line,
    )
