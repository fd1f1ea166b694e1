"""The study of predictors without a network, and networks of another study beside them."""

import json
import shutil

import numpy as np
import pytest

from configs import baselines as config_file
from mtloc_jax.cards.baselines import CONSTANT, KNN, WEIGHTED_KNN
from mtloc_jax.errors import InputError
from mtloc_jax.report import neighbours
from mtloc_jax.report.baseline_claims import against, families, headlines
from mtloc_jax.report.baseline_report import read_networks, write_report
from mtloc_jax.report.card_notes import Survey, read_notes, target_survey
from mtloc_jax.report.rows import CDF, ROWS, append, read, select
from mtloc_jax.sites.recordings import open_site
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.sweep import baseline_study
from mtloc_jax.sweep.baseline_study import Fit, chosen, errors_m, run_study
from mtloc_jax.sweep.grid import RunSpec, trained_on
from tests.synthetic_rows import as_table, row

RATES = (1.0, 0.5)


def small():
    config = config_file.get_config("smoke")
    config.baselines, config.finetune_rates = (CONSTANT, KNN, WEIGHTED_KNN), RATES
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "baselines"
    run_study(small(), folder, lambda *told: None)
    return folder


@pytest.fixture(scope="module")
def site():
    return open_site("simulated-b", "", WindowSpec(), simulated_round_s=15.0)


def test_the_rows_are_baselines_by_rate_seed_and_split(finished):
    table = read(finished / ROWS)
    keys = list(
        zip(*(table[name] for name in ("arm", "finetune_rate", "seed", "split")), strict=True)
    )
    assert len(keys) == len(set(keys)) == 3 * 2 * 2 * 2
    assert set(table["site_pair"]) == {"simulated-a->simulated-b"}
    assert len(read(finished / CDF)["seed"]) == len(keys)


def test_a_baseline_is_fitted_on_the_windows_a_network_sees(site, monkeypatch):
    seen = []

    def spy(name, site, train_rows, rows, seed, k):
        seen.append(train_rows)
        return np.zeros((len(rows), 2))

    monkeypatch.setattr(baseline_study, "predict", spy)
    errors_m(Fit(CONSTANT, 0.5, 3), small(), site)
    of_network = trained_on(RunSpec("finetuned", 0.5, 3), site, small())
    assert np.array_equal(seen[0], site.rows("train")[of_network])
    assert len(np.unique(site.round[seen[0]])) == 4  # half of eight rounds


def test_the_errors_of_each_split_are_those_of_its_windows(site):
    found = errors_m(Fit(CONSTANT, 1.0, 0), small(), site)
    centre_m = site.windows.xy_m[site.rows("train")].mean(axis=0)
    for split, error_m in found.items():
        apart_m = np.linalg.norm(site.windows.xy_m[site.rows(split)] - centre_m, axis=1)
        assert error_m == pytest.approx(apart_m)


def test_k_is_chosen_on_validation_and_the_test_round_has_no_say(site, monkeypatch):
    validation_m, test_m = {1: 5.0, 2: 4.0, 5: 4.0}, {1: 1.0, 2: 9.0, 5: 2.0}

    def judged(fit, config, site, k):
        return {"validation": np.full(3, validation_m[k]), "test": np.full(3, test_m[k])}

    monkeypatch.setattr(baseline_study, "errors_m", judged)
    config = small()
    config.neighbours = (5, 2, 1)
    found, k = chosen(Fit(KNN, 1.0, 0), config, site)
    assert (k, found["test"][0]) == (2, 9.0)


def test_the_chosen_neighbours_are_written_beside_the_rows(finished):
    found = neighbours.read(finished)
    assert len(found) == 2 * len(RATES) * 2
    assert {one.baseline for one in found} == {KNN, WEIGHTED_KNN}
    assert {one.k for one in found} <= set(small().neighbours)


