"""Ways to split by round, and their names: ratio, folds, left-out rounds, days, tables, files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites import splits
from mtloc_jax.sites.split_choice import choose, read_groups
from mtloc_jax.sites.splits import PAPER, Split

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def walks():
    """Four rounds, two on 2001-09-09, one each on the two days after."""
    first = simulate(building_a(0), 0, n_rounds=4, round_s=5.0)
    starts = [10**12, 10**12, 10**12 + DAY_MS, 10**12 + 2 * DAY_MS]
    return [replace(walk, started_unix_ms=ms) for walk, ms in zip(first, starts, strict=True)]


def test_fourteen_rounds_split_as_the_papers():
    assert splits.by_ratio(range(1, 15)) == PAPER


def test_few_rounds_keep_one_each_for_validation_and_test():
    assert splits.by_ratio([3, 1, 2]) == Split((1,), (2,), (3,))
    assert splits.by_ratio(range(1, 9)) == Split((1, 2, 3, 4), (5, 6, 7), (8,))


def test_two_rounds_cannot_be_split():
    with pytest.raises(InputError, match="record three rounds at least"):
        splits.by_ratio([1, 2, 2])


def test_folds_deal_the_rounds_in_turn():
    assert splits.folds(range(1, 7), 3) == [
        Split((3, 6), (2, 5), (1, 4)),
        Split((1, 4), (3, 6), (2, 5)),
        Split((2, 5), (1, 4), (3, 6)),
    ]


@settings(deadline=None, derandomize=True)
@given(st.sets(st.integers(1, 99), min_size=3, max_size=20), st.data())
def test_every_way_of_splitting_uses_each_round_once(rounds, data):
    k = data.draw(st.integers(3, len(rounds)))
    n_validation = data.draw(st.integers(1, len(rounds) - 2))
    ways = [
        splits.by_ratio(rounds),
        *splits.folds(rounds, k),
        *splits.leave_one_out(rounds, n_validation),
    ]
    for split in ways:
        assert sorted(n for part in split for n in part) == sorted(rounds)
        assert splits.checked(split, np.array(sorted(rounds)), "here") == split
    tested = sorted(n for split in splits.folds(rounds, k) for n in split.test)
    assert tested == sorted(rounds)


def test_a_round_left_out_is_validated_by_the_one_after_it():
    ways = splits.leave_one_out([1, 2, 3, 4])
    assert ways[0] == Split((3, 4), (2,), (1,))
    assert ways[3] == Split((2, 3), (1,), (4,))


def test_a_round_can_be_left_out_by_its_number():
    assert splits.leave_out([4, 1, 9, 2], 4) == Split((1, 2), (9,), (4,))
    assert splits.leave_out([4, 1, 9, 2], 9) == Split((2, 4), (1,), (9,))


def test_a_round_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(InputError, match="no round 3 to test on; choose one of 1, 2, 4, 9"):
        splits.leave_out([4, 1, 9, 2], 3)


@pytest.mark.parametrize(("k", "n"), [(2, 5), (6, 5)])
def test_too_few_or_too_many_folds_are_refused(k, n):
    with pytest.raises(InputError, match="choose 3 to 5 folds"):
        splits.folds(range(n), k)


def test_leaving_out_may_not_leave_nothing_to_train_on():
    with pytest.raises(InputError, match="choose 1 to 1"):
        splits.leave_one_out([1, 2, 3], n_validation=2)


def test_days_part_whole_rounds(walks):
    assert choose("days:2001-09-10,2001-09-11", walks) == Split((1, 2), (3,), (4,))


@pytest.mark.parametrize(
    "limits", ["2001-09-1,2001-09-11", "2001-09-10,2001-9-11", "2001-02-30,2001-09-11", "now,then"]
)
def test_what_is_no_day_parts_nothing(walks, limits):
    with pytest.raises(InputError, match=r"write one of ratio, .*days:VALIDATION_FROM,TEST_FROM"):
        choose(f"days:{limits}", walks)


def test_a_round_walked_on_both_sides_of_a_limit_is_refused():
    days = ["2001-01-01", "2001-01-02", "2001-01-02", "2001-01-03"]
    with pytest.raises(InputError, match="a round must not span a limit"):
        splits.by_day([1, 1, 2, 3], days, "2001-01-02", "2001-01-03")


def test_undated_walks_cannot_be_split_by_day(walks):
    undated = [replace(walk, started_unix_ms=None) for walk in walks]
    with pytest.raises(InputError, match="on which day"):
        choose("days:2001-09-10,2001-09-11", undated)


def test_a_split_is_named_in_one_word(walks):
    assert choose("ratio", walks) == Split((1, 2), (3,), (4,))
    assert choose("fold:1/4", walks) == Split((3, 4), (2,), (1,))
    assert choose("leave-out:2", walks) == Split((1, 4), (3,), (2,))


@pytest.mark.parametrize(
    "text", ["half", "fold:5/4", "fold:2", "leave-out:9", "leave-out:x", "days:2001-09-10"]
)
def test_a_word_that_fits_no_split_is_answered_with_those_that_do(text, walks):
    with pytest.raises(InputError, match=r"write one of ratio, fold:I/K"):
        choose(text, walks)


def test_a_custom_file_names_the_rounds(tmp_path, walks):
    path = tmp_path / "split.json"
    path.write_text(json.dumps({"train": [4], "validation": [1], "test": [2, 3]}))
    assert choose(str(path), walks) == Split((4,), (1,), (2, 3))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"train": [1]}', '{"train": 1, "validation": [2], "test": [3]}', "{"]
)
def test_a_file_that_is_no_split_is_answered_with_an_example(tmp_path, text, walks):
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"write \{.train.: \[1, 2\]"):
        choose(str(path), walks)


def test_a_split_file_that_is_absent_is_a_named_error(tmp_path, walks):
    with pytest.raises(InputError, match="cannot read this split"):
        choose(str(tmp_path / "no.json"), walks)


def test_a_table_groups_traces(tmp_path):
    path = tmp_path / "rounds.csv"
    path.write_text("trace_id,round,split\na,2,test\nb,1,train\nc,1,train\nd,3,val\n")
    assert read_groups(path) == Split((1,), (3,), (2,))


@pytest.mark.parametrize(
    "rows", ["a,1,train\nb,1,test\n", "a,1,train\nb,2,both\n", "a,1,train\nb,x,test\n"]
)
def test_a_table_that_contradicts_itself_is_named_with_the_line(tmp_path, rows):
    path = tmp_path / "rounds.csv"
    path.write_text(f"trace_id,round,split\n{rows}")
    with pytest.raises(InputError, match=r"rounds\.csv:3: round"):
        read_groups(path)


def test_rounds_that_could_not_be_read_leave_the_split():
    assert splits.without(PAPER, [2, 13]) == Split((1, 3, 4, 5, 6, 7, 8), (9, 10, 11, 12), (14,))


def test_the_table_of_a_shared_floor_gives_the_papers_split(data_dir):
    assert read_groups(data_dir / "indoor_location_20/site2/F1/rounds.csv") == PAPER
