"""A report is a function of its rows, and bad rows end in one line."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from mtloc_jax import rows
from mtloc_jax.arms import PREDICTORS
from mtloc_jax.errors import InputError
from mtloc_jax.files import record_sums
from mtloc_jax.report.named import name_margin
from mtloc_jax.report.write import make_report, write_report
from tests.launched import launched_without_jax
from tests.synthetic_rows import (
    row,
    whole_grid,
    write_networks,
    write_predictors,
    write_workdir,
)

ARMS = ("carried", "reinitialised")
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


@pytest.fixture(scope="module")
def launched(reported: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the same rows in another workdir, reported by a process, and what that printed."""
    workdir = tmp_path_factory.mktemp("launched")
    for name in ("config.json", rows.ROWS, rows.CDF, rows.TRACKS, "card_target.json"):
        (workdir / name).write_bytes((reported / name).read_bytes())
    done = launched_without_jax("launch.report", f"--workdir={workdir}", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    return workdir, done.stdout


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
    reported: Path, launched: tuple[Path, str]
) -> None:
    workdir, printed = launched
    made = files(workdir)
    suffixes = {Path(name).suffix for name in made} - {".json"}
    assert suffixes == {".md", ".csv", ".tex", ".png", ".svg", ".html"}
    assert made == files(reported)
    assert "Table V: error (m) by fine-tune rate, test (simulated)" in printed
    assert "Table VI: error (m) with 40 % of one modality wiped (simulated)" in printed
    assert "2.25 ± 0.35" in printed
    assert printed.endswith("report.html, and 29 files in tables/ and figures/ beside it\n")


@pytest.mark.usefixtures("without_drawing")
def test_what_lost_its_rows_is_removed_and_nothing_is_said_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (write_workdir(tmp_path) / rows.TRACKS).unlink()
    (tmp_path / rows.CDF).unlink()
    (tmp_path / "figures").mkdir()
    for name in ("trajectory.png", "trajectory.svg", "mine.png"):
        (tmp_path / "figures" / name).write_text("drawn when there were tracks")
    write_report(tmp_path)
    drawn = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert drawn == {"differences", "data_demand", "fig5", "mine"}
    said = capsys.readouterr().out + (tmp_path / "report.html").read_text()
    assert not re.search("not run|not drawn|nothing was measured|trajectory", said, re.IGNORECASE)


def test_printed_tables_fit_a_terminal_of_80_columns(launched: tuple[Path, str]) -> None:
    tables = [line for line in launched[1].splitlines() if re.search(r"\d ± \d|──", line)]
    assert len(tables) > 20
    assert max(map(len, tables)) <= 80


def test_the_page_has_every_figure_and_table_and_loads_nothing(reported: Path) -> None:
    html = (reported / "report.html").read_text()
    n_figures = len(list((reported / "figures").glob("*.png")))
    assert html.count('src="data:image/webp;base64,') == n_figures
    assert html.count('srcset="data:image/webp;base64,') == n_figures  # for small screens
    assert html.count("<table") == 7
    assert html.count('type="application/json"') == 5
    assert not re.search(r'(src|srcset|href)="(?!data:|#)', html)


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


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_folder_removed_while_it_is_reported_is_said_so_and_not_made_again(
    tmp_path: Path, without_drawing: dict, at: int
) -> None:
    (tmp_path / "work").mkdir()
    workdir = write_workdir(tmp_path / "work")

    def removes(stage: str, done: float, total: float) -> None:
        if stage == "reporting, figures" and done == min(at, total):
            shutil.rmtree(workdir, ignore_errors=True)

    with pytest.raises(InputError, match=r"cannot write \(No such file|was removed meanwhile"):
        make_report(workdir, told=removes)
    assert not workdir.exists()


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


def test_the_launcher_rebuilds_a_report_without_importing_jax(launched: tuple[Path, str]) -> None:
    workdir, printed = launched
    assert str(workdir / "report.html") in printed


