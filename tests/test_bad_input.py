"""What a user may get wrong in a study ends in one line: file, line, remedy; exit code 2."""

from pathlib import Path

import pytest

from configs import location20
from mtloc_jax.errors import InputError
from mtloc_jax.settings import parsed
from mtloc_jax.study.study import run_study
from tests.launched import launched

FLOORS = ("site1/B1", "site2/F1")
START_MS = 1_574_000_000_000


def trace(seconds: float = 2.0, waypoints: int = 2) -> list[str]:
    """Return the lines of a short walk along x, with one scan."""
    lines = ["#\tstartTime:1574000000000"]
    last_ms = int(seconds * 1000)
    for k in range(waypoints):
        t_ms = START_MS + k * last_ms // max(1, waypoints - 1)
        lines.append(f"{t_ms}\tTYPE_WAYPOINT\t{10.0 + 2 * k}\t5.0")
    for t_ms in range(START_MS, START_MS + last_ms + 1, 20):
        lines.append(f"{t_ms}\tTYPE_ACCELEROMETER\t0.1\t0.2\t9.8\t3")
        lines.append(f"{t_ms}\tTYPE_GYROSCOPE\t0.01\t0.02\t0.03\t3")
        lines.append(f"{t_ms}\tTYPE_MAGNETIC_FIELD\t20.0\t-11.0\t-30.0\t3")
    seen_ms = START_MS + 500
    lines.append(f"{seen_ms}\tTYPE_WIFI\tcafe\t0a:74:9c:2e:d8:36\t-44\t2432\t{seen_ms}")
    return [*lines, f"#\tendTime:{START_MS + last_ms}"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return a folder with two tiny floors of fourteen walks."""
    for floor in FLOORS:
        folder = tmp_path / "data" / "indoor_location_20" / floor
        (folder / "path_data_files").mkdir(parents=True)
        names = [f"walk{k:02d}" for k in range(1, 15)]
        table = "".join(f"{name},{k}\n" for k, name in enumerate(names, start=1))
        (folder / "rounds.csv").write_text("trace_id,round\n" + table)
        for name in names:
            write(folder, name, trace())
    return tmp_path / "data"


def write(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / "path_data_files" / f"{name}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def config(data_dir: Path):
    made = location20.get_config()
    made.update(data_dir=str(data_dir), seeds=1, epochs=1, pretrain_epochs=1, hidden=4)
    made.scratch_rates, made.finetune_rates, made.arms = (1.0,), (1.0,), ("scratch",)
    made.wipe.drop_rates = ()
    return parsed(made)


def failure(data_dir: Path, workdir: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        run_study(config(data_dir), workdir, lambda stage, done, total: None)
    return caught.value


def test_the_tiny_floors_themselves_run(data_dir, tmp_path):
    run_study(config(data_dir), tmp_path / "work", lambda stage, done, total: None)
    assert (tmp_path / "work" / "rows.csv").is_file()


def test_recordings_that_changed_where_they_lie_are_not_mixed_with_the_old_ones(data_dir, tmp_path):
    work = tmp_path / "work"
    run_study(config(data_dir), work, lambda stage, done, total: None)
    before = (work / "rows.csv").read_bytes()
    line = trace().index(next(one for one in trace() if "MAGNETIC" in one))
    changed = [*trace()[:line], trace()[line].replace("20.0", "20.1"), *trace()[line + 1 :]]
    path = write(data_dir / "indoor_location_20" / FLOORS[1], "walk03", changed)
    error = failure(data_dir, work)
    assert error.problem == ("the recordings of the target are not what this study was begun with")
    assert (work / "rows.csv").read_bytes() == before
    write(data_dir / "indoor_location_20" / FLOORS[1], "walk03", trace())
    run_study(config(data_dir), work, lambda stage, done, total: None)
    assert path.is_file()


FAULTS = {
    "an empty trace": ([], None),
    "a cut trace": ([*trace()[:40], trace()[40][:25]], 41),
    "NaN": ([*trace()[:6], trace()[6].replace("9.8", "nan"), *trace()[7:]], 7),
    "time running backwards": ([*trace()[:9], *trace()[12:15], *trace()[9:]], 13),
    "one waypoint": (trace(waypoints=1), None),
    "shorter than a window": (trace(seconds=0.5), None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_trace_is_named_with_its_line(fault, data_dir, tmp_path):
    lines, number = FAULTS[fault]
    path = write(data_dir / "indoor_location_20" / FLOORS[1], "walk03", lines)
    error = failure(data_dir, tmp_path / "work")
    assert error.path == path
    if number is not None:
        assert error.line == number
    assert error.remedy
    assert "\n" not in str(error)
    assert not (tmp_path / "work").exists()


def test_a_missing_data_folder_is_named_with_the_setting_to_change(tmp_path):
    error = failure(tmp_path / "absent", tmp_path / "work")
    assert "absent" in str(error.path)
    assert "--config.data_dir" in error.remedy


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--config.epoch=3"], "epochs"),
        (["--config.data_dir=absent"], "absent"),
    ],
)
def test_the_command_says_it_in_one_line_and_exits_with_2(words, said, tmp_path):
    flags = ["--config=configs/location20.py", f"--workdir={tmp_path / 'work'}", *words]
    done = launched("launch.study", *flags)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
