"""What stands under results/ is what its rows and its config say."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import PIL
import pytest

from configs import location20, mmloc
from mtloc_jax.report.provenance import read_provenance
from mtloc_jax.report.write import write_report
from mtloc_jax.settings import DECLARED
from tests.conftest import ROOT

RESULTS = ROOT / "results"
STUDIES = sorted(str(path.parent.relative_to(RESULTS)) for path in RESULTS.rglob("tables"))
QUICK = ("loro/mmloc", "wifi_rows")
"""Rebuilt in every run of the suite; the others among its slow tests."""
DRAWN_WITH = ("3.11.2", "13.0.0")
"""Versions of matplotlib and Pillow: others draw the same figures in other bytes."""


def without_pictures(page: bytes) -> bytes:
    return re.sub(rb'src(set)?="data:image/webp;base64,[^"]*"', b"", page)


def made_of_rows(folder: Path) -> dict[str, bytes]:
    """Return the files of a report that this machine should write to the byte."""
    paths = [*folder.glob("report.html"), *folder.glob("tables/*"), *folder.glob("figures/*")]
    found = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    if (matplotlib.__version__, PIL.__version__) == DRAWN_WITH:
        return found
    tables = {name: text for name, text in found.items() if not name.startswith("figures/")}
    pages = {name: without_pictures(page) for name, page in tables.items() if "html" in name}
    return tables | pages


@pytest.mark.parametrize(
    "study",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STUDIES],
)
def test_a_committed_report_is_rebuilt_from_its_rows_byte_for_byte(
    study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # studies name the networks beside them from here
    made = tmp_path / study
    written = shutil.ignore_patterns("tables", "figures", "report.html")
    shutil.copytree(RESULTS / study, made, ignore=written)
    write_report(made)
    assert made_of_rows(made) == made_of_rows(RESULTS / study)


def test_no_report_says_that_something_was_not_run() -> None:
    for path in [*RESULTS.rglob("tables/*"), *RESULTS.rglob("report.html")]:
        assert b"not run" not in without_pictures(path.read_bytes()).lower(), path


def test_file_names_have_no_spaces() -> None:
    odd = [path for path in RESULTS.rglob("*") if re.search(r"[^\w.=+-]", path.name)]
    assert odd == []


@pytest.mark.parametrize(
    ("study", "of_today", "changed"),
    [
        ("location20", location20, set()),
        ("mmloc", mmloc, set()),
    ],
)
def test_a_committed_study_is_still_what_its_config_asks(study: str, of_today, changed) -> None:
    recorded = dict(_flat(json.loads((RESULTS / study / "config.json").read_text())["config"]))
    asked_now = dict(_flat(json.loads(of_today.get_config().to_json_best_effort())))
    others = {name for name, value in recorded.items() if asked_now[name] != value}
    places = {name for name, one in DECLARED.items() if one.kind == "place"}
    assert others - places == changed


def _flat(config: dict) -> Iterator[tuple[str, object]]:
    """Yield settings by their dotted names; those that came later are not among the recorded."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", held) for inner, held in value.items())
        else:
            yield name, value


def test_studies_of_before_say_that_wiped_points_read_zero() -> None:
    said = read_provenance(RESULTS / "baselines" / "networks" / "location20")
    assert (said.wiping, said.mode) == ("Wiped: windows, filled with: zero.", "windows")
