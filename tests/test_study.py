"""A whole small study: its rows, its second life after a kill, and what it refuses."""

import json
import shutil

import numpy as np
import pytest

from configs import location20, mmloc, quickstart
from mtloc_jax.errors import InputError
from mtloc_jax.report.rows import CDF, COLUMNS, LEAVES, ROWS, TRACKS, read, select
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft import unchanged_since
from mtloc_jax.sweep import workshop
from mtloc_jax.sweep.study import Study, run_study


def small(**changes):
    config = quickstart.get_config()
    config.simulation.round_s = 12.0
    config.hidden, config.epochs, config.pretrain_epochs, config.seeds = 8, 2, 1, 2
    config.finetune_rates = (1.0, 0.625)
    config.runs_per_chunk = 4
    config.wipe.drop_rates, config.wipe.seeds = (0.0, 0.4, 1.0), 2
    config.update(changes)
    return config


def ignore(stage, done, total):
    pass


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "work"
    stages = []
    run_study(small(), folder, lambda stage, done, total: stages.append((stage, done / total)))
    return folder, stages


def test_the_number_of_rows_is_the_grids(finished):
    table = read(finished[0] / ROWS)
    runs = 2 * (1 + 1 + 2)  # seeds x (scratch, transferred, two fine-tune rates)
    assert len(table["seed"]) == runs * (2 + 3 * 3 * 2)  # splits + modalities x rates x wipe seeds
    keys = list(zip(*(table[name] for name in COLUMNS[ROWS][:9]), strict=True))
    assert len(set(keys)) == len(keys)
    assert len(read(finished[0] / CDF)["seed"]) == runs * (2 + 3 * 2)
    tracked = read(finished[0] / TRACKS)
    assert set(tracked["arm"]) == {"scratch", "transferred", "finetuned"}


def test_untouched_inputs_give_one_figure_whatever_the_modality(finished):
    table = read(finished[0] / ROWS)
    clean = select(table, split="test", modality="none")
    for modality in ("imu", "mag", "wifi"):
        kept = select(table, modality=modality, drop_rate=0.0, wipe_seed=1)
        np.testing.assert_allclose(kept["mean_m"], clean["mean_m"], atol=2e-4)


def test_a_cdf_agrees_with_its_row(finished):
    rows, cdf = read(finished[0] / ROWS), read(finished[0] / CDF)
    of_rows = select(rows, split="test", modality="none")
    np.testing.assert_allclose(
        select(cdf, split="test", modality="none")["q050"], of_rows["median_m"], atol=1e-3
    )


def test_the_config_says_what_made_the_rows(finished):
    config = json.loads((finished[0] / "config.json").read_text())
    assert config["simulated"] is True
    assert config["site_pair"] == "simulated-a->simulated-b"
    assert {"jax", "flax", "optax", "numpy", "python"} <= config["versions"].keys()
    assert config["config"]["seeds"] == 2
    assert config["device"]
    assert config["git_revision"]


def test_every_stage_is_shown_to_its_end(finished):
    ends = dict(finished[1])  # the last report of each stage
    assert set(ends.values()) == {1.0}
    assert {stage.split(",")[0] for stage in ends} == {
        "pretraining on simulated-a",
        "training",
        "judging",
    }


def test_the_imu_branch_was_taken_and_stays_frozen_in_the_transferred_arm(finished):
    grafted, _ = checkpoint.load(finished[0] / "grafted")
    pretrained, _ = checkpoint.load(finished[0] / "pretrained")
    for name, leaf in grafted["imu"].items():
        np.testing.assert_array_equal(leaf, pretrained["imu"][name])
    report = checkpoint.read_report(finished[0] / "grafted")
    assert report is not None
    assert unchanged_since(report, grafted)
    params, card = checkpoint.load(finished[0] / "chunks" / "0000" / "checkpoint")
    for k, run in enumerate(card["runs"]):
        moved = any(
            not np.array_equal(leaf[k], grafted["imu"][name][run["seed"]])
            for name, leaf in params["imu"].items()
        )
        assert moved == (run["arm"] != "transferred")


def test_the_rows_say_which_grafted_leaves_did_not_move(finished):
    table = read(finished[0] / LEAVES)
    assert "scratch" not in table["arm"]
    assert set(table["taken"]) == {"imu/bias imu/kernel imu/recurrent_kernel"}
    still = select(table, arm="transferred")
    assert np.all(still["unchanged"] == still["taken"])
    assert set(select(table, arm="finetuned")["unchanged"]) == {""}


