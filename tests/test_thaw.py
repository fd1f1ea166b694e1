"""Freeze plans as text: what a clause means, and that every other leaf trains."""

import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.freeze import Freeze, Train, by_leaf
from mtloc_jax.surgery.thaw import clauses, thaw

PARAMS = {"imu": {"bias": 0, "kernel": 0}, "mag": {"kernel": 0}, "fusion": {"fc3": {"kernel": 0}}}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("all", ()),
        ("imu frozen", (Freeze("imu"),)),
        ("imu x0", (Freeze("imu"),)),
        ("imu x0.1", (Train("imu", rate=0.1),)),
        ("imu from epoch 5", (Train("imu", from_epoch=5),)),
        ("imu x0.1 from epoch 5", (Train("imu", 0.1, 5),)),
        (
            "imu/kernel x.5, mag frozen,fusion.fc3 from epoch 2",
            (Train("imu/kernel", 0.5), Freeze("mag"), Train("fusion.fc3", from_epoch=2)),
        ),
    ],
)
def test_a_clause_is_a_path_and_how_it_trains(text, rules):
    assert clauses(text) == rules


@pytest.mark.parametrize(
    "text", ["", "imu", "imu x", "imu x-1", "imu at 5", "imu x0.1from epoch 5"]
)
def test_a_text_that_says_nothing_is_refused(text):
    with pytest.raises(InputError, match=r"says of no branch how it trains.*imu x0.1"):
        clauses(text)


def test_what_no_clause_names_trains_as_ever():
    rules = by_leaf(thaw("imu/kernel x0.1", PARAMS), PARAMS)
    assert rules["imu/kernel"] == Train("imu/kernel", 0.1)
    assert {rules[path].rate for path in rules if path != "imu/kernel"} == {1.0}
    assert len(rules) == 4


def test_a_clause_that_meets_no_leaf_is_refused():
    with pytest.raises(InputError, match="matches no target leaf"):
        by_leaf(thaw("imv frozen", PARAMS), PARAMS)
