"""Rows survive a round trip, and damage is named by file and line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax import rows
from mtloc_jax.errors import InputError

ROW: dict[str, object] = {
    "study": "table5",
    "site_pair": "A -> B",
    "arm": "finetuned",
    "finetune_rate": 0.625,
    "seed": 3,
    "split": "test",
    "modality": "imu",
    "drop_rate": 0.4,
    "wipe_seed": 1,
    "n_windows": 1516,
    "mean_m": 1.56,
    "std_m": 1.82,
    "median_m": 1.1,
    "p75_m": 2.0,
    "p90_m": 3.25,
    "p95_m": 4.125,
}


def written(path: Path, *changes: dict[str, object]) -> Path:
    rows.append(path / rows.ROWS, [{**ROW, **change} for change in changes])
    return path / rows.ROWS


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    table = rows.read(written(tmp_path, {}, {"seed": 4, "mean_m": 2.5}))
    assert tuple(table) == rows.COLUMNS[rows.ROWS]
    assert table["arm"].tolist() == ["finetuned", "finetuned"]
    assert table["seed"].tolist() == [3, 4]
    assert table["mean_m"].tolist() == [1.56, 2.5]
    assert table["n_windows"].dtype == np.int64


def test_a_second_append_adds_no_second_header(tmp_path: Path) -> None:
    written(tmp_path, {})
    assert written(tmp_path, {}).read_text().count("study,") == 1


def test_appending_nothing_leaves_a_header_that_reads_as_empty_columns(tmp_path: Path) -> None:
    table = rows.read(written(tmp_path))
    assert {len(values) for values in table.values()} == {0}


def test_the_quantile_columns_are_those_of_every_second_per_cent() -> None:
    assert rows.COLUMNS[rows.CDF][-1] == "q100"
    assert sum(name.startswith("q") for name in rows.COLUMNS[rows.CDF]) == 51


@settings(deadline=None, derandomize=True)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), min_size=1),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 4) + 0.0),
)
def test_any_text_and_any_metre_survive_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory, text: str, metres: float
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    table = rows.read(written(folder, {"site_pair": text, "mean_m": metres}))
    assert table["site_pair"][0] == text.rstrip("\x00")
    assert table["mean_m"][0] == pytest.approx(metres, abs=1e-4)


def test_select_keeps_equal_rows_and_forgives_the_last_bit_of_a_rate(tmp_path: Path) -> None:
    table = rows.read(written(tmp_path, {}, {"drop_rate": 0.3}, {"arm": "scratch"}))
    kept = rows.select(table, arm="finetuned", drop_rate=0.1 + 0.3)
    assert kept["drop_rate"].tolist() == [0.4]
    assert rows.select(table, drop_rate=0.1 + 0.2)["drop_rate"].tolist() == [0.3]


def test_an_absent_file_says_which_command_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rows\.csv: no such file; run launch\.study"):
        rows.read(tmp_path / rows.ROWS)


@pytest.mark.parametrize("header", ["", "study,site\n", "a,b,c"])
def test_a_foreign_header_is_refused_at_line_1(tmp_path: Path, header: str) -> None:
    (tmp_path / rows.ROWS).write_text(header)
    with pytest.raises(InputError, match=r"rows\.csv:1: the header is not study,site_pair"):
        rows.read(tmp_path / rows.ROWS)


@pytest.mark.parametrize(
    ("cut", "problem"),
    [
        (len("4.1250\n"), "the line is cut"),
        (len("3.2500,4.1250\n"), "15 fields instead of 16"),
        (1, "the line is cut"),
    ],
)
def test_a_cut_last_line_is_named(tmp_path: Path, cut: int, problem: str) -> None:
    path = written(tmp_path, {}, {})
    path.write_text(path.read_text()[:-cut])
    with pytest.raises(InputError, match=rf"rows\.csv:3: ({problem})"):
        rows.read(path)


def test_a_cell_that_is_not_a_number_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, {}, {})
    path.write_text(path.read_text().replace("1.5600", "1.5.6", 1))
    with pytest.raises(InputError, match=r"rows\.csv:2: mean_m '1\.5\.6' is not a number; delete"):
        rows.read(path)
