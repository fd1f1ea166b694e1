"""Damaged logs: what a reader takes stands in the log, all else is named, and nothing else happens.

`pytest -m slow tests/test_logs_fuzz.py` tries 4,000 damaged samples of each format.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs import mmloc_windows
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.round import checked
from mtloc_jax.logs.scans import HIGHEST_MHZ, LOWEST_MHZ, STRONGEST_DBM, WEAKEST_DBM
from mtloc_jax.sites import formats
from tests import test_logs_getsensordata as getsensordata
from tests import test_logs_mmloc_csv as mmloc_csv
from tests import test_logs_mmloc_xml as mmloc_xml
from tests import test_logs_plain_csv as plain_csv
from tests.test_logs_location20 import TRACE

ROUNDS = "trace_id,round\ntrace,1\n"
BUCHAREST = [
    mmloc_csv.bucharest_row(1200, 727, [(0, 0.5833333333333334), (42, 1.0)]),
    mmloc_csv.bucharest_row(1300, -1),
    mmloc_csv.bucharest_row(1400, 15, [(7, 0.25)]),
    mmloc_csv.bucharest_row(1500, 0),
]
# Format -> (its separator, its files)
SAMPLES = {
    "location20": ("\t", {"path_data_files/trace.txt": TRACE, "rounds.csv": ROUNDS}),
    "mmloc-bucharest": (",", {"sensor_wifi_1_1_timestep100.csv": mmloc_csv.text(BUCHAREST)}),
    "getsensordata": (";", {"log.txt": getsensordata.HEADER + getsensordata.BODY}),
    "csv": (
        ",",
        {
            f"walk/{name}": f"{plain_csv.HEADERS[name]}\n{rows}"
            for name, rows in plain_csv.FILES.items()
        },
    ),
    "mmloc-xml": (" ", {"9.xml": mmloc_xml.LOG, "9.csv": mmloc_xml.CORNERS}),
}
SAMPLES = {
    name: (separator.encode(), {file: text.encode() for file, text in files.items()})
    for name, (separator, files) in SAMPLES.items()
}
POISONS = b"|NaN|inf|-inf|1e999|1e300|-1e9|9999999999999|x|1_0|0x1p3| 1 |-|.|--1|1-2".split(b"|")
POISONS += [b"\xff", b"9" * 26, b"1574572312030", b"\x00", b"\xc2\xa0", "٣".encode(), b"\r"]
INSERTS = [b"\xff", b"\xfe\xff", b"\x00", b"\t", b";", b",", b"\r", b"\n", b"\r\n", b" ", b"TYPE_"]
INSERTS += ["\u2028".encode(), "😀".encode(), b"<", b">", b'"', b"&", b"#", b"%"]


def cut(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    return data[: a % (len(data) + 1)]


def glue(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    lines = data.split(b"\n")
    at = a % len(lines)
    return b"\n".join([*lines[:at], b"".join(lines[at : at + 2]), *lines[at + 2 :]])


def poison(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    return on_a_field(data, separator, a, lambda _: [POISONS[b % len(POISONS)]])


def drop_field(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    return on_a_field(data, separator, a, lambda _: [])


def double_field(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    return on_a_field(data, separator, a, lambda field: [field, field])


def on_a_field(data, separator, a, change) -> bytes:
    fields = [line.split(separator) for line in data.split(b"\n")]
    places = [(i, j) for i, line in enumerate(fields) for j in range(len(line))]
    i, j = places[a % len(places)]
    fields[i][j : j + 1] = change(fields[i][j])
    return b"\n".join(separator.join(line) for line in fields)


def swap_lines(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    lines = data.split(b"\n")
    i, j = a % len(lines), b % len(lines)
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def repeat_line(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    lines = data.split(b"\n")
    lines.insert(b % len(lines), lines[a % len(lines)])
    return b"\n".join(lines)


def drop_lines(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    """Drop the lines that hold a word: no scan, one waypoint, no header."""
    words = [b"WIFI", b"WAYPOINT", b"POSI", b"endTime", b"ACC", b"<g", b"<r ", b"<wr", b"0"]
    word = words[a % len(words)]
    kept = [line for line in data.split(b"\n") if word not in line]
    return b"\n".join(kept)


def drop_line(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    lines = data.split(b"\n")
    del lines[a % len(lines)]
    return b"\n".join(lines)


def carriage(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    return b"\r\n".join(data.split(b"\n", a % 20))  # of the first lines only: mixed ends


def insert(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    at = a % (len(data) + 1)
    return data[:at] + INSERTS[b % len(INSERTS)] + data[at:]


def change_byte(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    at = a % max(len(data), 1)
    return data[:at] + bytes([b % 256]) + data[at + 1 :]


def change_digit(data: bytes, separator: bytes, a: int, b: int) -> bytes:
    digits = [i for i, byte in enumerate(data) if chr(byte).isdigit()] or [0]
    at = digits[a % len(digits)]
    return data[:at] + str(b % 10).encode() + data[at + 1 :]


DAMAGES = [cut, glue, poison, drop_field, double_field, swap_lines, repeat_line, drop_lines]
DAMAGES += [drop_line, carriage, insert, change_byte, change_digit]
POSITION, CHOICE = st.integers(0, 2**16), st.integers(0, 999)
DAMAGE = st.tuples(st.sampled_from(DAMAGES), CHOICE, POSITION, CHOICE)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


def read(name: str, folder: Path):
    (walk,) = read_all(formats.jobs(name, folder))
    return walk


def rows_of(walk) -> dict[str, list]:
    """Return all that a walk holds, a row a reading."""
    wifi = walk.wifi
    scans = [wifi.t_ms[wifi.scan], wifi.bssid, wifi.rss_dbm, wifi.age_ms, wifi.mhz]
    return {
        "waypoints": [*zip(walk.waypoint_t_ms.tolist(), walk.waypoint_xy_m.tolist(), strict=True)],
        "scans": wifi.t_ms.tolist(),
        "entries": [*zip(*(column.tolist() for column in scans), strict=True)],
        **{
            name: [*zip(stream.t_ms.tolist(), stream.values.tolist(), strict=True)]
            for name, stream in walk.streams.items()
        },
    }


def judge(name: str, folder: Path) -> None:
    """Ask that a folder is refused in one line, or that what is read stands in its files."""
    walk, fault = None, None
    try:
        walk = read(name, folder)
    except InputError as error:
        fault = error
    if fault:
        assert str(folder) in str(fault.path)
        assert fault.remedy
        assert "\n" not in str(fault)
        return
    checked(walk)
    record_end = "<" if name == "mmloc-xml" else "\n"  # an element may go over several lines
    written = [numbers_in(record) for record in text_of(folder).split(record_end)]
    for stream in walk.streams.values():
        at = 0  # each reading stands in a record of its own, whole, and they are in order
        for reading in stream.values.tolist():
            at = 1 + next(i for i in range(at, len(written)) if holds(written[i], reading))
    wifi = walk.wifi
    assert ((wifi.rss_dbm >= WEAKEST_DBM) & (wifi.rss_dbm <= STRONGEST_DBM)).all()
    assert (wifi.age_ms >= 0).all()
    assert ((wifi.mhz == 0) | ((wifi.mhz >= LOWEST_MHZ) & (wifi.mhz <= HIGHEST_MHZ))).all()
    assert (np.diff(wifi.t_ms) >= 0).all()
    text = text_of(folder).lower()
    assert all(bssid.lower() in text or bssid.startswith("bucharest:ap") for bssid in wifi.bssid)


def text_of(folder: Path) -> str:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def numbers_in(record: str) -> list[float]:
    found = re.split(r"[^0-9a-zA-Z.+-]+", record)
    return [
        float(text)
        for text in found
        if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text)
    ]


def holds(numbers: list[float], reading: list[float]) -> bool:
    """Say whether a reading's numbers follow each other among the numbers of a record."""
    n = len(reading)
    return any(numbers[i : i + n] == reading for i in range(len(numbers) - n + 1))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_reads_and_holds_something_of_everything(tmp_path, name):
    write(tmp_path, SAMPLES[name][1])
    judge(name, tmp_path)
    assert all(rows_of(read(name, tmp_path)).values())


