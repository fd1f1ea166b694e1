"""What stands under results/ is what its rows and its config say."""

import json
import re
import shutil
from pathlib import Path

import matplotlib
import PIL
import pytest

from configs import location20, mmloc
from mtloc_jax.report.write import write_report
from mtloc_jax.sweep.variants import report_folders
from tests.conftest import ROOT

RESULTS = ROOT / "results"
STUDIES = sorted(path.parent.name for path in RESULTS.glob("*/tables"))
QUICK = "mmloc"
DRAWN_WITH = ("3.11.2", "13.0.0")
"""Versions of matplotlib and Pillow: others draw the same figures in other bytes."""


def without_pictures(page: bytes) -> bytes:
    return re.sub(rb'src="data:image/png;base64,[^"]*"', b"", page)


def made_of_rows(folder: Path) -> dict[str, bytes]:
    """Return the files of a report that this machine should write to the byte."""
    paths = [folder / "report.html", *folder.glob("tables/*"), *folder.glob("figures/*")]
    found = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    if (matplotlib.__version__, PIL.__version__) == DRAWN_WITH:
        return found
    tables = {name: text for name, text in found.items() if not name.startswith("figures/")}
    return tables | {"report.html": without_pictures(found["report.html"])}


@pytest.mark.parametrize(
    "study",
    [name if name == QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STUDIES],
)
def test_a_committed_report_is_rebuilt_from_its_rows_byte_for_byte(study: str, tmp_path) -> None:
    made = tmp_path / study
    shutil.copytree(
        RESULTS / study, made, ignore=shutil.ignore_patterns("tables", "figures", "report.html")
    )
    for folder in report_folders(made):
        write_report(folder)
        committed = RESULTS / folder.relative_to(tmp_path)
        assert made_of_rows(folder) == made_of_rows(committed)


@pytest.mark.parametrize(("study", "of_today"), [("location20", location20), ("mmloc", mmloc)])
def test_a_committed_study_is_still_what_its_config_asks(study: str, of_today) -> None:
    recorded = json.loads((RESULTS / study / "config.json").read_text())["config"]
    asked_now = json.loads(of_today.get_config().to_json_best_effort())
    assert {name for name, value in recorded.items() if asked_now[name] != value} == {"data_dir"}