@pytest.mark.slow
def test_a_margin_is_named_in_the_config_and_stays_named(tmp_path: Path) -> None:
    same = [
        row(arm, 1.0, s, 2.0 + 0.02 * (s - 2) * (arm == "carried"))
        for s in range(6)
        for arm in ARMS
    ]
    workdir = write_workdir(tmp_path, same)
    done = launched_without_jax("launch.report", f"--workdir={tmp_path}", "--margin_m=0.5")
    assert done.returncode == 0, done.stderr
    assert json.loads((workdir / "config.json").read_text())["config"] == {"margin_m": 0.5}
    said = "WiFi rows carried by BSSID 100 % and WiFi rows re-initialised 100 % are the same within"
    assert f"{said} 0.5 m: +0.01 m" in (workdir / "tables" / "claims.md").read_text()
    before = files(workdir)
    assert launched_without_jax("launch.report", f"--workdir={tmp_path}").returncode == 0
    assert files(workdir) == before


@pytest.mark.parametrize("margin", ["-1", "nan", "1e9"])
def test_a_margin_out_of_range_is_one_line_and_changes_nothing(tmp_path: Path, margin: str) -> None:
    before = files(write_workdir(tmp_path))
    done = launched_without_jax("launch.report", f"--workdir={tmp_path}", f"--margin_m={margin}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: margin_m is")
    assert "in [0, 10000]" in done.stderr
    assert files(tmp_path) == before


def test_the_launcher_reports_a_study_of_predictors_as_it_was_reported(tmp_path: Path) -> None:
    write_predictors(tmp_path)
    write_report(tmp_path)
    before = files(tmp_path)
    assert {"tables/errors_test.md", "tables/chosen.csv"} <= before.keys()
    assert not {name for name in before if "table5" in name or "table6" in name}
    assert launched_without_jax("launch.report", f"--workdir={tmp_path}").returncode == 0
    assert files(tmp_path) == before


@pytest.mark.usefixtures("without_drawing")
def test_a_building_surveyed_twice_has_no_table_v(tmp_path: Path) -> None:
    arms = ("scratch", "carried", "reinitialised")
    measured = [
        row(arm, rate, seed, 4.0 - rate + 0.1 * seed, split=split)
        for arm in arms
        for rate in (1.0, 0.5)
        for seed in range(4)
        for split in ("test", "validation")
    ]
    workdir = write_workdir(tmp_path, measured)
    (workdir / rows.TRACKS).unlink()
    write_report(tmp_path)
    tables = {path.stem for path in (tmp_path / "tables").iterdir()}
    assert tables == {"claims", "errors_test", "errors_validation"}
    text = (tmp_path / "tables" / "claims.md").read_text()
    assert "WiFi rows carried by BSSID against WiFi rows re-initialised, validation" in text
    assert "Table V" not in (tmp_path / "report.html").read_text()


@pytest.mark.usefixtures("without_drawing")
def test_networks_of_another_study_stand_beside_predictors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_networks(tmp_path / "nets")
    write_report(write_predictors(tmp_path / "here", networks="nets"))
    claims = (tmp_path / "here" / "tables" / "claims.md").read_text()
    assert "constant against scratch: +1.00 m, no interval (seeds: 2" in claims
    assert "transfer against scratch" not in claims
    errors = (tmp_path / "here" / "tables" / "errors_test.md").read_text()
    assert "Networks: same windows; study nets" in errors
    assert "transferred" not in errors
    digest = hashlib.sha256((tmp_path / "nets" / rows.ROWS).read_bytes()).hexdigest()
    assert digest in (tmp_path / "here" / "report.html").read_text()


def test_networks_that_saw_other_windows_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_networks(tmp_path / "nets", subset="first", window={"steps": 20})
    write_predictors(tmp_path / "here", networks="nets")
    with pytest.raises(
        InputError, match=r"other windows than the predictors \(subset, window\.steps"
    ):
        write_report(tmp_path / "here")


