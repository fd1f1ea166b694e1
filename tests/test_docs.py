"""The documentation: links lead somewhere, commands exist, samples read, and it builds."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from launch import bundled
from launch.commands import COMMANDS
from mtloc_jax.logs.plain_csv import HEADERS, read_round
from mtloc_jax.sites.prepare import prepare
from tests.conftest import ROOT
from tests.test_follow import phone
from tests.written_logs import write_csv

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
IDS = [page.name for page in PAGES]
FLAG = re.compile(r"--(\w+)")


def code_blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def commands_of(page):
    """Yield the commands that a page shows, with what follows them on their lines."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    shown = [
        *re.findall(r"`([^`\n]+)`", text),
        *(line for block in code_blocks(page, "") for line in block.splitlines()),
    ]
    for line in shown:
        found = re.match(r"(?:mtloc |python -m launch\.)([a-z]\w*)(.*)", line)
        if found:
            yield found[1], found[2].partition("#")[0]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_within_the_repository_lead_to_files(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8"))
    absent = [link for link in links if ":" not in link and not (page.parent / link).exists()]
    assert absent == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_and_their_flags_exist(page):
    for name, words in commands_of(page):
        assert name in COMMANDS, f"{name} {words}"
        source = (ROOT / "launch" / f"{name}.py").read_text(encoding="utf-8")
        defined = set(re.findall(r"DEFINE_\w+\(\s*\"(\w+)\"", source)) | {"help"}
        assert set(FLAG.findall(words)) <= defined, f"{name} {words}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_configs_that_are_named_are_bundled(page):
    for _, words in commands_of(page):
        for asked in re.findall(r"--config=([a-z_0-9]+)(?::\w+)?(?=[\s`]|$)", words):
            assert Path(bundled.config(asked)).is_file()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_code_is_code(page):
    for block in code_blocks(page, "python"):
        ast.parse(block)


def test_the_sample_of_own_logs_reads(tmp_path):
    text = (ROOT / "docs" / "own-logs.md").read_text(encoding="utf-8")
    samples = dict(re.findall(r"`(\w+\.csv)`:\n\n```text\n(.*?)```", text, re.DOTALL))
    assert samples.keys() == HEADERS.keys()
    for name, sample in samples.items():
        (tmp_path / name).write_text(sample, encoding="utf-8")
        assert f"`{HEADERS[name]}`" in text
    walk = read_round(tmp_path, "walk", 1)
    assert walk.waypoint_xy_m.tolist() == [[12.5, 3.0], [12.5, 15.5]]
    assert walk.wifi.mhz.tolist() == [5240, 2412]


def test_every_command_is_documented():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in COMMANDS if f"mtloc {name}" not in text] == []


@pytest.mark.slow
def test_the_notebook_runs_as_it_stands(tmp_path, monkeypatch):
    (code,) = code_blocks(ROOT / "docs" / "notebook.md", "python")
    for site, seeds in (("office", range(1, 7)), ("annex", range(11, 17))):
        for number, seed in enumerate(seeds, start=1):
            write_csv(tmp_path / "logs" / site / f"walk{number}", phone(seed))
        prepare("csv", tmp_path / "logs" / site, tmp_path / "sites" / site, name=site)
    write_csv(tmp_path / "NEW", phone(9))
    monkeypatch.chdir(tmp_path)
    told = {}
    exec(compile(code, "notebook.md", "exec"), told)
    assert told["track"].how == "network runs/office@finetuned:0.625:1"
    assert (tmp_path / "runs" / "annex" / "graft.json").is_file()


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path):
    for needed in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(needed, reason="install '.[docs]'")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*build, ROOT / "docs", tmp_path], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Locate logs, with or without ground truth" in (tmp_path / "api.html").read_text()
