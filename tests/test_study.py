"""A whole small study: its rows, its second life after a kill, and what it refuses."""

import json
import os
import platform
import re
import shutil

import jax
import numpy as np
import pytest

from configs import location20, mmloc
from mtloc_jax import files
from mtloc_jax.errors import InputError
from mtloc_jax.report.measured import read_measured
from mtloc_jax.rows import (
    CDF,
    CHOSEN,
    COLUMNS,
    COVERAGE,
    DIVERGED,
    HISTORY,
    LEAVES,
    PRETEXT,
    RADIUS,
    ROWS,
    TRACKS,
    WALKS,
    read,
    select,
)
from mtloc_jax.settings import parsed
from mtloc_jax.simulate.building import building_b
from mtloc_jax.simulate.floor_plan import floor_plan
from mtloc_jax.sites.floor_plan import published_plan
from mtloc_jax.study import equipment, memory, merging, workdir
from mtloc_jax.study.plan import plan
from mtloc_jax.study.processes import Share
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft_report import unchanged_since
from mtloc_jax.times import TIMES, read_times
from tests.studies import SMALL, ignore, small, tiny


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


@pytest.mark.slow
def test_chunks_that_train_together_leave_the_rows_they_would_alone(
    finished, tmp_path, monkeypatch
):
    monkeypatch.setattr(memory, "runs_together", lambda devices: 6)
    study, folder = Study(small(), tmp_path / "work", ignore), tmp_path / "work"
    batches = list(study.chunks.equipment.together(study.plan.chunks))
    assert max(len(batch) for batch in batches) > 1
    assert study.run()
    for name in (ROWS, CDF, TRACKS):
        assert (folder / name).read_bytes() == (finished[0] / name).read_bytes()


def test_every_run_has_its_curve_and_ends_near_what_it_is_judged_at(finished):
    rows = select(read(finished[0] / ROWS), split="validation", modality="none")
    history = read(finished[0] / HISTORY)
    for at in range(len(rows["seed"])):
        run = {name: rows[name][at] for name in ("arm", "finetune_rate", "seed")}
        of_run = select(history, **run)
        assert of_run["epoch"].tolist() == [1, 2]
        assert np.all(np.diff(of_run["training_loss"]) < 0)
        # A hundred windows spread over the walks stand for all of them.
        assert of_run["validation_error_m"][-1] == pytest.approx(rows["mean_m"][at], rel=0.1)


def test_pretraining_has_its_curves_with_the_runs_and_in_its_card(finished):
    folder, history = finished[0], read(finished[0] / HISTORY)
    before = select(history, arm="pretrained")
    assert before["seed"].tolist() == [0, 1]  # one epoch each
    assert set(before["part"]) == {"pretraining"}
    assert np.isfinite(before["validation_error_m"]).all()
    assert set(select(history, arm="scratch")["part"]) == {"network"}
    errors = select(read(folder / PRETEXT), split="validation")["error"]
    # A hundred windows spread over the walks stand for all of them.
    assert before["validation_error_m"] == pytest.approx(errors, rel=0.1)
    kept = checkpoint.read_card(folder / "pretrained")["curves"]
    assert [row["training_loss"] for row in kept] == pytest.approx(before["training_loss"])


@pytest.mark.slow
def test_curves_change_no_row(finished, tmp_path):
    run_study(small(validations=0), tmp_path / "work", ignore)
    names = {path.name for path in (tmp_path / "work").glob("*.csv")}
    assert names == {path.name for path in finished[0].glob("*.csv")}
    for name in names - {HISTORY}:
        assert (tmp_path / "work" / name).read_bytes() == (finished[0] / name).read_bytes()
    for mine, theirs in ((read(f / HISTORY) for f in (tmp_path / "work", finished[0])),):
        np.testing.assert_array_equal(mine["training_loss"], theirs["training_loss"])
        assert np.all(np.isnan(mine["validation_error_m"]))


def test_whoever_merges_writes_how_networks_trained_at_once(finished, tmp_path, monkeypatch):
    folder, seen, write = copied(finished, tmp_path), [], workdir.write_json

    def written(path, content):
        seen.append((folder / HISTORY).read_bytes())
        write(path, content)

    monkeypatch.setattr(workdir, "write_json", written)  # what follows upon the merged rows
    run_study(small(), folder, ignore)
    assert set(seen) == {(finished[0] / HISTORY).read_bytes()}


def test_a_chunk_whose_curves_were_altered_is_made_again(finished, tmp_path, caplog):
    folder = copied(finished, tmp_path)
    hurt = folder / "chunks" / "0000" / HISTORY
    hurt.write_bytes(hurt.read_bytes().replace(b",1,", b",7,", 1))
    run_study(small(), folder, ignore)
    assert "history.csv: is not what was saved" in caplog.text
    assert (folder / HISTORY).read_bytes() == (finished[0] / HISTORY).read_bytes()
    twice = [folder / "chunks" / "0000"] * 2
    with pytest.raises(InputError, match=r"scratch .* is in .* too"):
        merging._found(twice, HISTORY, set(plan(small()).order()))


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


