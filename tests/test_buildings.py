"""Buildings by name: what each one opens, and how a wrong name or folder is answered."""

import shutil

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.settings import Window
from mtloc_jax.sites import buildings, recordings
from mtloc_jax.sites.buildings import BUCHAREST_SPLIT, BUILDINGS, SIMULATED, walks
from mtloc_jax.sites.splits import PAPER, Split


def site_of(name, data_dir, **simulated):
    return recordings.cut(recordings.open_recordings(name, data_dir, **simulated), Window())


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
    site = site_of("mmloc/bucharest", str(data_dir))
    # Nine windows a round fewer than rows, as none of its rounds has a gap.
    rows = {split: len(site.rows(split)) for split in site.split._fields}
    assert rows == {"train": sum(BUCHAREST_ROWS[:6]) - 6 * 9, "validation": 926, "test": 878}
    assert not site.simulated
    assert not site.card()["simulated"]


SLOW = pytest.mark.slow
WHOLE_FLOORS = [  # traces, waypoints, scans, sessions, days
    ("site1/B1", 149, 946, 2381, 5, "11-24 11-25 12-05 12-06"),
    ("site1/F1", 104, 737, 1686, 2, "11-24 11-25"),
    ("site1/F2", 99, 693, 1558, 5, "11-24 11-25 12-05"),
    ("site1/F3", 94, 723, 1702, 6, "11-24 11-25 12-04 12-05"),
    ("site2/B1", 58, 428, 896, 2, "11-20 11-21"),
    ("site2/F1", 80, 634, 1165, 4, "11-19 11-20 11-21"),
    ("site2/F2", 43, 308, 599, 2, "11-19 11-21"),
    ("site2/F3", 34, 216, 401, 2, "11-19 11-20"),
    ("site2/F4", 25, 189, 413, 2, "11-19 11-20"),
    ("site2/F5", 42, 276, 578, 2, "11-19 11-20"),
    ("site2/F6", 62, 513, 1047, 2, "11-20"),
]


@pytest.mark.parametrize(
    ("floor", "n_traces", "waypoints", "scans", "sessions", "days"),
    [
        # One floor of each mall in every run of the suite.
        floor if floor[0] in ("site1/F1", "site2/F4") else pytest.param(*floor, marks=SLOW)
        for floor in WHOLE_FLOORS
    ],
)
def test_whole_floors_hold_what_was_counted(
    data_dir, floor, n_traces, waypoints, scans, sessions, days
):
    rounds, split = walks(f"location20-whole/{floor}", str(data_dir))
    assert len(rounds) == n_traces
    assert sum(len(walk.waypoint_t_ms) for walk in rounds) == waypoints
    assert sum(len(walk.wifi.t_ms) for walk in rounds) == scans
    assert {walk.session for walk in rounds} == set(range(1, sessions + 1))
    assert sorted({walk.day for walk in rounds}) == [f"2019-{day}" for day in days.split()]
    assert {walk.phone for walk in rounds} == {"OPPO PBCM10"}
    assert split == PAPER
    for walk in rounds:
        assert list(walk.streams) == ["accel", "gyro", "mag", "orientation"]
        for stream in walk.streams.values():
            assert stream.values.shape == (len(stream.t_ms), 3)
            assert rate_hz(stream) == pytest.approx(50, abs=1)


def rate_hz(stream):
    return 1000 * (len(stream.t_ms) - 1) / (stream.t_ms[-1] - stream.t_ms[0])


@pytest.mark.parametrize(
    ("floor", "logs", "positions", "scans"),
    [("floor_0", 20, 280, 1396), ("floor_-2", 28, 408, 1775)],
)
def test_ipin_floors_hold_what_was_counted(data_dir, floor, logs, positions, scans):
    rounds, split = walks(f"ipin2023/{floor}", str(data_dir))
    assert len(rounds) == logs
    assert sum(len(walk.waypoint_t_ms) for walk in rounds) == positions
    assert sum(len(walk.wifi.t_ms) for walk in rounds) == scans
    assert {walk.number for walk in rounds} == set(range(1, 15))
    assert split == PAPER
    starts = [walk.started_unix_ms for walk in rounds]
    assert starts == sorted(starts)
    phones = [walk.phone for walk in rounds]
    assert {phone: phones.count(phone) for phone in phones} == dict.fromkeys(
        ("samsung SM-A520F", "samsung SM-G930F"), logs // 2
    )
    for walk in rounds:
        assert walk.waypoint_t_ms[0] > walk.accel.t_ms[0]  # a log begins before its first point
        assert rate_hz(walk.stream("orientation")) == pytest.approx(50, abs=1)


def test_the_raw_logs_of_edinburgh_have_wifi_attached_by_time(data_dir):
    rounds, split = walks("mmloc/edinburgh-raw", str(data_dir))
    assert [walk.number for walk in rounds] == [1, 5, 9, 11, 12]
    assert {number for part in split for number in part} == {1, 5, 9, 11, 12}
    assert [len(walk.waypoint_t_ms) for walk in rounds] == [5] * 5  # four corners, one twice
    assert all(4 <= len(walk.wifi.t_ms) <= 8 for walk in rounds)  # few are really new
    assert {walk.day for walk in rounds} == {"2018-06-21"}
    for walk in rounds:  # 50 Hz but for gaps
        assert np.median(np.diff(walk.accel.t_ms)) == 20


@pytest.mark.parametrize(
    "name", ["location20-whole/site2/F4", "ipin2023/floor_0", "mmloc/edinburgh-raw"]
)
def test_new_buildings_open_as_sites_with_windows_in_all_their_splits(data_dir, name):
    site = site_of(name, str(data_dir))
    assert all(len(site.rows(split)) > 200 for split in site.split._fields)
    assert site.bssids


@pytest.mark.parametrize("name", SIMULATED)
def test_a_simulated_building_needs_no_folder_and_says_what_it_is(name):
    site = site_of(name, "", simulated_round_s=10.0)
    assert set(site.round.tolist()) == set(range(1, 15))
    assert site.simulated
    assert site.name == name
    assert all(trace.startswith("simulated-") for trace in site.trace_names)


def test_a_simulated_building_follows_its_seed():
    sites = [
        site_of("simulated-a", "", simulated_round_s=6.0, simulation_seed=seed)
        for seed in (0, 0, 1)
    ]
    first, again, other = (site.windows.inputs["imu"].tobytes() for site in sites)
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