@pytest.mark.parametrize("name", SAMPLES)
def test_a_log_cut_anywhere_is_refused_or_holds_nothing_new(tmp_path, name):
    _, files = SAMPLES[name]
    write(tmp_path, files)
    whole = rows_of(read(name, tmp_path))
    for file, data in files.items():
        for length in range(len(data)):
            (tmp_path / file).write_bytes(data[:length])
            try:
                cut_short = rows_of(read(name, tmp_path))
            except InputError:
                continue
            for key, rows in cut_short.items():
                assert all(row in whole[key] for row in rows), (file, length, key)
        (tmp_path / file).write_bytes(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_number_put_out_of_shape_changes_nothing_else_or_is_refused(tmp_path, name):
    """Poison every field in turn: a reading is as it was, or the log is refused."""
    separator, files = SAMPLES[name]
    write(tmp_path, files)
    whole = rows_of(read(name, tmp_path))
    refused = 0
    for file, data in files.items():
        n_fields = sum(line.count(separator) + 1 for line in data.split(b"\n"))
        for at in range(n_fields):
            poisoned = on_a_field(data, separator, at, lambda field: [b"_" + field])
            (tmp_path / file).write_bytes(poisoned)
            try:
                found = rows_of(read(name, tmp_path))
            except InputError:
                refused += 1
                continue
            for sensor in ("accel", "gyro", "mag", "waypoints", "scans"):
                assert found[sensor] == whole[sensor], (file, at)
        (tmp_path / file).write_bytes(data)
    assert refused > 10


def fuzz(name: str, folder: Path, n_cases: int) -> None:
    separator, files = SAMPLES[name]

    @settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=n_cases,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(DAMAGE, min_size=1, max_size=3))
    def try_damages(damages):
        damaged = dict(files)
        for damage, file, a, b in damages:
            path = sorted(files)[file % len(files)]
            damaged[path] = damage(damaged[path], separator, a, b)
        write(folder, damaged)
        judge(name, folder)

    try_damages()


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_read_rightly_or_named(tmp_path, name):
    fuzz(name, tmp_path, 300)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_much_damage_is_read_rightly_or_named(tmp_path, name):
    fuzz(name, tmp_path, 4_000)


