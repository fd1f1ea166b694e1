"""The package as it is installed: one command, its parts, and bundled configs from any folder."""

import os
import resource
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from bench.aot import chips
from launch import aot, bundled
from launch.commands import COMMANDS
from mtloc_jax.errors import InputError
from mtloc_jax.surgery.bundled_rules import rules_file
from tests import written_logs
from tests.conftest import ROOT
from tests.launched import launched
from tests.test_follow import phone

HELP_CPU_S = 1.5
MTLOC = "from launch.commands import main; main()"


def mtloc(*words, cwd=ROOT, command=(sys.executable, "-c", MTLOC), **how):
    """Run `mtloc ...`; return what it did, and the seconds of CPU that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": str(ROOT)} if command[0] == sys.executable else None
    done = subprocess.run(
        [*command, *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **how,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_at_once(name, tmp_path):
    done, cpu_s = mtloc(name, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"mtloc {name}" in done.stdout
    assert "python -m launch" not in done.stdout
    assert cpu_s < HELP_CPU_S


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["studdy"], "error: there is no command 'studdy'; did you mean 'study'?"),
        (["study", "--workdir=x"], "error: --config is missing"),
        (["study", "--config=tabel5:mmloc"], "there is no bundled config 'tabel5'; did you mean"),
        (["study", "--config", "pairs"], "there is no bundled config 'pairs'"),
        (["study", "--config=gone.py", "--workdir=x"], "error: gone.py: cannot read this config"),
        (["predict", "--log=x", "--output=y"], "error: flag --format=None"),
        (["export", "nowhere"], "error: flag --output=None"),
    ],
)
def test_a_users_mistake_is_told_at_once(words, says, tmp_path):
    done, cpu_s = mtloc(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert cpu_s < HELP_CPU_S


def test_the_chips_that_aot_names_are_those_it_compiles_for():
    assert list(aot.CHIPS) == list(chips.CHIPS)


def test_mtloc_alone_lists_its_commands():
    done, _ = mtloc()
    assert done.returncode == 0
    assert all(f"mtloc {name}" in done.stdout for name in COMMANDS)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_remedies_name_programs_as_they_were_called(tmp_path):
    there = tmp_path / "launch.study"
    there.mkdir()
    (done, _), plain = (
        mtloc("report", f"--workdir={there}"),
        launched("launch.report", "--workdir=no"),
    )
    assert done.returncode == 2
    assert "run mtloc study with this --workdir" in done.stderr
    assert str(there) in done.stderr  # a path is no program
    assert "run launch.study with this --workdir" in plain.stderr


def test_bare_names_are_bundled_configs_and_paths_stay():
    table5 = str(bundled.CONFIGS / "table5.py")
    assert bundled.in_flags(["mtloc study", "--config=table5:mmloc", "--config.seeds=2"]) == [
        "mtloc study",
        f"--config={table5}:mmloc",
        "--config.seeds=2",
    ]
    assert bundled.in_flags(["x", "--config", "table5"]) == ["x", "--config", table5]
    for path in ("mine.py", "mine.py:mmloc", "configs/table5.py:a:b", "/a/b.py"):
        assert bundled.config(path) == path
    assert rules_file("imu") == bundled.CONFIGS / "graft" / "imu.py"
    assert rules_file("mine/imu.py") == Path("mine/imu.py")
    with pytest.raises(InputError, match="there are no rules 'imo' in the package; did you mean"):
        rules_file("imo")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the command `mtloc` of a wheel built from the sdist, in an environment of its own.

    What it depends on is this environment's.
    """
    pytest.importorskip("build", reason="the package is built with `build`: install '.[dev]'")
    pytest.importorskip("hatchling", reason="the package is built by hatchling")
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    assert list((folder / "dist").glob("*.tar.gz"))
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", wheel]
    subprocess.run(install, check=True, capture_output=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    ours = {p for p in sys.path if p.endswith("site-packages")}
    (site / "dependencies.pth").write_text("\n".join(sorted(ours)))
    return folder / "venv" / "bin" / "mtloc"


@pytest.mark.slow
def test_the_installed_package_goes_from_own_logs_to_a_track_in_an_empty_folder(
    installed, tmp_path
):
    def run(*words):
        done, _ = mtloc(*words, cwd=tmp_path, command=(str(installed),), timeout=500)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for number in range(1, 7):
        walk = phone(number)
        written_logs.write_csv(tmp_path / "logs" / f"walk{number}", walk)
    written_logs.write_csv(tmp_path / "new", phone(9, 1300, 450), truth=False)
    assert "mmloc/edinburgh" in run("fetch", "--list")
    told = run("prepare", "--input=logs", "--format=csv", "--output=sites/office")
    assert "office: 6 rounds" in told
    study = ["study", "--config=table5:smoke", "--config.target=sites/office", "--workdir=runs/a"]
    run(*study, "--quiet")
    assert (tmp_path / "runs" / "a" / "report.html").is_file()
    told = run("predict", "--survey=sites/office", "--log=new", "--format=csv", "--output=track")
    assert "in office\nby the package's matcher, transferred with steps, causal\n" in told
    assert (tmp_path / "track" / "new.csv").read_text().count("\n") == 91
    assert "python" not in run("card", "--site=sites/office")
    where = [str(installed.with_name("python")), "-c", "import launch, configs; print(launch)"]
    assert str(installed.parents[1]) in subprocess.check_output(where, cwd=tmp_path, text=True)


def test_types_are_declared_to_those_who_use_the_library():
    assert (ROOT / "mtloc_jax" / "py.typed").is_file()
