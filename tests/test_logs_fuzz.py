"""Damaged logs: every reader agrees with a slow reading or names the fault, and nothing else.

`pytest -m slow tests/test_logs_fuzz.py` tries 20,000 damaged samples of each format.
"""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs import mmloc_windows
from tests.log_formats import FORMATS, Bad, Format, meaning_of

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


def damaged(form: Format, damages) -> dict[str, bytes]:
    files = dict(form.files)
    for damage, file, a, b in damages:
        name = sorted(files)[file % len(files)]
        files[name] = damage(files[name], form.separator, a, b)
    return files


def judge(form: Format, folder: Path) -> None:
    """Ask that the reader's rounds mean what the slow reading says, or that both refuse."""
    expected, found, fault = None, None, None
    with contextlib.suppress(Bad):
        expected = form.meaning(folder)
    try:
        found = [meaning_of(walk) for walk in form.read(folder)]
    except InputError as error:
        fault = error
    assert found == expected, fault
    if fault:
        assert str(folder) in str(fault.path)
        assert fault.remedy
        assert "\n" not in str(fault)


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_means_what_its_slow_reading_says(tmp_path, name):
    write(tmp_path, FORMATS[name].files)
    judge(FORMATS[name], tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_log_cut_anywhere_is_refused_or_holds_nothing_new(tmp_path, name):
    form = FORMATS[name]
    write(tmp_path, form.files)
    whole = [meaning_of(walk) for walk in form.read(tmp_path)]
    for file, data in form.files.items():
        for length in range(len(data)):
            (tmp_path / file).write_bytes(data[:length])
            try:
                cut_short = [meaning_of(walk) for walk in form.read(tmp_path)]
            except InputError:
                continue
            for key, rows in cut_short[0].items():
                assert all(row in whole[0][key] for row in rows), (file, length, key)
        (tmp_path / file).write_bytes(data)


def fuzz(name: str, folder: Path, n_cases: int) -> None:
    form = FORMATS[name]

    @settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=n_cases,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(DAMAGE, min_size=1, max_size=3))
    def try_damages(damages):
        write(folder, damaged(form, damages))
        judge(form, folder)

    try_damages()


@pytest.mark.parametrize("name", FORMATS)
def test_damage_is_read_rightly_or_named(tmp_path, name):
    fuzz(name, tmp_path, 300)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_much_damage_is_read_rightly_or_named(tmp_path, name):
    fuzz(name, tmp_path, 20_000)


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
    fuzz_windows(tmp_path, 20_000)


@pytest.mark.parametrize("step", range(10))
def test_one_wrong_value_in_a_window_is_never_taken_for_a_new_round(tmp_path, step):
    arrays = windows_sample(tmp_path)
    windows = arrays["sensor_baseline_val"]
    windows[2, step, 1] = 0.123
    np.save(tmp_path / "sensor_baseline_val.npy", windows)
    with pytest.raises(InputError, match="only in part"):
        mmloc_windows.read_scenario_b(tmp_path)
