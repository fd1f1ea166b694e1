"""Pretraining in several buildings at once: one pool of windows, each in its own frame."""

import csv
import json

import numpy as np
import pytest

from mtloc_jax import files
from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.report.card_notes import read_notes
from mtloc_jax.report.provenance import read_provenance
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import ROWS, read
from mtloc_jax.settings import Settings, Window, parsed
from mtloc_jax.simulate import building_a, building_b, simulate
from mtloc_jax.sites import site as sites
from mtloc_jax.sites.pooled import pooled, together
from mtloc_jax.sites.pretext import PRETEXTS, lesson
from mtloc_jax.sites.splits import PAPER
from mtloc_jax.study.pretraining import pretrained_on, pretraining
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.surgery import checkpoint
from tests.studies import ignore, tiny

WINDOW = Window()


def simulated(name, make) -> sites.Site:
    walks: list[Round] = simulate(make(0), 0, round_s=12.0)
    return sites.build(name, walks, PAPER, WINDOW)


@pytest.fixture(scope="module")
def two():
    return simulated("a", building_a), simulated("b", building_b)


@pytest.fixture(scope="module")
def pool(two):
    return pooled(two)


def test_one_building_is_itself(two):
    assert pooled(two[:1]) is two[0]


def test_a_pool_holds_the_training_windows_of_all(two, pool):
    assert pool.name == "a+b"
    rows = pool.rows("train")
    assert len(rows) == sum(len(one.rows("train")) for one in two)
    for number, one in enumerate(two):
        mine = rows[pool.building[rows] == number]
        train = one.rows("train")
        imu = one.windows.inputs["imu"]
        np.testing.assert_array_equal(pool.windows.inputs["imu"][mine], imu[train])
        np.testing.assert_array_equal(pool.windows.xy_m[mine], one.windows.xy_m[train])
    assert len(pool.split.train) == 16
    assert pool.card()["shapes"] == {"imu": [10, 2]}


def test_positions_are_asked_in_each_buildings_own_units(two, pool):
    rows = pool.rows("train")
    found = lesson(pool, rows, WINDOW, "position", 0)
    assert found.scaler.xy_mean_m == pytest.approx([0, 0], abs=1e-5)
    assert found.scaler.xy_scale_m == pytest.approx(1, abs=1e-5)
    for number, one in enumerate(two):
        train = one.rows("train")
        alone = lesson(one, train, WINDOW, "position", 0)
        expected = (alone.target - alone.scaler.xy_mean_m) / alone.scaler.xy_scale_m
        mine = found.target[pool.building[rows] == number]
        np.testing.assert_allclose(mine, expected, atol=1e-5)