def test_fine_tuning_follows_its_freeze_plan(tmp_path):
    config = small(seeds=1, arms=("finetuned",), finetune_rates=(1.0,), epochs=2)
    config.sweep = ({"finetune_plan": ("imu/kernel frozen", "imu from epoch 1", "imu x0.5")},)
    run_study(config, tmp_path / "work", ignore)
    table = read(tmp_path / "work" / LEAVES)
    assert table["unchanged"].tolist() == ["imu/kernel", "", ""]
    assert len(Study(config, tmp_path / "work", ignore).plan.groups) == 1


def test_a_stopped_study_goes_on_and_ends_with_the_same_bytes(finished, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(finished[0], folder)
    shutil.rmtree(folder / "chunks" / "0001")
    (folder / "chunks" / ".0001.partial").mkdir()  # what a kill in mid-write leaves
    (folder / ROWS).unlink()
    run_study(small(), folder, ignore)
    for name in COLUMNS:
        assert (folder / name).read_bytes() == (finished[0] / name).read_bytes()
    assert not (folder / "chunks" / ".0001.partial").exists()


def test_a_finished_study_trains_nothing_again(finished, monkeypatch):
    monkeypatch.setattr(workshop, "Trainer", None)
    run_study(small(), finished[0], ignore)


def test_a_workdir_of_another_study_is_refused_and_left_alone(finished):
    before = (finished[0] / ROWS).read_bytes()
    with pytest.raises(InputError, match=r"config.json: .*another study's rows \(epochs differ\)"):
        run_study(small(epochs=3), finished[0], ignore)
    assert (finished[0] / ROWS).read_bytes() == before


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="other files"):
        run_study(small(), tmp_path, ignore)


def test_fine_tuning_can_start_from_the_transferred_network(tmp_path):
    config = small(start="from_transferred", seeds=1, finetune_rates=(0.25,), epochs=1)
    config.learning_rate = 0.0  # nothing moves, so that a network shows where it started
    run_study(config, tmp_path / "work", ignore)
    transferred, _ = checkpoint.load_run(tmp_path / "work" / "chunks" / "0000" / "checkpoint", 0)
    params, card = checkpoint.load(tmp_path / "work" / "chunks" / "0001" / "checkpoint")
    tuned = next(k for k, run in enumerate(card["runs"]) if run["arm"] == "finetuned")
    np.testing.assert_array_equal(
        params["wifi"]["fc1"]["kernel"][tuned], transferred["wifi"]["fc1"]["kernel"]
    )
    np.testing.assert_array_equal(params["imu"]["kernel"][tuned], transferred["imu"]["kernel"])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"start": "from_nothing"}, "from_pretrained"),
        ({"subset": "last"}, "first"),
        ({"protocol": "hours"}, "steps"),
        ({"finetune_plan": "imu slowly"}, "imu x0.1"),
        ({"arms": ("finetuned",), "start": "from_transferred"}, "transferred"),
        ({"source": "simulated-c"}, "simulated-a"),
        ({"source": "mmloc/edinburgh", "data_dir": "nowhere"}, "data_dir"),
    ],
)
def test_an_impossible_setting_is_refused_before_anything_is_written(changes, named, tmp_path):
    with pytest.raises(InputError, match=named):
        run_study(small(**changes), tmp_path / "work", ignore)
    assert not (tmp_path / "work").exists()


def test_a_run_that_diverges_is_named_and_the_chunk_not_written(tmp_path):
    config = small(seeds=1, arms=("scratch",), learning_rate=float("inf"))
    with pytest.raises(InputError, match=r"1 of 1 runs diverged.*'arm': 'scratch'.*learning rate"):
        run_study(config, tmp_path / "work", ignore)
    assert not (tmp_path / "work" / "chunks" / "0000").exists()


@pytest.mark.parametrize(
    ("pair", "n_test"), [(location20, 847), pytest.param(mmloc, 878, marks=pytest.mark.slow)]
)
def test_a_real_pair_runs_to_the_end(pair, n_test, data_dir, tmp_path):
    config = pair.get_config()
    changed = small()
    for name in ("hidden", "wipe", "finetune_rates", "runs_per_chunk"):
        config[name] = changed[name]
    config.update(seeds=1, epochs=1, pretrain_epochs=1, data_dir=str(data_dir))
    config.scratch_rates, config.finetune_rates = (1.0,), (0.125,)
    run_study(config, tmp_path / "work", ignore)
    table = read(tmp_path / "work" / ROWS)
    assert len(table["seed"]) == 3 * (2 + 3 * 3 * 2)
    assert np.all(np.isfinite(table["mean_m"]))
    assert set(select(table, split="test")["n_windows"]) == {n_test}
