"""How fast readers are beside plain ways to read the same files, and how much memory they take."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from mtloc_jax.logs import location20, mmloc_csv

_BIG_BYTES = 100_000_000  # of the file whose memory is measured: far beyond a reader's blocks


class Speed(NamedTuple):
    """Hold one way's median CPU time over the files, and how many times ours that is."""

    files: str
    way: str
    seconds: float
    to_ours: float


class Memory(NamedTuple):
    """Hold what reading a big file took at its peak beyond what the process held before."""

    file_mb: float
    arrays_mb: float
    peak_mb: float

    @property
    def times_arrays(self) -> float:
        """Return the peak in sizes of the arrays that were read."""
        return self.peak_mb / self.arrays_mb


def speeds(data_dir: Path, repeats: int) -> list[Speed]:
    """Time every way on a floor's first traces and on Edinburgh's first rounds, in turn."""
    traces = sorted((data_dir / "indoor_location_20/site2/F1/path_data_files").glob("*.txt"))[:12]
    rounds = sorted((data_dir / "mmloc/edinburgh").glob("*.csv"))[:4]
    ours_csv = [
        lambda path=path: mmloc_csv.read_round(path, mmloc_csv.EDINBURGH, 1) for path in rounds
    ]
    ours_txt = [lambda path=path: location20.read_trace(path, path.stem, 1) for path in traces]
    return [
        *_timed("location20", _ways(ours_txt, traces, "\t"), repeats),
        *_timed("mmloc csv", _ways(ours_csv, rounds, ","), repeats),
    ]


def memory(data_dir: Path, folder: Path) -> Memory:
    """Read a trace of 100 MB, a real one walked again and again, in a process of its own."""
    source = max(
        (data_dir / "indoor_location_20/site2/F1/path_data_files").glob("*.txt"),
        key=lambda path: path.stat().st_size,
    )
    big = folder / "big.txt"
    _write_repeated(source, big)
    told = subprocess.run(
        [sys.executable, "-m", "bench.readers", str(big)],
        capture_output=True,
        text=True,
        check=True,
    )
    before, peak, arrays = map(int, told.stdout.split())
    return Memory(big.stat().st_size / 1e6, arrays / 1e6, (peak - before) / 1e6)


def split_lines(path: Path, separator: str) -> list[list[str]]:
    """Split every line into fields and convert none: the least any Python reader does."""
    with path.open(encoding="utf-8") as file:
        return [line.rstrip("\n").split(separator) for line in file]


def convert_lines(path: Path, separator: str) -> list[list[float]]:
    """Split every line and convert the fields that are numbers, one by one."""
    rows = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            rows.append([_number(field) for field in line.rstrip("\n").split(separator)])
    return rows


def _number(field: str) -> float:
    try:
        return float(field)
    except ValueError:
        return float("nan")


def _ways(ours: list[Callable], paths: list[Path], separator: str) -> dict[str, Callable]:
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: [read() for read in ours],
        "split lines": lambda: [split_lines(path, separator) for path in paths],
        "split and convert": lambda: [convert_lines(path, separator) for path in paths],
    }
    if separator == ",":
        ways["numpy.loadtxt"] = lambda: [
            np.loadtxt(path, delimiter=",", skiprows=1) for path in paths
        ]
    try:
        import pandas
    except ImportError:
        return ways
    names = list(range(12)) if separator == "\t" else None
    ways["pandas.read_csv"] = lambda: [
        pandas.read_csv(path, sep=separator, names=names, comment="#", low_memory=False, quoting=3)
        for path in paths
    ]
    return ways


def _timed(files: str, ways: dict[str, Callable], repeats: int) -> Iterator[Speed]:
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, read in ways.items():
            start = time.process_time()
            read()
            seconds[way].append(time.process_time() - start)
    ours = median(seconds["ours"])
    for way, times in seconds.items():
        yield Speed(files, way, median(times), median(times) / ours)


def _write_repeated(source: Path, big: Path) -> None:
    """Write a trace's records again and again, each time later, as one trace."""
    lines = source.read_text(encoding="utf-8").splitlines()
    body = [line.split("\t") for line in lines if "\tTYPE_" in line]
    first, last = (f(int(fields[0]) for fields in body) for f in (min, max))
    with big.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines[:10] if line.startswith("#"))
        shift_ms = 0
        while file.tell() < _BIG_BYTES:
            file.writelines(_later(fields, shift_ms) for fields in body)
            shift_ms += last - first + 1000
        file.write(f"#\tendTime:{last + shift_ms}\n")


def _later(fields: list[str], shift_ms: int) -> str:
    seen = [str(int(fields[-1]) + shift_ms)] if fields[1] == "TYPE_WIFI" else fields[-1:]
    return "\t".join([str(int(fields[0]) + shift_ms), *fields[1:-1], *seen]) + "\n"


def _peak_bytes() -> int:
    """Return the most this process ever held; ru_maxrss would count its parent's too (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


if __name__ == "__main__":
    before = _peak_bytes()
    read = location20.read_trace(Path(sys.argv[1]), "big", 1)
    peak = _peak_bytes()
    wifi = read.wifi
    held = sum(getattr(wifi, name).nbytes for name in wifi.__dataclass_fields__)
    held += sum(s.t_ms.nbytes + s.values.nbytes for s in read.streams.values())
    print(before, peak, held)
