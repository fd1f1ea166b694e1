"""A report is a function of its rows, and bad rows end in one line."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.report import rows
from mtloc_jax.report.write import write_report
from tests.synthetic_rows import row, write_workdir

ROOT = Path(__file__).resolve().parents[1]


CARD = {
    "name": "hall",
    "checks": [
        {"name": "gaps", "passed": False, "number": "3 pauses", "meaning": "windows are lost"},
        {"name": "units", "passed": True, "number": "fine", "meaning": "as it should be"},
    ],
}


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workdir with its report, which takes seconds to draw; tests only read it."""
    workdir = write_workdir(tmp_path_factory.mktemp("reported"))
    (workdir / "card_target.json").write_text(json.dumps(CARD))
    write_report(workdir)
    return workdir


def files(workdir: Path) -> dict[str, bytes]:
    paths = [path for path in workdir.rglob("*") if path.is_file()]
    return {str(path.relative_to(workdir)): path.read_bytes() for path in paths}


def test_a_report_writes_tables_figures_and_a_page_of_modest_size(reported: Path) -> None:
    sizes = {name: len(content) for name, content in files(reported).items()}
    assert {"tables/table5.md", "tables/table6.csv", "tables/claims.tex"} <= sizes.keys()
    names = ("fig4", "fig5", "fig6", "trajectory", "error_map", "data_demand", "differences")
    assert all(sizes[f"figures/{name}.png"] < 150_000 for name in names)
    assert all(sizes[f"figures/{name}.svg"] < 300_000 for name in names)
    assert sizes["report.html"] < 1_000_000


def test_two_reports_of_the_same_rows_are_identical_and_print_both_tables(
    reported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("config.json", rows.ROWS, rows.CDF, rows.TRACKS, "card_target.json"):
        (tmp_path / name).write_bytes((reported / name).read_bytes())
    written = write_report(tmp_path)
    assert {path.suffix for path in written} == {".md", ".csv", ".tex", ".png", ".svg", ".html"}
    assert files(tmp_path) == files(reported)
    printed = capsys.readouterr().out
    assert "Table V: error (m) by fine-tune rate, test (simulated)" in printed
    assert "Table VI: error (m) with 40 % of one modality wiped (simulated)" in printed
    assert "2.25 ± 0.35" in printed
    assert printed.endswith("report.html, and 29 files in tables/ and figures/ beside it\n")


def test_a_figure_that_lost_its_rows_is_named_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (write_workdir(tmp_path) / rows.TRACKS).unlink()
    (tmp_path / rows.CDF).unlink()
    (tmp_path / "figures").mkdir()
    for name in ("trajectory.png", "trajectory.svg"):
        (tmp_path / "figures" / name).write_text("drawn when there were tracks")
    write_report(tmp_path)
    assert not list((tmp_path / "figures").glob("trajectory*"))
    missing = "nothing was measured for it: fig4, fig6, trajectory, error_map"
    assert missing in capsys.readouterr().out


def test_the_page_has_every_figure_and_table_and_loads_nothing(reported: Path) -> None:
    html = (reported / "report.html").read_text()
    n_figures = len(list((reported / "figures").glob("*.png")))
    assert html.count('src="data:image/png;base64,') == n_figures
    assert html.count("<table") == 7
    assert not re.search(r'(src|href)="(?!data:image/png;base64,|#)', html)
    assert not re.search(r"<script|<link|@import|url\(", html)


def test_the_page_names_its_rows_by_digest(reported: Path) -> None:
    digest = hashlib.sha256((reported / rows.ROWS).read_bytes()).hexdigest()
    assert digest in (reported / "report.html").read_text()


def test_the_warnings_of_a_data_card_stand_on_the_page(reported: Path) -> None:
    html = (reported / "report.html").read_text()
    assert "hall (target): 1 of 2 checks warn" in html
    assert "<li><b>gaps</b>: 3 pauses; windows are lost</li>" in html
    assert "as it should be" not in html


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"name": "hall", "checks": [1]}'])
def test_a_file_that_is_no_data_card_is_named(tmp_path: Path, text: str) -> None:
    (write_workdir(tmp_path) / "card_source.json").write_text(text)
    with pytest.raises(InputError, match=r"card_source\.json: this is not a data card"):
        write_report(tmp_path)
    assert not (tmp_path / "tables").exists()


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
    write_workdir(tmp_path, [row("scratch", 1.0, 0, 2.0)])
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
    assert str(tmp_path / "report.html") in done.stdout


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


def test_provenance_is_in_every_table_and_only_simulated_rows_are_called_so(
    reported: Path, tmp_path: Path
) -> None:
    workdir = write_workdir(tmp_path, [row("scratch", 1.0, 0, 2.0)], simulated=False)
    for name in (rows.CDF, rows.TRACKS):
        (workdir / name).unlink()
    write_report(tmp_path)
    for path in (tmp_path / "tables").glob("table*.md"):
        assert "Study table5, git revision 0123abc, device cpu." in path.read_text()
        assert "simulated" not in path.read_text()
        assert "(simulated)" in (reported / "tables" / path.name).read_text()
    assert "simulated" not in (tmp_path / "report.html").read_text()
