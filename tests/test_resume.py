"""A study survives kills, damaged files, and being split over processes: the same bytes."""

import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.rows import CDF, METRICS, ROWS, TRACKS, WALKS, read
from mtloc_jax.study.processes import Share, meet, share_of
from mtloc_jax.study.study import Study, run_study
from tests.conftest import ROOT
from tests.studies import ignore, small

FILES = (ROWS, CDF, TRACKS)
CONFIG = (
    "--config=configs/quickstart.py",
    "--config.simulation.round_s=12",
    "--config.hidden=8",
    "--config.epochs=2",
    "--config.pretrain_epochs=1",
    "--config.seeds=2",
    "--config.finetune_rates=(1.0,0.625)",
    "--config.runs_per_chunk=2",
    "--config.wipe.drop_rates=(0.0,0.4,1.0)",
    "--config.wipe.seeds=2",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resumed") / "work"
    run_study(small(runs_per_chunk=2), folder, ignore)
    return folder


def same_rows(one, other):
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)


def close_rows(one, other):
    """Say whether rows agree to 0.1 mm: cores share sums out as many as they are."""
    ours, theirs = read(one / ROWS), read(other / ROWS)
    keys = [name for name in ours if name not in METRICS]
    assert all(np.array_equal(ours[name], theirs[name]) for name in keys)
    return all(np.allclose(ours[name], theirs[name], atol=1.1e-4, rtol=0) for name in METRICS)


def killed(folder, kills, study="networks"):
    """Kill a study so often on its way; return how many kills struck."""
    command = [sys.executable, "-m", "tests.killed", str(folder), str(kills), study]
    done = subprocess.run(
        command, cwd=ROOT, check=True, timeout=1200, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout.split()[-1])


@pytest.mark.slow
def test_a_study_killed_at_random_moments_ends_with_the_same_bytes(finished, tmp_path):
    assert killed(tmp_path, 2) > 0
    assert same_rows(tmp_path / "killed", tmp_path / "undisturbed")
    # Its lives had four devices, this process has as many as it has.
    assert close_rows(tmp_path / "killed", finished)


@pytest.mark.slow
def test_ten_kills_lose_nothing(tmp_path):
    assert killed(tmp_path, 10) > 3
    assert same_rows(tmp_path / "killed", tmp_path / "undisturbed")
    left = [p for p in (tmp_path / "killed").rglob("*") if ".partial" in p.name]
    assert not left


@pytest.mark.slow
def test_a_study_that_locates_walks_survives_kills_too(tmp_path):
    assert killed(tmp_path, 3, "walks") > 0
    assert same_rows(tmp_path / "killed", tmp_path / "undisturbed")
    one, other = (tmp_path / name / WALKS for name in ("killed", "undisturbed"))
    assert one.read_bytes() == other.read_bytes()
    assert (tmp_path / "killed" / "pretrained-matcher").is_dir()
    assert not [p for p in (tmp_path / "killed").rglob("*") if ".partial" in p.name]


