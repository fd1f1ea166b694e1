"""Memory: measured widths, and what happens when it runs out."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.settings import Wipe
from mtloc_jax.study import memory
from mtloc_jax.study.judge import Judge
from mtloc_jax.study.memory import Width
from mtloc_jax.study.trainer import Trainer
from tests.networks import PROBLEM
from tests.test_trainer import DATA, STATIC, runs


def too_wide(program, limit):
    """Return a program that runs out of memory on more than `limit` runs, as a device would."""

    def limited(*arguments):
        width = len(jax.tree.leaves(arguments[0])[0])
        if width > limit:
            raise jax.errors.JaxRuntimeError(
                f"RESOURCE_EXHAUSTED: Out of memory while trying to allocate {width} GiB"
            )
        return program(*arguments)

    return limited


def test_a_chunk_too_large_for_memory_is_trained_in_halves_with_the_same_results():
    whole = Trainer(STATIC, 5).train(runs(5), DATA)
    trainer, seen = Trainer(STATIC, 5), []
    trainer._advance = too_wide(trainer._advance, limit=2)
    halved = trainer.train(runs(5), DATA, lambda done, total: seen.append(done / total))
    assert trainer.width.runs == 2
    assert seen[-1] == 1
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(halved), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_judging_halves_too():
    params = Trainer(STATIC, 4).train(runs(4), DATA)
    scalers = [run.scaler for run in runs(4)]
    judge = Judge(PROBLEM, Wipe(drop_rates=(0.4,), seeds=1), 4)
    whole = judge.clean(params, scalers, DATA)
    judge._clean = too_wide(judge._clean, limit=2)
    np.testing.assert_array_equal(judge.clean(params, scalers, DATA).metrics, whole.metrics)
    assert judge.width.runs == 2


class Program(NamedTuple):
    """What is compiled before it is called."""

    lower: Callable[..., Any]


def test_a_judge_whose_compiler_refuses_is_compiled_for_half_as_many_networks():
    judge, asked = Judge(PROBLEM, Wipe(drop_rates=()), 4), []

    def lower(params, scalers, data):
        asked.append(len(jax.tree.leaves(params)[0]))
        if asked[-1] > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 24 GiB on a chip of 16")
        return SimpleNamespace(compile=lambda: None)

    judge._clean = Program(lower)
    (one,) = runs(1)
    ((compiled,),) = judge.compiling(one.start, one.scaler, [DATA], DATA).values()
    compiled()
    assert asked == [4, 2]
    assert judge.width.runs == 2


def test_a_run_that_fits_no_memory_is_a_mistake_with_a_remedy():
    trainer = Trainer(STATIC, 4)
    trainer._advance = too_wide(trainer._advance, limit=0)
    with pytest.raises(InputError, match="batch_size"):
        trainer.train(runs(4), DATA)


def broken(piece):
    raise jax.errors.JaxRuntimeError("INTERNAL: the cable came out")


def test_other_errors_of_the_device_are_not_taken_for_memory():
    with pytest.raises(jax.errors.JaxRuntimeError, match="cable"):
        list(Width(4, 1).pieces(4, broken))


@pytest.mark.parametrize(("free", "runs_at_once"), [(None, 16), (1600, 16), (1000, 8), (250, 2)])
def test_the_width_is_what_the_measured_memory_holds(free, runs_at_once):
    width = Width(15, n_devices=2)
    width.fit(lambda: 100 * width.runs, free)
    assert width.runs == runs_at_once


def test_what_does_not_fit_at_all_is_refused_before_any_work():
    width = Width(15, n_devices=2)
    with pytest.raises(InputError, match="one run does not fit"):
        width.fit(lambda: 100 * width.runs, 199)


def test_a_compiler_that_refuses_is_a_width_too_large():
    width = Width(4096, n_devices=1)

    def needed():
        if width.runs > 1000:
            raise jax.errors.JaxRuntimeError(
                "RESOURCE_EXHAUSTED: temporaries (48.95G) exceeds available HBM (15.75G)"
            )
        return 12 * width.runs

    width.fit(needed, free_bytes=10**6)
    assert width.runs == 512
    with pytest.raises(jax.errors.JaxRuntimeError, match="cable"):
        width.fit(lambda: broken(None), free_bytes=10**6)


def test_a_trainer_whose_compiler_refuses_begins_with_half_as_many_runs(monkeypatch):
    compiled_for, whole = [], Trainer(STATIC, 5).train(runs(5), DATA)

    def needed_bytes(program, state, *others):
        compiled_for.append(jax.tree.leaves(state)[0].shape[0])
        if compiled_for[-1] > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 24 GiB on a chip of 16")
        return 1000

    monkeypatch.setattr(memory, "needed_bytes", needed_bytes)
    monkeypatch.setattr(memory, "free_bytes", lambda: 10**9)
    trainer = Trainer(STATIC, 5)
    halved = trainer.train(runs(5), DATA)
    assert compiled_for == [5, 3, 2, 2]  # beginning and going on
    assert trainer.width.runs == 2
    jax.tree.map(np.testing.assert_array_equal, halved, whole)


def test_a_state_that_cannot_fit_is_not_even_compiled(monkeypatch):
    trainer = Trainer(STATIC, 4)
    trainer._advance = None  # what is compiled
    monkeypatch.setattr(memory, "free_bytes", lambda: 1000)
    with pytest.raises(InputError, match="one run does not fit"):
        trainer.train(runs(4), DATA)


def test_more_runs_need_more_memory_and_a_cpu_says_not_what_is_free():
    small, large = (Trainer(STATIC, n)._needed_bytes(runs(4), DATA) for n in (2, 8))
    assert 0 < small < large
    assert memory.free_bytes() is None