def test_errors_by_walk_and_by_distance_to_the_survey_sum_up_to_their_row(finished):
    rows = select(read(finished[0] / ROWS), modality="none")
    by_walk, by_distance = read(finished[0] / WALKS), read(finished[0] / COVERAGE)
    assert set(by_distance["nearest"]) == {"position", "scan"}
    for table in (by_walk, *(select(by_distance, nearest=n) for n in ("position", "scan"))):
        for at in range(len(rows["seed"])):
            run = {name: rows[name][at] for name in ("arm", "finetune_rate", "seed", "split")}
            of_run = select(table, **run)
            assert of_run["n_windows"].sum() == rows["n_windows"][at]
            mean_m = np.average(of_run["mean_m"], weights=of_run["n_windows"])
            assert mean_m == pytest.approx(rows["mean_m"][at], abs=2e-4)


def test_less_of_a_survey_lies_farther_from_what_is_tested(finished):
    near = select(read(finished[0] / COVERAGE), nearest="position", band="0-3 m", seed=0)
    whole, part = (
        select(near, arm="finetuned", finetune_rate=rate)["n_windows"].sum()
        for rate in (1.0, 0.625)
    )
    assert 0 < part <= whole


def test_the_config_says_what_made_the_rows(finished):
    record = json.loads((finished[0] / "config.json").read_text())
    assert record["simulated"] is True
    assert record["site_pair"] == "simulated-a->simulated-b"
    assert record["versions"] == files.versions()
    assert {"jax", "flax", "optax", "numpy", "python"} <= record["versions"].keys()
    assert parsed(record["config"]) == small()
    core = f"{platform.machine()} core of {os.cpu_count()}"
    assert record["device"] == f"{len(jax.devices())} x {core}"
    assert re.fullmatch(r"[0-9a-f]{12}(\+changes-[0-9a-f]{8})?", record["git_revision"])
    assert record["git_revision"] == files.revision(finished[0])
    assert record["changes"] == []


def test_a_study_says_when_its_chunks_were_done_and_says_the_same_when_it_goes_on(
    finished, tmp_path
):
    folder = copied(finished, tmp_path)
    before, times = (folder / TIMES).read_bytes(), read_times(folder)
    assert times.begun <= times.finished
    span_s = (times.finished - times.begun).total_seconds()
    assert 0 < times.work_s <= span_s + 1  # ends are whole seconds
    (folder / TIMES).unlink()
    run_study(small(), folder, ignore)
    assert (folder / TIMES).read_bytes() == before


def test_the_plan_of_the_targets_floor_lies_beside_the_rows(finished):
    plan = published_plan(finished[0])
    assert (plan.width_m, plan.height_m) == floor_plan(building_b(0))[1:]
    assert {"floor_image.png", "floor_info.json"} <= files.recorded_sums(finished[0]).keys()


def test_what_a_study_asks_is_in_its_record_and_changes_nothing_else(finished, tmp_path):
    folder = copied(finished, tmp_path)
    record = json.loads((folder / "config.json").read_text())
    (folder / "config.json").unlink()
    assert Study(small(), folder, ignore, question="Does it help?").run()
    asked = json.loads((folder / "config.json").read_text())
    assert asked == record | {"question": "Does it help?"}
    assert (folder / ROWS).read_bytes() == (finished[0] / ROWS).read_bytes()


def test_the_config_says_what_was_recorded(finished):
    record = json.loads((finished[0] / "config.json").read_text())
    sites = Study(small(), finished[0], ignore).sites[0]
    digests = {role: one.recordings.digest for role, one in sites.opened.items()}
    assert record["data"] == digests
    assert digests.keys() == {"source", "target"}
    assert digests["source"] != digests["target"]


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
    # As the graft left them: every leaf of both seeds, and no longer once one number differs.
    unchanged = unchanged_since(report, grafted)
    assert {len(of_seeds) for of_seeds in unchanged.values()} == {2}
    assert all(of_seeds.all() for of_seeds in unchanged.values())
    touched = jax.tree.map(np.array, grafted)
    touched["imu"]["bias"][1, 0] += 1
    assert unchanged_since(report, touched)["imu/bias"].tolist() == [True, False]
    arms = set()
    for folder in sorted((finished[0] / "chunks").glob("[0-9]*")):
        params, card = checkpoint.load(folder / "checkpoint")
        for k, run in enumerate(card["runs"]):
            arms.add(run["arm"])
            moved = any(
                not np.array_equal(leaf[k], grafted["imu"][name][run["seed"]])
                for name, leaf in params["imu"].items()
            )
            assert moved == (run["arm"] != "transferred")
    assert arms == {"scratch", "transferred", "finetuned"}


