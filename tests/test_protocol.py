"""Which walks train, validate and test under each protocol, worked out by hand on six walks."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings
from mtloc_jax.sites.protocol import UNITS, WALK, dealt
from mtloc_jax.sites.recordings import Recordings, cut_by, dealt_by, open_recordings
from mtloc_jax.sites.splits import PAPER, Split
from tests import walks as made_up

NOON_MS, DAY_MS = 10**12, 86_400_000
OWN = Split((1,), (2,), (3,))
TABLE = (  # walk, round, hour from noon of the first day, session, route, phone
    ("a", 1, 0, 1, 7, "A520"),
    ("b", 2, 1, 1, 8, "G930"),
    ("c", 3, 24, 2, 7, "A520"),
    ("d", 1, 25, 2, 8, "A520"),
    ("e", 2, 48, 3, 9, "G930"),
    ("f", 3, 49, 3, 7, "G930"),
)


def table_walks(table=TABLE):
    return [
        replace(
            made_up.walk(number, name=name),
            started_unix_ms=NOON_MS + 3_600_000 * hour,
            session=session,
            route=route,
            phone=phone,
        )
        for name, number, hour, session, route, phone in table
    ]


def split_of(walks, unit, tested, folds=0, own=OWN):
    """Return the names of the walks that train, validate and test."""
    found = dealt("toy", walks, own, unit=unit, folds=folds, tested=tested)
    return tuple(
        "".join(walk.name for walk in found.walks if walk.number in part) for part in found.split
    )


@pytest.mark.parametrize(
    ("unit", "tested", "train", "validation", "test"),
    [
        ("round", 1, "cf", "be", "ad"),
        ("round", 3, "be", "ad", "cf"),
        ("walk", 1, "cdef", "b", "a"),
        ("walk", 6, "bcde", "a", "f"),
        ("route", 1, "e", "bd", "acf"),  # routes 7, 8 and 9 in turn
        ("route", 3, "bd", "acf", "e"),
        ("session", 1, "ef", "cd", "ab"),
        ("day", 2, "ab", "ef", "cd"),
    ],
)
def test_each_unit_is_left_out_whole_and_the_next_one_validates(
    unit, tested, train, validation, test
):
    given = sorted(table_walks(), key=lambda walk: walk.name)
    assert split_of(given, unit, tested) == (train, validation, test)


def test_units_are_dealt_to_folds_in_turn_so_that_consecutive_walks_come_apart():
    given = table_walks()[::-1]  # whatever order they are read in
    assert split_of(given, "walk", 1, folds=3) == ("cf", "be", "ad")
    assert split_of(given, "walk", 3, folds=3) == ("be", "ad", "cf")
    six_rounds = [replace(walk, number=k) for k, walk in enumerate(table_walks(), start=1)]
    own = Split((1, 2, 3, 4), (5,), (6,))
    assert split_of(six_rounds, "round", 2, folds=3, own=own) == ("ad", "cf", "be")


def test_of_two_phones_one_tests_and_every_fifth_walk_of_the_other_validates():
    assert split_of(table_walks(), "phone", 1) == ("be", "f", "acd")  # under five: the last one
    assert split_of(table_walks(), "phone", 2) == ("ac", "d", "bef")
    many = [(f"{k:02}", 1, k, 1, 7, "A" if k % 2 else "B") for k in range(22)]
    found = dealt("toy", table_walks(many), Split((1,), (), ()), unit="phone", folds=0, tested=2)
    # The odd walks are of phone A: the fifth and the tenth of them are walks 09 and 19.
    validating = [walk.name for walk in found.walks if walk.number in found.split.validation]
    assert validating == ["09", "19"]
    assert found.unit == WALK


def test_rounds_that_the_own_split_leaves_out_stay_out():
    assert split_of(table_walks(), "walk", 1, own=Split((1,), (2,), ())) == ("de", "b", "a")


def test_without_a_protocol_walks_and_split_are_as_they_were():
    given = table_walks()
    found = dealt("toy", given, OWN, unit="round", folds=0, tested=0)
    assert found.walks == given
    assert found.split == OWN


@settings(deadline=None, derandomize=True)
@given(st.data())
def test_a_split_never_puts_one_unit_into_two_splits(data):
    unit, n_walks = data.draw(st.sampled_from(sorted(UNITS))), data.draw(st.integers(3, 30))
    few = st.integers(1, data.draw(st.integers(1, 6)))
    rows = [
        (f"{k:02}", data.draw(few), 24 * data.draw(few), *(data.draw(few) for _ in range(2)), "")
        for k in range(n_walks)
    ]
    walks = [replace(walk, phone=str(data.draw(few))) for walk in table_walks(rows)]
    own = Split(tuple({walk.number for walk in walks}), (), ())
    folds = data.draw(st.sampled_from((0, 3)))
    tested = data.draw(st.integers(1, n_walks))
    try:
        found = dealt("toy", walks, own, unit=unit, folds=folds, tested=tested)
    except InputError:
        return  # too few units or folds: what is said then is tested below
    names = [{w.name for w in found.walks if w.number in part} for part in found.split]
    assert sum(map(len, names)) == len(set().union(*names)) == n_walks
    whose = {walk.name: UNITS[unit](walk) for walk in walks}
    train, validation, test = ({whose[name] for name in part} for part in names)
    assert test
    assert not test & (train | validation)
    if len(set(whose.values())) > 2:
        assert not train & validation


def test_what_the_recordings_do_not_say_is_one_error_with_the_file_and_a_remedy():
    undated = [*table_walks()[:2], replace(table_walks()[2], started_unix_ms=None, session=None)]
    for unit in ("day", "session"):
        with pytest.raises(InputError) as caught:
            split_of(undated, unit, 1)
        assert str(caught.value).startswith(f"c.txt: nobody says of which {unit} c of toy is")
        assert caught.value.remedy == "hold something else together, such as --config.unit=walk"


def test_one_phone_cannot_be_left_out():
    alike = [replace(walk, phone="A520") for walk in table_walks()]
    with pytest.raises(InputError, match=r"all walks of toy are of one phone \(A520\)"):
        split_of(alike, "phone", 1)


def test_a_fold_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(InputError, match=r"no fold 3 .*--config.test_round to 1 \(A520\), 2 \(G93"):
        split_of(table_walks(), "phone", 3)
    with pytest.raises(InputError, match=r"no fold 7 .*to 1 to 6"):
        split_of(table_walks(), "walk", 7)
    with pytest.raises(InputError, match=r"no fold 4 .*1 \(2001-09-09\), 2 \(2001-09-10\), 3"):
        split_of(table_walks(), "day", 4)
    with pytest.raises(InputError, match="choose 3 to 6 folds"):
        split_of(table_walks(), "walk", 1, folds=7)


def test_the_own_split_is_by_round_alone():
    for unit, folds in (("walk", 0), ("round", 3)):
        with pytest.raises(InputError, match=r"set --config.test_round to the fold"):
            split_of(table_walks(), unit, 0, folds=folds)


def test_a_study_cuts_its_target_by_unit_and_its_source_by_round():
    walks = table_walks()
    opened = Recordings("toy", walks, OWN, False, walks[0].source.parent)
    by_walk = Settings(unit="walk", test_round=2)
    assert dealt_by(opened, by_walk, "source") is opened
    assert dealt_by(opened, by_walk).unit == "walk"
    site = cut_by(opened, by_walk)
    assert site.split == Split((1, 4, 5, 6), (3,), (2,))
    assert [site.trace_names[at] for at in set(site.trace[site.rows("test")])] == ["b"]


def test_the_papers_rounds_are_fourteen_folds_of_walks_in_their_order(data_dir):
    opened = open_recordings("location20/site2/F1", str(data_dir))
    assert opened.split == PAPER
    by_round = {walk.name: walk.number for walk in opened.walks}
    found = dealt_by(opened, Settings(unit="walk", folds=14, test_round=14))
    tested = [walk.name for walk in found.walks if walk.number in found.split.test]
    assert {by_round[name] for name in tested} == {14}
    assert len(tested) == 3


def test_routes_phones_and_days_of_ipin_can_be_left_out(data_dir):
    opened = open_recordings("ipin2023/floor_0", str(data_dir))
    assert {walk.route for walk in opened.walks} == {1, 2, 3, 4, 5}
    by_route = dealt_by(opened, Settings(unit="route", test_round=5))
    assert {w.route for w in by_route.walks if w.number in by_route.split.test} == {5}
    by_phone = dealt_by(opened, Settings(unit="phone", test_round=1))
    tested = [walk for walk in by_phone.walks if walk.number in by_phone.split.test]
    assert len({walk.phone for walk in tested}) == 1
    assert len(tested) == 10
