"""Lanes: every run trains once, nobody waits long, and shares of a sweep are kept busy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.study.batches import together
from mtloc_jax.study.packing import Wave, busy, lanes_for, waves
from mtloc_jax.study.plan import plan
from tests.test_plan import config

EIGHTHS = [625 * k for k in range(1, 9)]


def test_the_longest_begin_and_a_lane_is_taken_over_when_it_is_free():
    assert waves([2, 5, 3], lanes=2) == [Wave({0: 1, 1: 2}, 3), Wave({1: 0}, 2)]
    assert busy([2, 5, 3], lanes=2) == 1.0


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 40))
def test_every_run_trains_all_its_steps_in_one_lane(n_steps, lanes):
    held, left, ended = {}, np.zeros(lanes, int), {}
    for wave in waves(n_steps, lanes):
        for lane, run in wave.begins.items():
            assert left[lane] == 0
            assert run not in held.values()
            assert run not in ended
            if lane in held:
                ended[held[lane]] = True
            held[lane], left[lane] = run, n_steps[run]
        left = np.maximum(left - wave.steps, 0)
    assert not left.any()
    assert ended.keys() | set(held.values()) == set(range(len(n_steps)))


@pytest.mark.parametrize("seeds", [2, 5, 10, 30])
def test_nine_of_ten_lanes_are_busy_in_a_sweep_over_rates(seeds):
    lanes = lanes_for(EIGHTHS * seeds, most=64, devices=1)
    assert lanes <= 64
    assert busy(EIGHTHS * seeds, lanes) >= 0.9
    assert sum(EIGHTHS) / len(EIGHTHS) / max(EIGHTHS) < 0.6  # of them all at once


def test_runs_of_one_length_are_dealt_in_equal_waves():
    assert lanes_for([5000] * 100, most=64, devices=1) == 50
    assert lanes_for([5000] * 3, most=64, devices=4) == 4


def test_chunks_train_together_up_to_so_many_runs_where_they_are_alike():
    chunks = plan(config(seeds=4, runs_per_chunk=2)).chunks
    sizes = [[len(one.jobs) for one in batch] for batch in together(chunks, 4, lambda a, b: True)]
    assert max(map(sum, sizes)) == 4
    assert sum(map(sum, sizes)) == sum(len(chunk.jobs) for chunk in chunks)
    alone = list(together(chunks, 0, lambda a, b: True))
    assert alone == [(chunk,) for chunk in chunks]
    assert list(together(chunks, 99, lambda a, b: False)) == alone
