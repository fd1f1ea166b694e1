"""Two surveys of one building, and what moves from the network of one to that of the other."""

import jax
import numpy as np
import pytest

from configs import wifi_rows
from mtloc_jax.errors import InputError
from mtloc_jax.report.arms import CARRIED, REINITIALISED, SCRATCH
from mtloc_jax.report.carry_report import carried_text, claims, write_report
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import ROWS, read, select
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.windows import Windows
from mtloc_jax.surgery.carry import among, rules, surveys, within
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.graft_report import GraftReport
from mtloc_jax.surgery.tree import tree_digest
from mtloc_jax.sweep.carry_study import run_study
from tests import networks

N_APS, N_ROUNDS = 20, 6


@pytest.fixture(scope="module")
def site():
    """Return a site of 6 rounds with 5 windows and a scan each; round 1 alone hears ap00."""
    random, n = np.random.default_rng(0), 5 * N_ROUNDS
    wifi_dbm = random.uniform(-90, -40, (N_ROUNDS + 1, N_APS)).astype(np.float32)
    wifi_dbm[0], wifi_dbm[2:, 0] = np.nan, np.nan
    rounds = np.repeat(np.arange(1, N_ROUNDS + 1), 5).astype(np.int32)
    windows = Windows(
        imu=random.normal(9, 1, (n, 10, 2)).astype(np.float32),
        mag=random.normal(45, 5, (n, 10, 1)).astype(np.float32),
        end_ms=np.arange(n),
        xy_m=random.uniform(0, 50, (n, 2)),
        scan=rounds,
        wifi_age_ms=np.zeros(n, np.int64),
    )
    return Site(
        name="hall",
        split=Split((1, 2, 3, 4), (5,), (6,)),
        bssids=tuple(f"ap{k:02d}" for k in range(N_APS)),
        windows=windows,
        round=rounds,
        trace=rounds - 1,
        trace_names=tuple(f"walk{k}" for k in range(1, N_ROUNDS + 1)),
        wifi_dbm=wifi_dbm,
        scan=rounds,
        simulated=True,
    )


def test_the_surveys_share_no_training_round_and_all_test_rounds(site):
    first, second = surveys(site, 0.4, seed=0)
    assert (first.site.split.train, second.site.split.train) == ((1, 3), (2, 4))
    assert first.site.split.test == second.site.split.test == (6,)


def test_each_survey_loses_its_own_share_of_what_it_heard(site):
    sizes = {tuple(len(one.columns) for one in surveys(site, 0.4, seed)) for seed in range(8)}
    assert sizes == {(12, 11)}  # of 20 and of 19 heard
    first, second = surveys(site, 0.4, seed=0)
    assert 0 < len(set(first.bssids) & set(second.bssids)) < 11
    assert 0 not in second.columns


def test_a_removed_access_point_is_never_heard(site):
    first, _ = surveys(site, 0.4, seed=0)
    removed = np.setdiff1d(np.arange(N_APS), first.columns)
    assert np.all(np.isnan(first.site.wifi_dbm[:, removed]))
    scaler = first.site.scaler(first.site.rows("train"))
    assert np.array_equal(np.flatnonzero(scaler.wifi_heard), first.columns)


def test_rows_among_all_access_points_and_back_are_the_same(site):
    first, _ = surveys(site, 0.4, seed=0)
    params = networks.params(4, len(first.columns))
    assert tree_digest(within(among(params, first), first)) == tree_digest(params)
    assert among(params, first)["wifi"]["fc1"]["kernel"].shape == (N_APS, 4)


def _moved(site, arm):
    first, second = surveys(site, 0.4, seed=0)
    old, new = (one.site.scaler(one.site.rows("train")) for one in (first, second))
    donor, fresh = (
        networks.params(4, len(first.columns), 1),
        networks.params(4, len(second.columns), 2),
    )
    params, _ = graft(fresh, {"survey1": donor}, rules(arm, first, old, second, new))
    return first, second, donor, fresh, jax.tree.map(np.asarray, params)