def test_the_rows_say_which_grafted_leaves_did_not_move(finished):
    table = read(finished[0] / LEAVES)
    assert "scratch" not in table["arm"]
    assert set(table["taken"]) == {"imu/bias imu/kernel imu/recurrent_kernel"}
    still = select(table, arm="transferred")
    assert np.all(still["unchanged"] == still["taken"])
    assert set(select(table, arm="finetuned")["unchanged"]) == {""}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["rmsprop", "adamw"])
def test_fine_tuning_follows_its_freeze_plan(optimizer, tmp_path):
    plans = ("imu/kernel frozen", "imu/kernel from epoch 1, imu/bias x0.5")
    settings = small(
        seeds=1,
        arms=("transferred", "finetuned"),
        finetune_rates=(1.0,),
        optimizer=optimizer,
        wipe__drop_rates=(),
        sweep=({"finetune_plan": plans},),
    )
    run_study(settings, tmp_path / "work", ignore)
    table = read(tmp_path / "work" / LEAVES)
    assert select(table, arm="finetuned")["unchanged"].tolist() == ["imu/kernel", ""]
    # Weight decay reaches no leaf that is frozen.
    still = select(table, arm="transferred")
    assert set(still["unchanged"]) == {"imu/bias imu/kernel imu/recurrent_kernel"}
    assert np.array_equal(still["unchanged"], still["taken"])


def test_a_stopped_study_goes_on_and_ends_with_the_same_bytes(finished, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(finished[0], folder)
    shutil.rmtree(folder / "chunks" / "0001")
    (folder / "chunks" / ".0001.partial").mkdir()  # what a kill in mid-write leaves
    (folder / ROWS).unlink()
    run_study(small(), folder, ignore)
    written = {path.name for path in folder.glob("*.csv")}
    # Networks choose nothing on validation, and state no radius.
    assert written == COLUMNS.keys() - {CHOSEN, RADIUS, DIVERGED}
    for name in written:
        assert (folder / name).read_bytes() == (finished[0] / name).read_bytes()
    assert not (folder / "chunks" / ".0001.partial").exists()


def test_more_seeds_than_calibrating_asks_for_start_each_from_its_own_network(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(equipment, "CALIBRATED_SEEDS", 2)
    settings = tiny(seeds=3, arms=("scratch",))
    for name in ("estimated", "not"):
        study = Study(settings, tmp_path / name, ignore)
        if name == "estimated":
            study.estimate()
        study.run()
    assert (tmp_path / "estimated" / ROWS).read_bytes() == (tmp_path / "not" / ROWS).read_bytes()


def test_a_finished_study_trains_nothing_again(finished, monkeypatch):
    monkeypatch.setattr(equipment, "Trainer", None)
    run_study(small(), finished[0], ignore)


def test_a_workdir_of_another_study_is_refused_and_left_alone(finished):
    before = (finished[0] / ROWS).read_bytes()
    with pytest.raises(InputError, match=r"config.json: .*another study's rows \(epochs differ\)"):
        run_study(small(epochs=3), finished[0], ignore)
    assert (finished[0] / ROWS).read_bytes() == before


def copied(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / "work")
    return tmp_path / "work"


def test_a_config_that_is_lost_or_damaged_is_written_anew_where_chunks_prove_it(
    finished, tmp_path, caplog
):
    folder = copied(finished, tmp_path)
    before = (folder / "config.json").read_bytes()
    (folder / "config.json").unlink()
    run_study(small(), folder, ignore)
    assert (folder / "config.json").read_bytes() == before
    # Another study's, by what it says; by its digest, damage.
    (folder / "config.json").write_bytes(before.replace(b'"epochs": 2', b'"epochs": 3'))
    run_study(small(), folder, ignore)
    assert (folder / "config.json").read_bytes() == before
    assert "config.json.damaged-1" in caplog.text
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match="other files"):
        run_study(small(epochs=3), folder, ignore)


def test_a_damaged_card_is_made_again_and_digests_list_what_was_merged(finished, tmp_path):
    folder = copied(finished, tmp_path)
    card = (folder / "card_target.json").read_bytes()
    (folder / "card_target.json").write_bytes(card[:4096])  # what a full disk leaves
    assert files.altered(folder) == ["card_target.json"]
    run_study(small(), folder, ignore)
    assert (folder / "card_target.json").read_bytes() == card
    cards = {"card_source.json", "card_target.json"}
    written = {path.name for path in folder.glob("*.csv")}
    plan = {"floor_image.png", "floor_info.json"}
    assert files.recorded_sums(folder).keys() == {"config.json"} | cards | plan | written


def test_a_damaged_chunk_of_another_process_is_named_and_not_merged(finished, tmp_path):
    folder = copied(finished, tmp_path)
    hurt = folder / "chunks" / "0001" / ROWS
    hurt.write_bytes(hurt.read_bytes().replace(b",test,none,", b",test,nine,", 1))
    with pytest.raises(InputError, match=r"0001/rows\.csv: is not what was saved"):
        Study(small(), folder, ignore, Share(0, 2)).run()


def test_a_folder_deleted_in_mid_run_ends_in_a_line_and_can_be_begun_again(tmp_path):
    folder = tmp_path / "work"

    def deletes(stage, done, total):
        if stage.startswith("fitting") and folder.exists():
            shutil.rmtree(folder)

    one = tiny(arms=("constant",))
    with pytest.raises(InputError, match="work: was removed or replaced"):
        run_study(one, folder, deletes)
    assert not folder.exists()
    run_study(one, folder, ignore)
    assert (folder / ROWS).is_file()


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="other files"):
        run_study(small(), tmp_path, ignore)