def test_a_stopped_study_goes_on_to_the_same_rows(finished, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(finished, folder)
    before = {name: (folder / name).read_bytes() for name in (ROWS, CDF, neighbours.NEIGHBOURS)}
    shutil.rmtree(folder / "chunks" / "0001")
    for name in before:
        (folder / name).unlink()
    told = []
    run_study(small(), folder, lambda stage, done, total: told.append((stage, done, total)))
    assert {name: (folder / name).read_bytes() for name in before} == before
    fitted = [amount for stage, *amount in told if stage == "fitting"]
    assert (fitted[0], fitted[-1]) == ([6, 12], [12, 12])


def test_networks_may_be_named_after_the_study(finished, tmp_path):
    config = small()
    config.networks = str(tmp_path)
    told = []
    run_study(config, finished, lambda stage, *amount: told.append(stage))
    assert "fitting" not in told


def test_the_report_is_written_from_the_files_of_the_study(finished, capsys):
    written = write_report(finished)
    assert all(path.is_file() for path in written)
    assert {path.name for path in written} >= {
        "data_demand.png",
        "baselines_test.md",
        "report.html",
    }
    assert "WiFi" in capsys.readouterr().out
    table = (finished / "tables/baselines_test.md").read_text()
    assert "| 50 %  |      4 |" in table
    assert "--report_only" in (finished / "report.html").read_text()


def networks_of(finished, folder, **changed):
    """Write a study of networks that saw the same windows, each a metre better than a constant."""
    folder.mkdir()
    record = json.loads((finished / "config.json").read_text())
    record["study"], record["config"] = "nets", {**record["config"], **changed}
    (folder / "config.json").write_text(json.dumps(record))
    clean = select(read(finished / ROWS), arm=CONSTANT, split="test")
    found = [
        row(arm, rate, seed, mean_m - 1, study="nets", site_pair=record["site_pair"])
        for arm in ("scratch", "finetuned", "transferred")
        for rate, seed, mean_m in zip(
            clean["finetune_rate"], clean["seed"], clean["mean_m"], strict=True
        )
    ]
    append(folder / ROWS, found)
    return folder


def test_networks_stand_beside_the_baselines_of_their_rate(finished, tmp_path):
    networks = networks_of(finished, tmp_path / "nets")
    _, table = read_networks(networks, finished)
    assert set(table["arm"]) == {"scratch", "finetuned"}
    write_report(finished, networks)
    text = (finished / "tables/claims.md").read_text()
    assert "constant against scratch at 100 %: +1.00 m, no interval (seeds: 2" in text
    assert "network from scratch" in (finished / "tables/baselines_test.md").read_text()


def test_networks_that_saw_other_windows_are_refused(finished, tmp_path):
    networks = networks_of(finished, tmp_path / "nets", subset="first", test_round=3)
    with pytest.raises(InputError, match=r"other windows than the baselines \(subset, test_round"):
        read_networks(networks, finished)


def test_a_claim_is_paired_by_seed_and_rate():
    rows = [row(CONSTANT, rate, seed, 5.0 + seed) for rate in RATES for seed in range(6)]
    rows += [row("scratch", rate, seed, 4.0 + seed) for rate in RATES for seed in range(6)]
    rows += [row(KNN, rate, seed, 2.0 + seed) for rate in RATES for seed in range(1, 6)]
    found = against(as_table(rows), "scratch")
    assert [(c.ours, c.theirs) for c in found] == [
        ("constant", "scratch at 100 %"),
        ("WiFi k-NN", "scratch at 100 %"),
        ("constant", "scratch at 50 %"),
        ("WiFi k-NN", "scratch at 50 %"),
    ]
    assert [c.difference.mean_m for c in found] == pytest.approx([1, -2, 1, -2])
    assert [c.difference.n_seeds for c in found] == [6, 5, 6, 5]
    assert headlines(found)[1].startswith("WiFi k-NN beats scratch at 100 %: -2.00 m")
    assert list(families(as_table(rows))) == [
        "Claims: baselines against scratch on the same rounds"
    ]


def test_the_survey_is_read_off_the_targets_card(tmp_path):
    card = {"name": "hall", "checks": []}
    windows = {"train": 600, "validation": 300, "test": 100}
    card["statistics"] = {
        "split": {"train": [1, 2, 3]},
        "recording": {"minutes": 20.0, "windows": windows},
    }
    (tmp_path / "card_target.json").write_text(json.dumps(card))
    assert target_survey(read_notes(tmp_path)) == Survey(3, pytest.approx(12.0))
    del card["statistics"]
    (tmp_path / "card_target.json").write_text(json.dumps(card))
    assert target_survey(read_notes(tmp_path)) is None


def test_what_cannot_be_is_refused_before_anything_is_read(tmp_path):
    for name, value, says in (
        ("baselines", ("oracle",), "no baseline 'oracle'"),
        ("seeds", 0, "nothing to fit"),
        ("neighbours", (0,), "no k to choose from"),
    ):
        config = small()
        config[name] = value
        with pytest.raises(InputError, match=says):
            run_study(config, tmp_path / "none", lambda *told: None)
    with pytest.raises(InputError, match="no pair of buildings 'venice'"):
        config_file.get_config("venice")


def test_damaged_neighbours_are_named_with_their_line(tmp_path):
    (tmp_path / neighbours.NEIGHBOURS).write_text("baseline,finetune_rate,seed,k\nwifi-knn,1,0\n")
    with pytest.raises(InputError, match=r"neighbours.csv:2: this is not baseline,finetune_rate"):
        neighbours.read(tmp_path)
