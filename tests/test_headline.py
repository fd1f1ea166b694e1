"""One model stands for each arm that the rows hold, in the order of the registry."""

import pytest

from mtloc_jax.arms import ARMS
from mtloc_jax.report.headline import held, models
from mtloc_jax.rows import ROWS, empty
from tests.synthetic_rows import as_table, row


def models_of(*arms: tuple[str, float]) -> list[tuple[str, float]]:
    return models(as_table([row(arm, rate, 0, 5.0) for arm, rate in arms]))


def test_registered_names_come_in_the_registrys_order_and_others_last() -> None:
    names = ["mine", "finetuned", "wifi-knn", "another", "scratch", "finetuned"]
    assert held(ARMS, names) == ["scratch", "finetuned", "wifi-knn", "another", "mine"]


@pytest.mark.parametrize("arm", ["finetuned", "carried"])
def test_a_grafted_arm_stands_at_the_rate_nearest_to_the_headline(arm: str) -> None:
    assert models_of(*((arm, rate) for rate in (0.125, 0.5, 0.75, 1.0))) == [(arm, 0.5)]


@pytest.mark.parametrize("arm", ["scratch", "wifi-knn", "of another version"])
def test_any_other_arm_stands_on_the_most_rounds_it_was_given(arm: str) -> None:
    assert models_of((arm, 0.625), (arm, 0.875)) == [(arm, 0.875)]


def test_without_rows_there_is_no_model() -> None:
    assert models(empty(ROWS)) == []
