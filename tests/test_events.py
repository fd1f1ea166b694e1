"""Event files: what a study tells is what TensorBoard would read."""

import struct
import sys

import numpy as np
import pytest

from launch.events import Events
from mtloc_jax.errors import InputError
from mtloc_jax.study.curves import GroupCurve
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


def test_each_group_of_runs_has_its_curves_in_a_folder_of_its_own(tmp_path):
    pytest.importorskip("tensorboardX", reason="in the extra `tensorboard`")
    nan = float("nan")
    figures = np.array([[0.5, 0.25], [nan, 0.125], [nan, 2.0]])
    curve = GroupCurve("study/rate=1, fine-tuned 62.5 %, seeds 0 to 2", np.array([1, 2]), *figures)
    events = Events(tmp_path)
    events.tell(Live(8, 2, 4.0, curves=(curve,)))
    events.close()
    (folder,) = (tmp_path / "curves").iterdir()
    assert folder.name == "study-rate=1, fine-tuned 62.5 %, seeds 0 to 2"
    assert told(folder) == {
        "curves/training_loss": [(1, 0.5), (2, 0.25)],
        "curves/validation_loss": [(2, 0.125)],
        "curves/validation_error_m": [(2, 2.0)],
    }


def test_nothing_is_written_before_there_is_something_to_tell(tmp_path):
    pytest.importorskip("tensorboardX", reason="in the extra `tensorboard`")
    Events(tmp_path / "tensorboard").close()
    assert not (tmp_path / "tensorboard").exists()


def test_where_the_library_is_missing_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(InputError, match=r"not installed.*\[tensorboard\]"):
        Events(tmp_path)
