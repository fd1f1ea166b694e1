"""Programs compiled ahead: side by side, what compiles them said, and nothing compiled twice."""

import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.rows import ROWS, read
from mtloc_jax.study import ahead, memory, replicas
from mtloc_jax.study.ahead import compile_together
from mtloc_jax.study.study import Study
from tests.studies import ignore, tiny


@pytest.fixture
def requests(monkeypatch):
    """Return the programs that a compiler is asked for, as they are."""
    asked = []

    class Asked(logging.Handler):
        def emit(self, record):
            text = record.getMessage()
            if text.startswith("Finished XLA compilation of jit(program)"):
                asked.append(text)

    logger, handler = logging.getLogger("jax._src.dispatch"), Asked()
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    logger.addHandler(handler)
    yield asked
    logger.removeHandler(handler)


def test_programs_compile_side_by_side_and_each_ones_shapes_in_turn(monkeypatch):
    monkeypatch.setattr(ahead, "usable_cores", lambda: 2)
    both = threading.Barrier(2, timeout=30)
    order, told = [], []
    shapes = [lambda: order.append(1), lambda: order.append(2), both.wait]
    compile_together({"a": shapes, "b": [both.wait]}, lambda *of: told.append(of))
    assert order == [1, 2]
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_what_does_not_fit_is_said_as_it_would_be_later():
    def refused():
        raise InputError("one run does not fit", remedy="free the device")

    with pytest.raises(InputError, match="one run does not fit"):
        compile_together({"a": [refused], "b": [lambda: None]}, lambda *of: None)


def test_an_accelerators_study_compiles_all_that_trains_and_judges_beforehand(
    tmp_path: Path, monkeypatch, requests
):
    settings = tiny({"wipe.fill": ("zero", "mean")}, validations=2, hidden=9, arms=("scratch",))
    plain = Study(settings, tmp_path / "plain", ignore)
    plain.run()
    monkeypatch.setattr(replicas, "replica_axis", lambda: "vmap")
    monkeypatch.setattr(memory, "lanes_a_device", lambda: 2)
    study, told = Study(settings, tmp_path / "ahead", lambda *of: told.append(of)), []
    requests.clear()
    study.chunks.equipment.compile_ahead(study.plan.chunks)
    beforehand = len(requests)
    study.run()
    # Beginning, steps, measuring on the way; judging clean on two splits, and wiped by each fill.
    assert beforehand == 7
    assert len(requests) == beforehand
    assert ("compiling", 0, told[0][2]) == told[0]
    one, other = (read(tmp_path / name / ROWS) for name in ("plain", "ahead"))
    assert one["arm"].tolist() == other["arm"].tolist()
    np.testing.assert_allclose(one["mean_m"], other["mean_m"], rtol=1e-3)


def test_an_accelerators_study_compiles_pretraining_beforehand_too(
    tmp_path: Path, monkeypatch, requests
):
    settings = tiny(validations=2, hidden=10, arms=("transferred",), wipe__drop_rates=())
    monkeypatch.setattr(replicas, "replica_axis", lambda: "vmap")
    study = Study(settings, tmp_path / "ahead", ignore)
    study.chunks.equipment.compile_ahead(study.plan.chunks)
    beforehand = len(requests)
    study.run()
    # Beginning, steps, measuring on the way: pretrained and frozen; judging clean on two splits.
    assert beforehand == 8
    assert len(requests) == beforehand


def test_a_refusal_does_not_wait_for_programs_that_are_not_begun(monkeypatch):
    monkeypatch.setattr(ahead, "usable_cores", lambda: 1)
    begun = []

    def refused():
        raise InputError("one run does not fit", remedy="free the device")

    work = {"a": [refused]} | {k: [lambda: begun.append(1)] for k in range(50)}
    with pytest.raises(InputError, match="one run does not fit"):
        compile_together(work, lambda *of: None)
    assert len(begun) < 50


def test_cores_compile_nothing_ahead(tmp_path: Path, requests):
    study = Study(tiny(arms=("scratch",)), tmp_path / "work", ignore)
    study.chunks.equipment.compile_ahead(study.plan.chunks)
    assert not requests
