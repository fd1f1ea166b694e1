"""What the readers' benchmark reads: the same content every way, and a real trace made long."""

import numpy as np

from bench import readers
from mtloc_jax.logs.location20 import read_trace


def test_a_trace_walked_again_and_again_is_one_long_trace(data_dir, tmp_path, monkeypatch):
    folder = data_dir / "indoor_location_20" / "site2" / "F1" / "path_data_files"
    source = min(folder.glob("*.txt"), key=lambda path: path.stat().st_size)
    monkeypatch.setattr(readers, "_BIG_BYTES", 2 * source.stat().st_size)
    readers._write_repeated(source, tmp_path / "big.txt")
    once, long = (read_trace(path, "trace", 1) for path in (source, tmp_path / "big.txt"))
    times = len(long.accel.t_ms) / len(once.accel.t_ms)
    assert times == len(long.wifi.t_ms) / len(once.wifi.t_ms) >= 2
    assert np.array_equal(long.mag.values[: len(once.mag.values)], once.mag.values)
    assert np.array_equal(long.wifi.age_ms[: len(once.wifi.age_ms)], once.wifi.age_ms)


def test_plain_ways_read_what_is_there(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("1\ta\n2\t3.5\n")
    assert readers.split_lines(path, "\t") == [["1", "a"], ["2", "3.5"]]
    (_, first), second = readers.convert_lines(path, "\t")
    assert np.isnan(first)
    assert second == [2, 3.5]
