"""When a study ran is what its record says: never the clock of who reads it."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.times import TIMES, Times, between, from_plain, read_times, together

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_work_of_several_processes_begins_with_the_first_and_adds_up():
    first = Times(NOON, NOON.replace(minute=20), 1200.0)
    beside = Times(NOON.replace(minute=5), NOON.replace(hour=13), 3300.0)
    found = together([beside, first])
    assert found == Times(NOON, NOON.replace(hour=13), 4500.0)
    assert found.words() == "2026-11-26, 12:00 to 13:00 UTC, 1 h 15 min of work"
    assert together([]) is None


@pytest.mark.parametrize(
    ("work_s", "said"),
    [(0.4, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (3600, "1 h 0 min"), (86399, "24 h 0 min")],
)
def test_how_long_it_took_is_told_in_words(work_s, said):
    assert Times(NOON, NOON, work_s).words().endswith(f"UTC, {said} of work")


def test_another_day_is_named():
    over = Times(NOON, NOON.replace(day=28, hour=3), 60.0)
    assert over.words().startswith("2026-11-26, 12:00 to 2026-11-28, 03:00 UTC")


@given(st.floats(0, 4e9), st.floats(0, 1e7))
def test_times_come_back_as_they_were_written(begun_s, took_s):
    made = between(begun_s, begun_s + took_s)
    assert from_plain(json.loads(json.dumps(made.plain()))) == made


def test_a_study_of_an_earlier_version_says_nothing_and_a_damaged_record_is_named(tmp_path):
    assert read_times(tmp_path) is None
    for text in ("{", "[]", "{}", '{"begun": "noon", "finished": "one", "work_s": 1}'):
        (tmp_path / TIMES).write_text(text)
        with pytest.raises(InputError, match=r"times\.json: does not say when .*; delete it"):
            read_times(tmp_path)