# Windows (.npy): the arrays are all there is, so a fault must show in them.

ARRAYS = ("sensor_baseline_train", "location_train", "sensor_baseline_test", "location_test")


def windows_sample(folder: Path) -> dict[str, np.ndarray]:
    rng, arrays = np.random.default_rng(0), {}
    for split in mmloc_windows.SPLITS:
        series = [rng.uniform(size=(n, 3)) for n in (13, 12)]
        cuts = [np.stack([s[i : i + 10] for i in range(len(s) - 9)]) for s in series]
        arrays[f"sensor_baseline_{split}"] = np.concatenate(cuts)
        arrays[f"location_{split}"] = rng.uniform(size=(7, 2))
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return arrays


def judge_windows(folder: Path) -> None:
    walks, fault = [], None
    try:
        walks = mmloc_windows.read_scenario_b(folder)
    except InputError as error:
        fault = error
    if fault:
        assert fault.path.parent == folder
        return
    loaded = {p.stem: np.load(p) for p in folder.glob("*.npy")}
    labels = np.concatenate([walk.waypoint_xy_m for walk in walks]) / mmloc_windows.EXTENT_M
    published = [loaded[f"location_{split}"] for split in mmloc_windows.SPLITS]
    assert np.allclose(labels, np.concatenate(published), rtol=0, atol=1e-12)
    cuts = [
        np.concatenate([walk.accel.values, walk.gyro.values, walk.mag.values], 1)[i : i + 10]
        for walk in walks
        for i in range(len(walk.waypoint_t_ms))
    ]
    published = [loaded[f"sensor_baseline_{split}"] for split in mmloc_windows.SPLITS]
    assert np.array_equal(np.stack(cuts), np.concatenate(published))


def fuzz_windows(folder: Path, n_cases: int) -> None:
    windows_sample(folder)
    good = {name: (folder / f"{name}.npy").read_bytes() for name in ARRAYS}
    shapes = st.lists(st.integers(0, 11), max_size=4).map(tuple)
    dtypes = st.sampled_from(["f8", "f4", "i8", ">f8", "S3", "?", "c16", "f8,i4"])

    @settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=n_cases,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(ARRAYS),
        st.sampled_from([cut, insert, change_byte, change_digit, "array", "value"]),
        st.integers(0, 2**16),
        st.integers(0, 999),
        shapes,
        dtypes,
    )
    def try_damage(name, damage, a, b, shape, dtype):
        path = folder / f"{name}.npy"
        if damage == "array":
            np.save(path, np.zeros(shape, dtype))
        elif damage == "value":
            array = np.load(path)
            array.flat[a % array.size] = (0.5, -1, 2, np.nan, np.inf, 1e300)[b % 6]
            np.save(path, array)
        else:
            # Most damage goes to the header, which is where most can go wrong.
            path.write_bytes(damage(good[name], b",", a % 140 if b % 2 else a, b))
        judge_windows(folder)
        path.write_bytes(good[name])

    try_damage()


def test_damaged_windows_are_read_rightly_or_named(tmp_path):
    fuzz_windows(tmp_path, 300)


@pytest.mark.slow
def test_much_damage_to_windows_is_read_rightly_or_named(tmp_path):
    fuzz_windows(tmp_path, 4_000)


@pytest.mark.parametrize("step", range(10))
def test_one_wrong_value_in_a_window_is_never_taken_for_a_new_round(tmp_path, step):
    arrays = windows_sample(tmp_path)
    windows = arrays["sensor_baseline_val"]
    windows[2, step, 1] = 0.123
    np.save(tmp_path / "sensor_baseline_val.npy", windows)
    with pytest.raises(InputError, match="only in part"):
        mmloc_windows.read_scenario_b(tmp_path)
