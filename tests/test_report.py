"""A report is a function of its rows, and bad rows end in one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mtloc_jax import rows
from mtloc_jax.errors import InputError
from mtloc_jax.report import write_report
from tests.synthetic_rows import write_workdir

ROOT = Path(__file__).resolve().parents[1]


def test_a_report_writes_tables_and_figures_and_prints_both_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {str(path.relative_to(tmp_path)) for path in write_report(write_workdir(tmp_path))}
    assert {"tables/table5.md", "tables/table6.csv", "figures/fig4.png"} <= names
    assert {"figures/fig5.png", "figures/fig6.png", "figures/trajectory.png"} <= names
    assert all((tmp_path / name).stat().st_size < 150_000 for name in names)
    printed = capsys.readouterr().out
    assert "Table V: error (m) by fine-tune rate, test (simulated)" in printed
    assert "Table VI: error (m) with 40 % of one modality wiped (simulated)" in printed
    assert "2.25 ± 0.35" in printed


def test_two_reports_of_the_same_rows_are_identical_byte_for_byte(tmp_path: Path) -> None:
    write_workdir(tmp_path)
    first = {path: path.read_bytes() for path in write_report(tmp_path)}
    assert {path: path.read_bytes() for path in write_report(tmp_path)} == first


def test_a_figure_that_lost_its_rows_is_named_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_report(write_workdir(tmp_path))
    (tmp_path / rows.TRACKS).unlink()
    written = write_report(tmp_path)
    assert tmp_path / "figures" / "trajectory.png" not in written
    assert not (tmp_path / "figures" / "trajectory.png").exists()
    assert "trajectory.png not drawn" in capsys.readouterr().out


def test_no_rows_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rows\.csv: no rows yet; run launch\.study"):
        write_report(write_workdir(tmp_path, []))


def test_a_cut_line_is_an_input_error_and_nothing_is_written(tmp_path: Path) -> None:
    path = write_workdir(tmp_path) / rows.ROWS
    path.write_text(path.read_text()[:-9])
    with pytest.raises(InputError, match=r"rows\.csv:401: .*; delete this line"):
        write_report(tmp_path)
    assert not (tmp_path / "tables").exists()


def test_rows_of_another_study_are_refused_with_their_line(tmp_path: Path) -> None:
    config = write_workdir(tmp_path) / "config.json"
    config.write_text(config.read_text().replace("office -> hall", "other"))
    with pytest.raises(InputError, match=r"rows\.csv:2: site_pair is 'office -> hall'"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", r"config\.json:1: not valid JSON"), ("{}", "lacks the field 'study'")],
)
def test_a_damaged_config_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (write_workdir(tmp_path) / "config.json").write_text(text)
    with pytest.raises(InputError, match=problem):
        write_report(tmp_path)


def test_the_launcher_rebuilds_a_report_without_importing_jax(tmp_path: Path) -> None:
    write_workdir(tmp_path)
    program = (
        "import sys, runpy\n"
        f"sys.argv = ['report', '--workdir={tmp_path}']\n"
        "try: runpy.run_module('launch.report', run_name='__main__')\n"
        "except SystemExit as left: assert not left.code, left.code\n"
        "assert 'jax' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "figures" / "fig4.png") in done.stdout


@pytest.mark.parametrize(
    "flags", [["--floor_plan=plan.png"], ["--floor_size_m=1,2,3"], ["--floor_size_m=a,b"]]
)
def test_a_floor_plan_without_its_size_is_one_line(tmp_path: Path, flags: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "launch.report", f"--workdir={tmp_path}", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: a floor plan needs its size in metres")


def test_provenance_is_in_every_table(tmp_path: Path) -> None:
    write_report(write_workdir(tmp_path, simulated=False))
    for path in (tmp_path / "tables").glob("*.md"):
        assert "Study table5, git revision 0123abc, device cpu." in path.read_text()
        assert "simulated" not in path.read_text()
    assert json.loads((tmp_path / "config.json").read_text())["simulated"] is False