def largest(folder):
    return max((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize("harm", [flip_a_bit, cut])
@pytest.mark.parametrize("where", ["checkpoint/params", "rows.csv"])
def test_a_damaged_chunk_is_named_set_aside_and_made_again(finished, tmp_path, harm, where, caplog):
    folder = tmp_path / "work"
    shutil.copytree(finished, folder)
    hurt = folder / "chunks" / "0001" / where
    harm(largest(hurt) if hurt.is_dir() else hurt)
    run_study(small(runs_per_chunk=2), folder, ignore)
    assert same_rows(folder, finished)
    assert "0001" in caplog.text
    assert "0001.damaged-1" in caplog.text
    assert (folder / "chunks" / "0001.damaged-1").is_dir()


def test_damaged_starting_networks_are_set_aside_and_the_sound_ones_used(
    finished, tmp_path, caplog
):
    folder = tmp_path / "work"
    shutil.copytree(finished, folder)
    shutil.rmtree(folder / "chunks" / "0003")
    flip_a_bit(largest(folder / "grafted" / "params"))
    before = (folder / "pretrained" / "digest.json").stat().st_mtime_ns
    run_study(small(runs_per_chunk=2), folder, ignore)
    assert same_rows(folder, finished)
    assert (folder / "grafted.damaged-1").is_dir()
    assert (folder / "pretrained" / "digest.json").stat().st_mtime_ns == before
    assert "grafted" in caplog.text


def test_a_chunk_of_other_runs_is_refused(finished, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(finished, folder)
    shutil.rmtree(folder / "chunks" / "0000")
    shutil.copytree(finished / "chunks" / "0001", folder / "chunks" / "0000")
    with pytest.raises(InputError, match="other runs than planned"):
        run_study(small(runs_per_chunk=2), folder, ignore)


@pytest.mark.slow
def test_two_joined_processes_are_one(finished, tmp_path):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "launch.study", "--quiet", f"--workdir={tmp_path / 'work'}"]
    command += [*CONFIG, f"--coordinator=127.0.0.1:{port}", "--num_processes=2"]
    both = [
        subprocess.Popen(
            [*command, f"--process_id={index}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in (0, 1)
    ]
    (said, warned), (said_too, _) = (process.communicate(timeout=400) for process in both)
    assert [process.returncode for process in both] == [0, 0], warned[-2000:]
    assert "waiting up to 300 s" in warned
    assert "report.html" in said
    assert "report.html" not in said_too
    assert close_rows(tmp_path / "work", finished)


@pytest.mark.slow
def test_processes_that_never_meet_share_a_study_and_the_last_merges(finished, tmp_path):
    config, folder = small(runs_per_chunk=2), tmp_path / "work"
    assert not Study(config, folder, ignore, Share(1, 2)).run()
    assert not (folder / ROWS).exists()
    assert Study(config, folder, ignore, Share(0, 2)).run()
    assert same_rows(folder, finished)


@pytest.mark.slow
def test_a_process_that_cannot_wait_trains_what_its_runs_start_from(tmp_path):
    config = small(start="from_transferred", seeds=1, finetune_rates=(0.25,), epochs=1)
    assert Study(config, tmp_path / "work", ignore, Share(1, 2)).run()
    run_study(config, tmp_path / "alone", ignore)
    assert same_rows(tmp_path / "work", tmp_path / "alone")


@pytest.mark.parametrize(
    ("flags", "environment", "share"),
    [
        ((None, None, None), {}, Share()),
        ((None, None, None), {"SLURM_STEP_NUM_TASKS": "1"}, Share()),
        ((None, None, None), {"SLURM_STEP_NUM_TASKS": "4"}, Share(joined=True)),
        ((None, 8, 3), {"SLURM_STEP_NUM_TASKS": "1"}, Share(3, 8)),
        (("host:1", 2, 1), {}, Share(1, 2, joined=True)),
        (("auto", None, None), {}, Share(joined=True)),
    ],
)
def test_a_process_finds_its_share(flags, environment, share):
    assert share_of(*flags, environment) == share


@pytest.mark.parametrize("flags", [(None, 2, None), (None, None, 0), ("host:1", None, None)])
def test_half_a_place_is_refused(flags):
    with pytest.raises(InputError, match="num_processes"):
        share_of(*flags, {})


@pytest.mark.parametrize("flags", [(None, 2, 2), (None, 0, 0), (None, 3, -1)])
def test_a_place_that_is_not_there_is_refused(flags):
    with pytest.raises(InputError, match="no process"):
        share_of(*flags, {})


def test_off_a_cluster_processes_that_jax_is_to_find_are_not_waited_for(monkeypatch):
    def initialize(**settings):
        raise ValueError("coordinator_address should be defined.")  # what JAX says there

    monkeypatch.setattr("jax.distributed.initialize", initialize)
    with pytest.raises(InputError, match=r"JAX finds no cluster here .*; start with srun"):
        meet(Share(joined=True), "auto", 1)