def test_carried_rows_follow_their_access_point(site):
    first, second, donor, fresh, params = _moved(site, CARRIED)
    rows, kernel = params["wifi"]["fc1"]["kernel"], donor["wifi"]["fc1"]["kernel"]
    gain = rows[0] / kernel[first.bssids.index(second.bssids[0])]
    for row, bssid in zip(rows, second.bssids, strict=True):
        if bssid in first.bssids:
            np.testing.assert_allclose(row, kernel[first.bssids.index(bssid)] * gain, rtol=1e-4)
    new = [k for k, bssid in enumerate(second.bssids) if bssid not in first.bssids]
    assert np.array_equal(rows[new], fresh["wifi"]["fc1"]["kernel"][new])


def test_the_arms_differ_in_the_rows_alone(site):
    *_, fresh, reinitialised = _moved(site, REINITIALISED)
    *_, carried = _moved(site, CARRIED)
    assert np.array_equal(reinitialised["wifi"]["fc1"]["kernel"], fresh["wifi"]["fc1"]["kernel"])
    reinitialised["wifi"]["fc1"]["kernel"] = carried["wifi"]["fc1"]["kernel"]
    assert tree_digest(reinitialised) == tree_digest(carried)


def test_scratch_takes_nothing(site):
    *_, fresh, params = _moved(site, SCRATCH)
    assert tree_digest(params) == tree_digest(fresh)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    config = wifi_rows.get_config("smoke")
    config.finetune_rates = (1.0,)
    folder = tmp_path_factory.mktemp("study") / "rows"
    run_study(config, folder, lambda *told: None)
    return config, folder


def test_the_rows_are_the_grid(finished):
    config, folder = finished
    table = read(folder / ROWS)
    assert len(table["seed"]) == 3 * config.seeds * 2  # arms x seeds x splits
    assert set(table["arm"]) == {CARRIED, REINITIALISED, SCRATCH}
    report = GraftReport.from_json((folder / "chunks/0000/graft.json").read_text())
    assert any(entry.details.get("n_carried") for entry in report.entries)


def test_a_finished_study_is_not_run_again(finished):
    config, folder = finished
    told = []
    run_study(config, folder, lambda stage, *amount: told.append(stage))
    assert not any("training" in stage for stage in told)


def test_the_report_is_written_from_the_rows(finished, capsys):
    _, folder = finished
    written = write_report(folder)
    assert all(path.is_file() for path in written)
    assert "too few seeds" in capsys.readouterr().out


def _table(difference_m):
    rates, seeds = (1.0, 0.5), range(6)
    noise = np.random.default_rng(0).normal(0, 0.05, (2, 6))
    rows = [
        (arm, rate, seed, 5 + seed + noise[k, seed] + (difference_m if arm == CARRIED else 0))
        for arm in (CARRIED, REINITIALISED, SCRATCH)
        for k, rate in enumerate(rates)
        for seed in seeds
    ]
    arm, rate, seed, mean_m = map(np.array, zip(*rows, strict=True))
    split = np.full(len(arm), "test")
    return {
        "arm": arm,
        "finetune_rate": rate,
        "seed": seed,
        "mean_m": mean_m,
        "split": split,
        "n_windows": np.full(len(arm), 100),
    }


def test_a_difference_is_paired_by_seed():
    found = claims(_table(-1.0))
    assert [claim.where for claim in found] == ["at 100 %", "at 50 %"]
    assert all(claim.difference.mean_m == pytest.approx(-1.0) for claim in found)
    assert "rows carried by BSSID beats rows re-initialised, at 100 %" in found[0].sentence()


def test_the_table_has_a_line_for_each_rate():
    table = _table(0.5)
    provenance = Provenance("wifi_rows", "hall->hall", False, "abc", "2 cores")
    text = carried_text(select(table, split="test"), "test", provenance)
    assert [line[0] for line in text.body] == ["100 %", "50 %"]
    assert text.body[0][4] == "+0.50"


def test_nothing_to_train_is_refused(tmp_path):
    config = wifi_rows.get_config("smoke")
    for name, value, says in (("removed_share", 1.0, "leaves no"), ("seeds", 0, "nothing to")):
        wrong = config.copy_and_resolve_references()
        wrong[name] = value
        with pytest.raises(InputError, match=says):
            run_study(wrong, tmp_path / "none", lambda *told: None)
    with pytest.raises(InputError, match="no variant 'fast'"):
        wifi_rows.get_config("fast")
