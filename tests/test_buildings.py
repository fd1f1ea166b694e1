"""Buildings by name: what each one opens, and how a wrong name or folder is answered."""

import shutil

import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.sites import buildings
from mtloc_jax.sites.buildings import BUCHAREST_SPLIT, BUILDINGS, SIMULATED, walks
from mtloc_jax.sites.recordings import open_site
from mtloc_jax.sites.splits import PAPER, Split
from mtloc_jax.sites.windows import WindowSpec

EDINBURGH_ROWS = [
    1619,
    1603,
    1929,
    2029,
    1902,
    1893,
    1832,
    1903,
    2166,
    2081,
    1792,
    1825,
    1876,
    1516,
]
BUCHAREST_ROWS = [862, 874, 910, 922, 962, 881, 935, 887]


def test_the_paper_splits_fourteen_rounds_8_to_5_to_1():
    assert Split((1, 2, 3, 4, 5, 6, 7, 8), (9, 10, 11, 12, 13), (14,)) == PAPER


def test_edinburgh_has_fourteen_rounds_and_the_papers_split(data_dir):
    rounds, split = walks("mmloc/edinburgh", str(data_dir))
    assert [one.number for one in rounds] == list(range(1, 15))
    assert [len(one.accel.t_ms) for one in rounds] == EDINBURGH_ROWS
    assert split == PAPER


def test_bucharest_has_eight_rounds_and_its_authors_split(data_dir):
    rounds, split = walks("mmloc/bucharest", str(data_dir))
    assert [one.number for one in rounds] == list(range(1, 9))
    assert [len(one.accel.t_ms) for one in rounds] == BUCHAREST_ROWS
    assert split == BUCHAREST_SPLIT == Split((1, 2, 3, 4, 5, 6), (7,), (8,))


def test_bucharest_opens_as_a_site_with_windows_in_all_its_splits(data_dir):
    site = open_site("mmloc/bucharest", str(data_dir), WindowSpec())
    # Nine windows a round fewer than rows, as none of its rounds has a gap.
    rows = {split: len(site.rows(split)) for split in site.split._fields}
    assert rows == {"train": sum(BUCHAREST_ROWS[:6]) - 6 * 9, "validation": 926, "test": 878}
    assert not site.simulated
    assert not site.card()["simulated"]


@pytest.mark.parametrize("name", SIMULATED)
def test_a_simulated_building_needs_no_folder_and_says_what_it_is(name):
    site = open_site(name, "", WindowSpec(), simulated_round_s=10.0)
    assert set(site.round.tolist()) == set(range(1, 15))
    assert site.simulated
    assert site.name == name
    assert all(trace.startswith("simulated-") for trace in site.trace_names)


def test_a_simulated_building_follows_its_seed():
    sites = [
        open_site("simulated-a", "", WindowSpec(), simulated_round_s=6.0, simulation_seed=seed)
        for seed in (0, 0, 1)
    ]
    first, again, other = (site.windows.imu.tobytes() for site in sites)
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", ["edinburgh", "", "mmloc/Edinburgh", "../mmloc/edinburgh"])
def test_an_unknown_building_is_answered_with_all_known_ones(name):
    with pytest.raises(InputError) as told:
        walks(name, "anywhere")
    assert f"no building {name!r}; choose one of " in str(told.value)
    for known in (*SIMULATED, *BUILDINGS):
        assert known in str(told.value)


@pytest.mark.parametrize("name", BUILDINGS)
def test_a_missing_folder_is_named_with_the_setting_that_mends_it(name, tmp_path):
    folder = BUILDINGS[name].folder
    with pytest.raises(InputError) as told:
        walks(name, str(tmp_path))
    assert str(told.value) == (
        f"{tmp_path / folder}: the recordings of {name} are not here; "
        f"set --config.data_dir to the folder that holds {folder}"
    )


def test_real_recordings_are_never_sought_where_no_folder_was_given(monkeypatch, tmp_path):
    (tmp_path / "mmloc" / "edinburgh").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="the recordings of mmloc/edinburgh are not here"):
        walks("mmloc/edinburgh", "")


def test_an_empty_folder_is_a_named_error(tmp_path):
    (tmp_path / "mmloc" / "edinburgh").mkdir(parents=True)
    with pytest.raises(InputError, match="no file named like"):
        walks("mmloc/edinburgh", str(tmp_path))


def test_a_set_with_a_round_missing_is_a_named_error(data_dir, tmp_path):
    folder = tmp_path / "mmloc" / "bucharest"
    folder.mkdir(parents=True)
    for number in (1, 3):
        name = f"sensor_wifi_1_{number}_timestep100.csv"
        shutil.copy(data_dir / "mmloc" / "bucharest" / name, folder)
    with pytest.raises(InputError, match="round 2 is missing"):
        walks("mmloc/bucharest", str(tmp_path))


def test_reading_tells_how_far_it_is(data_dir):
    told = []
    buildings.walks(
        "mmloc/bucharest", str(data_dir), on_progress=lambda done, total: told.append((done, total))
    )
    assert told == [(done, 8) for done in range(1, 9)]
