"""A building surveyed twice as a study: what runs start from, and what they can never read."""

import shutil

import jax
import numpy as np
import pytest

from configs import wifi_rows
from mtloc_jax.arms import BOTH_SURVEYS, CARRIED, REINITIALISED, SCRATCH
from mtloc_jax.errors import InputError
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import LEAVES, ROWS, read
from mtloc_jax.settings import parsed, replaced
from mtloc_jax.study import resurvey
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.surgery import checkpoint
from tests.studies import ignore

pytestmark = pytest.mark.slow  # whole studies, covered in small by others


def smoke(**changes):
    return replaced(parsed(wifi_rows.get_config("smoke")), changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "rows"
    study = Study(smoke(), folder, ignore)
    study.run()
    return folder, study


def starts_of(study):
    """Return what each run starts from, by arm, rate and seed."""
    return {
        (job.spec.arm, job.spec.finetune_rate, job.spec.seed): study.starts.of(
            job, study.plan.of(job), sites
        )
        for group, sites in zip(study.plan.groups, study.sites, strict=True)
        for job in group.jobs
    }


def test_the_rows_are_the_grid(finished):
    table = read(finished[0] / ROWS)
    assert len(table["seed"]) == 4 * 2 * 2 * 2  # arms x rates x seeds x splits
    assert set(table["arm"]) == {CARRIED, REINITIALISED, SCRATCH, BOTH_SURVEYS}
    assert set(table["site_pair"]) == {"simulated-a survey 1->simulated-a survey 2"}
    assert np.isfinite(table["mean_m"]).all()


def test_a_network_of_the_first_survey_is_trained_for_each_seed_and_kept(finished):
    folder, study = finished
    _, card = checkpoint.load(folder / "donors")
    for seed, run in enumerate(card["runs"]):
        first, _ = study.sites[0].surveyed(seed)
        assert (run["seed"], run["bssids"]) == (seed, first.bssids)
    assert len(card["runs"]) == 2


def test_the_arms_start_from_one_network_and_differ_in_the_wifi_rows_alone(finished):
    _, study = finished
    starts = starts_of(study)
    for rate in (1.0, 0.5):
        for seed in (0, 1):
            carried, anew, scratch = (
                jax.tree.map(np.array, starts[arm, rate, seed])
                for arm in (CARRIED, REINITIALISED, SCRATCH)
            )
            rows = [tree["wifi"]["fc1"].pop("kernel") for tree in (carried, anew, scratch)]
            assert not np.array_equal(rows[0], rows[1])
            np.testing.assert_array_equal(rows[1], rows[2])
            ours, theirs, fresh = map(jax.tree.leaves, (carried, anew, scratch))
            assert all(map(np.array_equal, ours, theirs))
            assert not all(map(np.array_equal, theirs, fresh))


def test_rows_of_access_points_gone_from_the_second_survey_are_never_read(finished):
    folder, study = finished
    params, card = checkpoint.load(folder / "chunks" / "0000" / "checkpoint")
    n_aps = len(study.sites[0].target.bssids)
    for k, run in enumerate(card["runs"]):
        _, second = study.sites[0].surveyed(run["seed"])
        gone = np.setdiff1d(np.arange(n_aps), second.columns)
        rows = params["wifi"]["fc1"]["kernel"][k]
        assert len(gone) > 0
        assert not rows[gone].any()
        assert rows[second.columns].any(axis=1).all()


def test_runs_train_on_the_second_survey_and_are_judged_on_rounds_of_neither(finished):
    sites = finished[1].sites[0]
    assert sites.target.split.train == sites.seen(1).split.train == (2, 4, 6, 8)
    first, second = sites.surveyed(0)
    assert first.site.split.train == (1, 3, 5, 7)
    assert first.site.split.test == second.site.split.test == sites.target.split.test == (14,)


def test_a_stopped_study_goes_on_from_the_networks_it_kept(finished, tmp_path, monkeypatch):
    folder = tmp_path / "again"
    shutil.copytree(finished[0], folder)
    shutil.rmtree(folder / "chunks" / "0000")
    (folder / ROWS).unlink()
    monkeypatch.setattr(resurvey, "Trainer", None)
    run_study(smoke(), folder, ignore)
    assert (folder / ROWS).read_bytes() == (finished[0] / ROWS).read_bytes()


def test_a_finished_study_is_not_run_again(finished):
    told = []
    run_study(smoke(), finished[0], lambda stage, *amount: told.append(stage))
    assert not [stage for stage in told if "training" in stage]


@pytest.mark.usefixtures("without_drawing")
def test_the_report_is_written_from_the_rows(finished):
    assert finished[0] / "report.html" in write_report(finished[0])


def test_nothing_of_the_source_building_is_asked_for(finished):
    assert finished[1].sites[0].opened.keys() == {"target"}
    assert not list(finished[0].glob("pretrained*"))
    assert len(read(finished[0] / LEAVES)["seed"]) == 0


@pytest.mark.parametrize(
    ("setting", "first", "second"), [("removed_share", 0.2, 0.6), ("learning_rate", 0.01, 0.001)]
)
@pytest.mark.slow
def test_a_variant_has_first_networks_of_its_own(setting, first, second, tmp_path):
    axis = {setting: (first, second)}
    few = {"arms": (CARRIED,), "finetune_rates": (1.0,), "seeds": 1}
    study = Study(smoke(sweep=(axis,), **few), tmp_path / "work", ignore)
    study.run()
    names = {path.name for path in (tmp_path / "work").glob("donors*")}
    assert names == {f"donors-{setting}={value}" for value in (first, second)}
    run_study(smoke(**{setting: second}, **few), tmp_path / "alone", ignore)
    swept = tmp_path / "work" / "variants" / f"{setting}={second}" / ROWS
    text = swept.read_text().replace(f"wifi_rows/{setting}={second},", "wifi_rows,")
    assert text == (tmp_path / "alone" / ROWS).read_text()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"removed_share": 1.0}, r"removed_share is 1\.0; .* in \[0, 1\)"),
        ({"scratch_rates": (1.5,)}, r"scratch_rates is 1\.5; .* in \[0\.001, 1\]"),
        ({"survey": "thrice"}, "did you mean 'twice'"),
    ],
)
def test_what_cannot_be_is_refused(changes, says):
    with pytest.raises(InputError, match=says):
        smoke(**changes)


def test_a_share_that_leaves_nothing_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="leaves none of the"):
        run_study(smoke(removed_share=0.999), tmp_path / "none", ignore)
    assert not (tmp_path / "none").exists()


def test_the_config_has_one_variant():
    with pytest.raises(InputError, match="no variant 'fast'"):
        wifi_rows.get_config("fast")
