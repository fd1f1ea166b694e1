"""The documentation: links lead somewhere, commands exist, samples read, and it builds."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from launch import bundled
from launch.commands import COMMANDS
from mtloc_jax.logs.plain_csv import HEADERS, read_round
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [
    *PAGES,
    *(ROOT / "docs").glob("*.ipynb"),
    *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "results").glob("**/README.md")),
]
IDS = [page.name for page in PAGES]
OF_CHECKOUTS = ("bench_readers", "bench_surgery")
"""Programs that are no commands of `mtloc`."""
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
        found = re.match(r"(mtloc |python -m launch\.)([a-z]\w*)(.*)", line)
        if found:
            assert found[2] in COMMANDS or (found[1] != "mtloc " and found[2] in OF_CHECKOUTS), line
            yield found[2], found[3].partition("#")[0]


def prose(page):
    """Return a page's text but for its code, in which brackets are no links; a notebook's too."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def anchors(page):
    """Return what a page's headings are linked by, as GitHub and MyST name them."""
    headings = re.findall(r"^#+ +(.+?) *$", prose(page), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", one).lower() for one in headings)
    return {re.sub(r"[^\w\- ]", "", one).replace(" ", "-") for one in plain}


def dead_links(page):
    """Return the relative links of a page that lead to no file, or to no heading of it."""
    dead = []
    for link in re.findall(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", prose(page)):
        place, _, anchor = link.partition("#")
        there = (page.parent / place) if place else page
        if re.match(r"[a-z]+:", link):
            continue
        named = anchor and there.suffix in (".md", ".ipynb")
        if not there.exists() or (named and anchor not in anchors(there)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_to_files_and_headings(page):
    assert dead_links(page) == []


def test_a_dead_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# Own logs, `CSV` & more\n")
    page.write_text(
        "# Here\n[a](other.md) [b](gone.md) [c](other.md#own-logs-csv--more) [d](other.md#no) "
        "[e](#here)\n[f](#there) [g](https://h.example/x.md#y) ![h](gone.png)\n"
        "```\n[i](code.md)\n```\n"
    )
    assert dead_links(page) == ["gone.md", "other.md#no", "#there", "gone.png"]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_and_their_flags_exist(page):
    for name, words in commands_of(page):
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


def notebook_code():
    """Return the code cells of the notebook; none holds what it once gave."""
    cells = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    return "\n".join("".join(cell["source"]) for cell in code)


def test_the_notebook_is_code_that_uses_the_public_functions_alone():
    tree = ast.parse(notebook_code())
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imported] == ["import mtloc_jax"]
    used = set(re.findall(r"mtloc_jax\.(\w+)", notebook_code()))
    assert used == {"open_site", "predict", "plot", "train", "graft"}


@pytest.mark.slow
def test_the_notebook_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {}
    exec(compile(notebook_code(), "notebook.ipynb", "exec"), told)
    assert told["track"].how == "network runs/office@finetuned:1:0"
    assert (tmp_path / "runs" / "annex" / "graft.json").is_file()


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path):
    for needed in ("sphinx", "myst_nb", "furo"):
        pytest.importorskip(needed, reason="install '.[docs]'")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    here = os.environ | {"PYTHONPATH": str(ROOT)}  # the notebook runs in a folder of its own
    done = subprocess.run(
        [*build, ROOT / "docs", tmp_path], capture_output=True, text=True, cwd=ROOT, env=here
    )
    assert done.returncode == 0, done.stderr
    assert "Locate logs, with or without ground truth" in (tmp_path / "api.html").read_text()
    notebook = (tmp_path / "notebook.html").read_text()
    assert re.search(r"the package.{1,6}s matcher, transferred with steps, causal", notebook)
    assert len(re.findall(r'<img alt="[^"]*_images/', notebook)) == 1