def test_the_imu_is_scaled_by_all_training_windows_together(two, pool):
    rows = pool.rows("train")
    together = np.concatenate([one.windows.inputs["imu"][one.rows("train")] for one in two])
    fitted = lesson(pool, rows, WINDOW, "position", 0).scaler.inputs["imu"]
    np.testing.assert_allclose(fitted.mean, together.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(fitted.std, together.std(axis=(0, 1)), rtol=1e-4)


@pytest.mark.parametrize("pretext", ["displacement", "motion"])
def test_what_has_one_unit_everywhere_is_asked_in_it(two, pool, pretext):
    rows = pool.rows("train")
    found = lesson(pool, rows, WINDOW, pretext, 0)
    alone = [lesson(one, one.rows("train"), WINDOW, pretext, 0) for one in two]
    asked = np.concatenate([one.target for one in alone])
    assert sorted(map(tuple, found.target)) == sorted(map(tuple, asked))


@pytest.mark.parametrize("pretext", [name for name in PRETEXTS if name != "random"])
def test_every_pretext_teaches_a_pool(pool, pretext):
    made = pretraining(pool, tiny(pretext=pretext), [0], 1)
    (run,) = made.runs
    n = int(run.n_windows)
    scaler = run.scaler
    asked = (made.data.target[run.plan[:n]] - scaler.xy_mean_m) / scaler.xy_scale_m
    assert np.isfinite(asked).all()
    assert 0.5 < asked.std() < 2


def test_half_of_the_source_is_half_of_each_building(two, pool):
    rows = pretrained_on(pool, 0, tiny(source_rate=0.5, subset="first"))
    for number, one in enumerate(two):
        mine = np.flatnonzero(np.isin(one.round, one.split.train[:4]))
        offset = np.flatnonzero(pool.building == number)[0]
        assert rows[pool.building[rows] == number].tolist() == (mine + offset).tolist()


def test_no_window_of_another_split_teaches(pool):
    with pytest.raises(InputError, match="outside the training rounds"):
        lesson(pool, pool.rows("test"), WINDOW, "position", 0)


BOTH = "simulated-a,simulated-b"


def test_sources_are_a_text_with_commas():
    names = ("simulated-a", "simulated-b")
    assert parsed({"source": BOTH}).sources == names
    settings = parsed({"source": "simulated-a, simulated-b", "target": "c"})
    assert settings.sources == names
    assert settings.buildings == {"source": names[0], "source_2": names[1], "target": "c"}
    assert Settings().buildings == {"source": "simulated-a", "target": "simulated-b"}


@pytest.mark.parametrize("source", ["simulated-a,simulated-a", "simulated-a,", ",", "a,,b"])
def test_a_building_is_named_once(source):
    with pytest.raises(InputError, match=r"source is .*; name each building once, as in A,B"):
        parsed({"source": source})


def test_an_unknown_source_is_told(tmp_path):
    with pytest.raises(InputError, match="there is no building 'simulated-c'"):
        Study(tiny(source="simulated-a,simulated-c"), tmp_path, ignore)


def test_a_test_round_of_the_target_must_not_teach_as_a_sources(tmp_path):
    with pytest.raises(InputError, match="simulated-b is source and target: round 3 is tested on"):
        Study(tiny(source=BOTH, test_round=3), tmp_path, ignore)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, stages = tmp_path_factory.mktemp("several") / "work", []
    settings = tiny(source=BOTH, arms=("scratch", "finetuned"))
    run_study(settings, folder, lambda stage, *_: stages.append(stage))
    return folder, stages


@pytest.mark.slow
def test_rows_and_record_name_all_sources(finished):
    folder, stages = finished
    pair = "simulated-a+simulated-b->simulated-b"
    assert set(read(folder / ROWS)["site_pair"]) == {pair}
    record = json.loads((folder / "config.json").read_text())
    assert (record["site_pair"], record["config"]["source"]) == (pair, BOTH)
    assert record["data"].keys() == {"source", "source_2", "target"}
    assert record["data"]["source_2"] == record["data"]["target"] != record["data"]["source"]
    assert "pretraining on simulated-a+simulated-b" in stages
    assert read_provenance(folder).site_pair == pair


@pytest.mark.slow
@pytest.mark.usefixtures("without_drawing")
def test_each_source_has_its_card_and_the_report_quotes_all(finished):
    notes = read_notes(finished[0])
    told = [(note.role, note.building) for note in notes]
    assert told == [("source", "simulated-a"), ("source", "simulated-b"), ("target", "simulated-b")]
    write_report(finished[0])
    page = (finished[0] / "report.html").read_text()
    assert "simulated-a+simulated-b" in page


@pytest.mark.slow
def test_pretrained_networks_carry_the_pools_name(finished):
    card = checkpoint.read_card(finished[0] / "pretrained")
    assert card["site"]["name"] == "simulated-a+simulated-b"
    assert card["site"]["simulated"]


@pytest.mark.slow
def test_other_recordings_of_a_second_source_are_refused(finished):
    path = finished[0] / "config.json"
    text = path.read_text()
    record = json.loads(text)
    record["data"]["source_2"] = "0" * 64
    path.write_text(json.dumps(record))
    files.record_sums(path.parent, [path.name])
    with pytest.raises(InputError, match="the recordings of the source are not what this study"):
        run_study(tiny(source=BOTH, arms=("scratch", "finetuned")), finished[0], ignore)
    path.write_text(text)
    files.record_sums(path.parent, [path.name])


@pytest.mark.slow
def test_the_estimate_counts_all_sources(finished, tmp_path):
    one = Study(tiny(source="simulated-a"), tmp_path / "one", ignore).estimate()
    both = Study(tiny(source=BOTH), tmp_path / "both", ignore).estimate()
    assert 1.5 < both.pretraining_gflop / one.pretraining_gflop < 2.5


@pytest.mark.slow
def test_scratch_does_not_see_the_sources(finished, tmp_path):
    run_study(tiny(), tmp_path / "one", ignore)

    def scratch(folder):
        with (folder / ROWS).open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["arm"] == "scratch"]
        return [{k: v for k, v in row.items() if k != "site_pair"} for row in rows]

    assert scratch(tmp_path / "one") == scratch(finished[0])


def test_sources_in_one_folder_name_it_once():
    assert together(["malls/one/B1", "malls/one/F1"]) == "malls/one/B1+F1"
    assert together(["malls/one/B1"]) == "malls/one/B1"
    assert together(["malls/one/B1", "malls/two/F1"]) == "malls/one/B1+malls/two/F1"
    assert together(["malls/one", "malls/one/F1"]) == "malls/one+malls/one/F1"
    assert together(["a", "b"]) == "a+b"