@pytest.mark.slow
def test_fine_tuning_can_start_from_the_transferred_network(tmp_path):
    # So small a rate that hardly anything moves, so that a network shows where it started.
    settings = small(
        start="from_transferred",
        seeds=1,
        finetune_rates=(0.25,),
        epochs=1,
        learning_rate=1e-30,
        runs_per_chunk=1,
    )
    run_study(settings, tmp_path / "work", ignore)
    first = tmp_path / "work" / "chunks" / "0000" / "checkpoint"
    assert checkpoint.read_card(first)["runs"][0]["arm"] == "transferred"
    transferred, _ = checkpoint.load_run(first, 0)
    found = [
        checkpoint.load_run(folder / "checkpoint", 0)
        for folder in sorted((tmp_path / "work" / "chunks").glob("[0-9]*"))
    ]
    (tuned,) = (params for params, card in found if card["run"]["arm"] == "finetuned")
    for ours, theirs in zip(jax.tree.leaves(tuned), jax.tree.leaves(transferred), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-20)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"start": "from_nothing"}, "from_pretrained"),
        ({"start": "from_nothing@3"}, "no checkpoint is there"),
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


@pytest.mark.slow
def test_runs_that_diverge_are_named_with_their_rate_and_lose_no_other_run(tmp_path):
    config = tiny({"learning_rate": (0.005, 1e3)}, arms=("scratch",), optimizer="sgd")
    study = Study(config, tmp_path, ignore)
    assert study.run()
    lost = read(tmp_path / DIVERGED)
    assert lost["study"].tolist() == ["quickstart/learning_rate=1000.0"]
    assert "quickstart/learning_rate=0.005" in read(tmp_path / HISTORY)["study"]
    assert set(read(tmp_path / ROWS)["study"]) == {"quickstart/learning_rate=0.005"}
    said = r"1 of 2 runs diverged: scratch 1, seed 0 of quickstart/.* at learning_rate 1000; "
    with pytest.raises(InputError, match=said):
        study.check_diverged()
    assert Study(config, tmp_path, ignore).run()  # the folder is in order
    # Both variants train in one chunk: each has half of its time.
    whole, *parts = map(read_times, (tmp_path, *sorted((tmp_path / "variants").iterdir())))
    assert [part.work_s for part in parts] == pytest.approx([whole.work_s / 2] * 2, abs=0.11)
    found = read_measured(tmp_path)
    assert found.diverged["learning_rate"].tolist() == [1000]
    assert [len(table["seed"]) > 0 for table in found.swept.tables] == [True]
    with pytest.raises(InputError, match=r"rows\.csv: every run diverged"):
        read_measured(tmp_path / "variants" / "learning_rate=1000.0")


@pytest.mark.parametrize(("pair", "n_test"), [(location20, 847), (mmloc, 878)])
@pytest.mark.slow
def test_a_real_pair_runs_to_the_end(pair, n_test, data_dir, tmp_path):
    config = pair.get_config()
    for name in ("hidden", "runs_per_chunk"):
        config[name] = SMALL[name]
    config.wipe.update(drop_rates=SMALL["wipe.drop_rates"], seeds=2)
    config.update(seeds=1, epochs=1, pretrain_epochs=1, data_dir=str(data_dir))
    config.scratch_rates, config.finetune_rates = (1.0,), (0.125,)
    run_study(parsed(config), tmp_path / "work", ignore)
    table = read(tmp_path / "work" / ROWS)
    assert len(table["seed"]) == 3 * (2 + 3 * 3 * 2)
    assert np.all(np.isfinite(table["mean_m"]))
    assert set(select(table, split="test")["n_windows"]) == {n_test}
