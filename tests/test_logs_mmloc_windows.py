"""The authors' windows: a series cut and put together again, damage, the shared scenarios."""

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.mmloc_windows import EXTENT_M, read_scenario_a, read_scenario_b


def cut(series):
    return np.stack([series[i : i + 10] for i in range(len(series) - 9)])


def scenario(folder, lengths=((30, 25), (20,), (15,)), seed=0):
    """Write three splits of rounds with these numbers of readings; return their series."""
    rng, kept = np.random.default_rng(seed), []
    for split, rounds in zip(("train", "val", "test"), lengths, strict=True):
        series = [rng.uniform(size=(length, 3)) for length in rounds]
        labels = [np.linspace([0, 1], [1, 0], length - 9) for length in rounds]
        np.save(folder / f"sensor_baseline_{split}.npy", np.concatenate([cut(s) for s in series]))
        np.save(folder / f"location_{split}.npy", np.concatenate(labels))
        kept += series
    wifi = np.zeros((lengths[2][0], 102))
    wifi[2, 5] = 0.5
    np.save(folder / "overlap_ds_wifi_test.npy", wifi)
    return kept


def test_rounds_are_found_where_windows_stop_overlapping(tmp_path):
    series = scenario(tmp_path)
    walks = read_scenario_b(tmp_path)
    assert [walk.name for walk in walks] == [f"scenario_b-0{i}" for i in (1, 2, 3, 4)]
    for walk, values in zip(walks, series, strict=True):
        assert walk.normalised
        assert walk.accel.t_ms.tolist() == [99 + 100 * i for i in range(len(values))]
        joined = [walk.accel.values, walk.gyro.values, walk.mag.values]
        assert np.array_equal(np.concatenate(joined, axis=1), values)
        assert walk.waypoint_t_ms.tolist() == [100 * i for i in range(len(values) - 9)]
        assert np.array_equal(walk.waypoint_xy_m[0], [0, EXTENT_M[1]])
        assert len(walk.wifi.t_ms) == 0


def test_only_the_test_round_of_a_has_wifi(tmp_path):
    scenario(tmp_path)
    *others, last = read_scenario_a(tmp_path)
    assert not any(len(walk.wifi.t_ms) for walk in others)
    assert last.wifi.t_ms.tolist() == [200]
    assert last.wifi.bssid.tolist() == ["edinburgh:ap005"]
    assert last.wifi.rss_dbm.tolist() == [-70]


def test_an_array_stored_by_columns_reads_alike(tmp_path):
    scenario(tmp_path)
    before = read_scenario_b(tmp_path)[0].accel.values
    path = tmp_path / "sensor_baseline_train.npy"
    np.save(path, np.asfortranarray(np.load(path)))
    assert b"'fortran_order': True" in path.read_bytes()[:80]
    assert np.array_equal(read_scenario_b(tmp_path)[0].accel.values, before)


def test_a_round_of_one_window_has_too_few_labels(tmp_path):
    scenario(tmp_path, lengths=((30,), (20,), (10,)))
    with pytest.raises(InputError, match="1 waypoint"):
        read_scenario_b(tmp_path)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((5, 10, 2)), r"no whole NumPy array of float64\[n, 10, 3\]"),
        (np.zeros((5, 10, 3), np.float32), "no whole NumPy array"),
        (np.full((5, 10, 3), np.nan), "row 0 holds a value outside 0..1"),
        (np.full((5, 10, 3), 1.5), "outside 0..1"),
        (np.zeros((0, 10, 3)), "0 windows"),
        (np.zeros((5, 10, 3)), "5 windows and 11 labels"),
        (np.array([{}], dtype=object), "no whole NumPy array"),
    ],
)
def test_an_array_of_another_kind_is_refused(tmp_path, array, says):
    scenario(tmp_path)
    path = tmp_path / "sensor_baseline_val.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(InputError, match=says) as error:
        read_scenario_b(tmp_path)
    assert error.value.path == path


def test_a_missing_or_cut_array_is_named(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_scenario_a(tmp_path / "none")
    scenario(tmp_path)
    path = tmp_path / "location_val.npy"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="no whole NumPy array") as error:
        read_scenario_a(tmp_path)
    assert error.value.path == path
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        read_scenario_a(tmp_path)


def test_the_shared_scenarios_hold_what_was_counted(data_dir):
    a = read_scenario_a(data_dir / "mmloc" / "scenario_a")
    b = read_scenario_b(data_dir / "mmloc" / "scenario_b")
    windows = [len(walk.waypoint_t_ms) for walk in a]
    assert windows[:8] == [1610, 1594, 1920, 2020, 1893, 1884, 1823, 1894]
    assert windows[8:] == [2157, 2072, 1783, 1816, 1867, 1507]
    windows = [len(walk.waypoint_t_ms) for walk in b]
    assert windows[:8] == [1178, 1117, 1259, 1261, 1301, 1306, 1276, 1353]
    assert windows[8:] == [1295, 1280, 1395, 1386]
    assert [walk.number for walk in (*a, *b) if walk.frozen] == [9]
    assert len(a[13].wifi.t_ms) == 954  # 37.1 % of its 1516 rows are all 0