@pytest.mark.usefixtures("without_drawing")
def test_a_setting_that_an_older_study_could_not_choose_has_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_networks(tmp_path / "nets", test_round=0, scaling="survey")
    assert write_report(write_predictors(tmp_path / "here", networks="nets"))


def test_networks_that_are_not_there_are_an_input_error(tmp_path: Path) -> None:
    write_predictors(tmp_path, networks="nowhere")
    with pytest.raises(InputError, match="no study of networks is here"):
        write_report(tmp_path)


@pytest.mark.usefixtures("without_drawing")
def test_names_are_text_in_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "<b>[red]x|y* _z_ & $1 [a](b)"
    measured = [{**line, "study": name, "site_pair": f"{name} -> q"} for line in whole_grid((0,))]
    workdir = write_workdir(tmp_path, measured)
    for file in (rows.CDF, rows.TRACKS):
        (workdir / file).unlink()
    config = json.loads((workdir / "config.json").read_text())
    config |= {"study": name, "site_pair": f"{name} -> q"}
    (workdir / "config.json").write_text(json.dumps(config))
    write_report(workdir)
    assert "<b>" not in (workdir / "report.html").read_text()
    assert r"\<b>\[red]x|y\* \_z\_ & \$1 \[a\](b)" in (workdir / "tables/table5.md").read_text()
    assert (
        r"$<$b$>$[red]x\,\textbar\,y* \_z\_ \& \$1" in (workdir / "tables/table5.tex").read_text()
    )
    assert f"{name} -> q | test" in capsys.readouterr().out


@pytest.mark.parametrize(
    "flags", [["--floor_plan=plan.png"], ["--floor_size_m=1,2,3"], ["--floor_size_m=a,b"]]
)
def test_a_floor_plan_without_its_size_is_one_line(tmp_path: Path, flags: list[str]) -> None:
    done = launched_without_jax("launch.report", f"--workdir={tmp_path}", *flags)
    assert done.returncode == 2
    assert done.stderr.startswith("error: a floor plan needs its size in metres")


@pytest.mark.usefixtures("without_drawing")
def test_provenance_is_in_every_table_and_only_simulated_rows_are_called_so(
    reported: Path, tmp_path: Path
) -> None:
    workdir = write_workdir(tmp_path, [row("finetuned", 1.0, 0, 2.0)], simulated=False)
    for name in (rows.CDF, rows.TRACKS):
        (workdir / name).unlink()
    write_report(tmp_path)
    paths = list((tmp_path / "tables").glob("*.md"))
    assert paths
    for path in paths:
        assert "Study table5, git revision 0123abc, device cpu." in path.read_text()
        assert "simulated" not in path.read_text()
        assert "(simulated)" in (reported / "tables" / path.name).read_text()
    assert "simulated" not in (tmp_path / "report.html").read_text()


@pytest.mark.usefixtures("without_drawing")
def test_a_figure_that_was_changed_after_the_study_is_named_and_reported_only_if_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir = write_predictors(tmp_path / "work")
    record_sums(workdir, ["rows.csv", "chosen.csv", "config.json"])
    name_margin(workdir, 0.5)  # a change that is recorded
    content = (workdir / "rows.csv").read_bytes()
    (workdir / "rows.csv").write_bytes(content.replace(b",4.0000,", b",1.0000,", 1))
    with pytest.raises(
        InputError, match=r"rows\.csv: is not what the study wrote, .*--accept_alter"
    ):
        write_report(workdir)
    assert not (workdir / "report.html").exists()
    write_report(workdir, accept_altered=True)
    said = "rows.csv is not what the study wrote"
    assert said in (workdir / "report.html").read_text()
    assert said in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("without_drawing")
def test_a_page_of_many_arms_begins_with_sentences_and_no_wall_of_numbers(tmp_path):
    for count, tiles in ((6, 6), (7, 0)):
        folder = tmp_path / str(count)
        folder.mkdir()
        write_workdir(folder, [row(arm, 1.0, 0, 4.0) for arm in PREDICTORS[:count]])
        write_report(folder)
        assert (folder / "report.html").read_text().count('class="tile"') == tiles
