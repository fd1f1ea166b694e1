"""Predictors without a network are arms of a study: the same windows, rounds, splits and rows."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from configs import baselines
from mtloc_jax.arms import ARMS, PREDICTORS
from mtloc_jax.errors import InputError
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import CDF, CHOSEN, LEAVES, ROWS, TRACKS, read, select
from mtloc_jax.settings import parsed, replaced
from mtloc_jax.study import fitting
from mtloc_jax.study.fitting import fitted, judged
from mtloc_jax.study.runs import RunSpec, trained_on
from mtloc_jax.study.study import Study, run_study
from tests.studies import ignore

RATES = (1.0, 0.5)
ASKED = ("constant", "wifi-knn", "wifi-weighted-knn")


def small(**changes):
    changes = {"arms": ASKED, "finetune_rates": RATES, "scratch_rates": RATES} | changes
    return replaced(parsed(baselines.get_config("smoke")), changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "baselines"
    run_study(small(), folder, ignore)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Study(small(), tmp_path_factory.mktemp("none"), ignore).sites[0].target


def test_the_config_asks_for_every_predictor_at_every_rate_and_for_no_network():
    settings = parsed(baselines.get_config("location20"))
    assert settings.arms == PREDICTORS
    assert len(settings.finetune_rates) == 8
    assert (settings.source, settings.target) == ("location20/site1/B1", "location20/site2/F1")


def test_the_rows_are_predictors_by_rate_seed_and_split(finished):
    table = read(finished / ROWS)
    keys = list(
        zip(*(table[name] for name in ("arm", "finetune_rate", "seed", "split")), strict=True)
    )
    assert len(keys) == len(set(keys)) == 3 * 2 * 2 * 2
    assert set(table["arm"]) == set(ASKED)
    assert set(table["site_pair"]) == {"simulated-a->simulated-b"}
    assert len(read(finished / CDF)["seed"]) == len(keys)
    # Maps draw networks alone, and nothing was grafted.
    assert [len(read(finished / name)["seed"]) for name in (TRACKS, LEAVES)] == [0, 0]


@pytest.mark.parametrize("rate", RATES)
def test_a_predictor_is_fitted_on_the_windows_a_network_sees(site, rate, monkeypatch):
    seen = []

    def spy(site, train, asked, seed, **further):
        seen.append((train, asked, seed, further))
        return np.zeros((len(asked), 2))

    monkeypatch.setitem(ARMS, "constant", replace(ARMS["constant"], predict=spy))
    settings = small()
    fitted(RunSpec("constant", rate, 3), site, settings)
    ((train, asked, seed, further),) = seen
    of_network = trained_on(RunSpec("finetuned", rate, 3), site, settings)
    assert np.array_equal(train, site.rows("train")[of_network])
    assert len(np.unique(site.round[train])) == 8 * rate
    held_out = np.concatenate([site.rows("validation"), site.rows("test")])
    assert np.array_equal(asked, held_out)
    assert (seed, further) == (3, {})


def test_the_errors_of_each_split_are_those_of_its_windows(site):
    found = fitted(RunSpec("constant", 1.0, 0), site, small())
    centre_m = site.windows.xy_m[site.rows("train")].mean(axis=0)
    every = {split: np.ones(len(site.rows(split)), bool) for split in ("validation", "test")}
    for split, clean in judged([found], site, every).items():
        apart_m = np.linalg.norm(site.windows.xy_m[site.rows(split)] - centre_m, axis=1)
        assert clean.metrics[0, 0] == pytest.approx(apart_m.mean(), rel=1e-5)
        assert clean.cdf_m[0, [0, 25, 50]] == pytest.approx(np.percentile(apart_m, [0, 50, 100]))


def test_k_is_chosen_on_validation_and_the_test_round_has_no_say(site, monkeypatch):
    off_m = {"validation": {1: 5.0, 2: 4.0, 5: 4.0}, "test": {1: 1.0, 2: 9.0, 5: 2.0}}

    def predicted_m(spec, site, settings, k):
        return {
            split: site.windows.xy_m[site.rows(split)] + [by_k[k], 0]
            for split, by_k in off_m.items()
        }

    monkeypatch.setattr(fitting, "_predicted_m", predicted_m)
    found = fitted(RunSpec("wifi-knn", 1.0, 0), site, small(neighbours=(5, 2, 1)))
    assert found.chosen == {"neighbours": 2}
    test = site.windows.xy_m[site.rows("test")]
    assert found.predicted_m["test"] - test == pytest.approx(np.tile([9.0, 0.0], (len(test), 1)))


def test_the_chosen_neighbours_are_written_beside_the_rows(finished):
    table = read(finished / CHOSEN)
    assert len(table["seed"]) == 2 * len(RATES) * 2
    assert set(table["arm"]) == {"wifi-knn", "wifi-weighted-knn"}
    assert set(table["setting"]) == {"neighbours"}
    assert set(map(int, table["value"])) <= set(small().neighbours)


def test_a_stopped_study_goes_on_to_the_same_rows(finished, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(finished, folder)
    before = {name: (folder / name).read_bytes() for name in (ROWS, CDF, CHOSEN)}
    shutil.rmtree(folder / "chunks" / "0001")
    for name in before:
        (folder / name).unlink()
    told = []
    run_study(small(), folder, lambda stage, done, total: told.append((stage, done, total)))
    assert {name: (folder / name).read_bytes() for name in before} == before
    fitting_told = [amount for stage, *amount in told if stage == "fitting, chunk 2 of 2"]
    assert fitting_told == [[done, 6] for done in range(7)]
    assert {stage for stage, *_ in told if stage.startswith("fitting")} == {"fitting, chunk 2 of 2"}


@pytest.mark.slow
def test_networks_and_predictors_are_compared_in_one_study(finished, tmp_path):
    arms = ("scratch", "constant")
    run_study(small(arms=arms), tmp_path / "both", ignore)
    table = read(tmp_path / "both" / ROWS)
    assert list(dict.fromkeys(table["arm"].tolist())) == list(arms)
    # A predictor does not change with what stands beside it.
    ours, alone = (select(t, arm="constant") for t in (table, read(finished / ROWS)))
    assert all(np.array_equal(ours[name], alone[name]) for name in ours)
    run_study(small(arms=("scratch",)), tmp_path / "networks", ignore)
    networks = read(tmp_path / "networks" / ROWS)
    beside = select(table, arm="scratch")
    assert all(np.array_equal(beside[name], networks[name]) for name in networks)


def test_fewer_rounds_are_the_rounds_that_networks_are_given(tmp_path):
    # On the first half of eight rounds, a constant is the middle of these.
    settings = small(arms=("constant",), subset="first", finetune_rates=(0.5,), seeds=1)
    study = Study(settings, tmp_path / "work", ignore)
    study.run()
    site = study.sites[0].target
    first = np.isin(site.round, site.split.train[:4])
    centre_m = site.windows.xy_m[first].mean(axis=0)
    apart_m = np.linalg.norm(site.windows.xy_m[site.rows("test")] - centre_m, axis=1)
    (mean_m,) = select(read(tmp_path / "work" / ROWS), split="test")["mean_m"]
    assert mean_m == pytest.approx(apart_m.mean(), abs=1e-4)


@pytest.mark.slow
def test_predictors_of_a_building_surveyed_twice_see_the_second_survey(tmp_path):
    settings = small(
        arms=("scratch", "wifi-knn"), survey="twice", finetune_rates=(1.0,), scratch_rates=(1.0,)
    )
    study = Study(replaced(settings, {"seeds": 1}), tmp_path / "work", ignore)
    study.run()
    table = read(tmp_path / "work" / ROWS)
    assert set(table["site_pair"]) == {"simulated-b survey 1->simulated-b survey 2"}
    seen = study.sites[0].seen(0)
    assert seen.split.train == (2, 4, 6, 8)
    found = fitted(RunSpec("wifi-knn", 1.0, 0), seen, settings)
    apart_m = found.predicted_m["test"] - seen.windows.xy_m[seen.rows("test")]
    (mean_m,) = select(table, arm="wifi-knn", split="test")["mean_m"]
    assert mean_m == pytest.approx(np.linalg.norm(apart_m, axis=1).mean(), abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arms": ("oracle",)}, "arms is 'oracle'"),
        ({"finetune_rates": (1.5,)}, "finetune_rates is 1.5"),
        ({"seeds": 0}, "seeds is 0"),
        ({"neighbours": (0,)}, "neighbours is 0"),
        ({"subset": "frist"}, "did you mean 'first'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(changes, says):
    with pytest.raises(InputError, match=says):
        small(**changes)


def test_an_unknown_pair_is_refused():
    with pytest.raises(InputError, match="no pair of buildings 'venice'"):
        baselines.get_config("venice")


@pytest.mark.usefixtures("without_drawing")
def test_rounds_in_turn_say_together_what_was_chosen(tmp_path):
    """Two rounds, each with its own survey: what k each of them chose is in their one report."""
    arms = ("wifi-knn", "wifi-knn-cosine")
    turns = ({"test_round": (1, 2)},)
    settings = small(arms=arms, finetune_rates=(1.0,), neighbours=(1, 5), sweep=turns)
    run_study(settings, tmp_path / "work", ignore)
    written = {path.name for path in write_report(tmp_path / "work")}
    assert "chosen.csv" in written
    lines = (tmp_path / "work" / "tables" / "chosen.csv").read_text().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("neighbours,wifi-knn,1.0,")
