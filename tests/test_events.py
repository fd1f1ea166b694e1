"""Event files: what a study tells is what TensorBoard would read."""

import struct
import sys

import pytest

from launch.events import Events
from mtloc_jax.errors import InputError
from mtloc_jax.study.progress import Live


def told(folder):
    """Read the scalars of the one event file back: {tag: [(step, value)]}."""
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.glob("events.out.tfevents.*")
    data, found = path.read_bytes(), {}
    while data:
        size = struct.unpack("<Q", data[:8])[0]  # then its checksum, the event, its checksum
        event = Event.FromString(data[12 : 12 + size])
        data = data[16 + size :]
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_a_study_is_written_as_it_goes(tmp_path):
    pytest.importorskip("tensorboardX", reason="in the extra `tensorboard`")
    events = Events(tmp_path / "tensorboard")
    events.tell(Live(runs=8, runs_done=0, gflop_left=10.0))
    events.tell(Live(8, 2, 4.0, steps=50.0, gflop=6.0, elapsed_s=2.0, best_m=3.5))
    events.close()
    assert told(tmp_path / "tensorboard") == {
        "study/runs_done": [(0, 0.0), (50, 2.0)],
        "study/best_validation_error_m": [(50, 3.5)],
        "speed/steps_per_s": [(50, 25.0)],
        "speed/gflop_per_s": [(50, 3.0)],
    }


def test_nothing_is_written_before_there_is_something_to_tell(tmp_path):
    pytest.importorskip("tensorboardX", reason="in the extra `tensorboard`")
    Events(tmp_path / "tensorboard").close()
    assert not (tmp_path / "tensorboard").exists()


def test_where_the_library_is_missing_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(InputError, match=r"not installed.*\[tensorboard\]"):
        Events(tmp_path)
