"""Rounds needed for an error, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.needed_tables import needed_table, sentences
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rounds_needed import (
    Demand,
    Needed,
    demands,
    falling,
    needed,
    pooled,
    share_needed,
    targets_m,
)
from mtloc_jax.report.table import Reach, ReportTable, as_csv
from tests.synthetic_rows import as_table, row

QUARTERS = np.array([0.25, 0.5, 0.75, 1.0])
EIGHT_ROUNDS = Survey(8, 10.0)


def test_a_curve_that_falls_stays_as_it_is():
    assert falling(np.array([8.0, 6.0, 6.0, 2.0])).tolist() == [8, 6, 6, 2]


def test_where_a_curve_rises_neighbours_are_averaged():
    assert falling(np.array([8.0, 4.0, 6.0, 2.0])).tolist() == [8, 5, 5, 2]
    assert falling(np.array([1.0, 2.0, 6.0])).tolist() == [3, 3, 3]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=9))
def test_an_isotonic_curve_never_rises_and_keeps_the_mean(values):
    fitted = falling(np.array(values))
    assert len(fitted) == len(values)
    assert np.all(np.diff(fitted) <= 1e-9)
    assert fitted.mean() == pytest.approx(np.mean(values), abs=1e-6)


@pytest.mark.parametrize(
    ("errors_m", "target_m", "share"),
    [
        ([8, 6, 4, 2], 5, 0.625),  # halfway between two quarters
        ([8, 6, 4, 2], 4, 0.75),
        ([8, 6, 4, 2], 9, 0.25),  # already with the smallest survey
        ([8, 6, 4, 2], 1.9, np.inf),
        ([8, 4, 6, 2], 5, 0.5),  # falls as 8, 5, 5, 2
        ([8, 4, 6, 2], 3.5, 0.875),
    ],
)
def test_the_share_is_where_the_falling_curve_crosses_the_target(errors_m, target_m, share):
    assert share_needed(QUARTERS, np.array(errors_m, float), target_m) == pytest.approx(share)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(1, 50), min_size=4, max_size=4), st.floats(0, 60), st.floats(0, 10))
def test_a_harder_target_never_needs_less(errors_m, target_m, easier_m):
    hard, easy = (
        share_needed(QUARTERS, np.array(errors_m), t) for t in (target_m, target_m + easier_m)
    )
    assert easy <= hard


def test_targets_are_round_errors_that_the_quarters_reach():
    demand = Demand("scratch", QUARTERS, np.array([[36.6, 26.6, 25.2, 19.6]]))
    assert targets_m(demand) == [20, 30, 40]
    demand = Demand("scratch", QUARTERS, np.array([[7.1, 5.0, 4.2, 3.47]]))
    assert targets_m(demand) == [3.5, 4.5, 5.0, 7.5]


def arm_rows(arm, errors_m, seeds):
    return [
        row(arm, float(share), seed, error_m + bias_m)
        for share, error_m in zip(QUARTERS, errors_m, strict=True)
        for seed, bias_m in seeds.items()
    ]


def test_each_arm_is_asked_for_the_targets_of_scratch():
    same = dict.fromkeys(range(5), 0.0)
    rows = arm_rows("scratch", [8, 6, 4, 2], same) + arm_rows("finetuned", [6, 4, 3, 2.5], same)
    found = needed(demands(as_table(rows)))
    assert [(one.target_m, one.arm, one.share) for one in found] == [
        (2.0, "scratch", 1.0),
        (2.0, "finetuned", np.inf),
        (4.0, "scratch", 0.75),
        (4.0, "finetuned", 0.5),
        (6.0, "scratch", 0.5),
        (6.0, "finetuned", 0.25),
        (8.0, "scratch", 0.25),
        (8.0, "finetuned", 0.25),
    ]
    # Seeds that agree leave no doubt.
    assert all(one.low == one.high == one.share for one in found)


def test_the_interval_spans_the_shares_that_a_t_test_does_not_tell_from_the_target():
    bias = dict(enumerate([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]))
    [two, four, _, eight] = needed(demands(as_table(arm_rows("scratch", [8, 6, 4, 2], bias))))
    assert four.share == pytest.approx(0.75)
    # Deviation (4 / 5)^0.5 m, error 0.3651 m; t of 0.975 with five degrees of freedom 2.5706:
    # 0.9386 m, of which one is an eighth of the rounds.
    assert (four.low, four.high) == pytest.approx((0.75 - 0.1173, 0.75 + 0.1173), abs=1e-4)
    assert (two.share, two.high) == (1.0, np.inf)
    assert eight.low == eight.share == 0.25


def test_shares_that_isotonic_regression_puts_together_are_averaged_seed_by_seed():
    # Means 8, 5, 6, 2: the middle two become 5.5.
    errors_m = np.array([[7.0, 4, 7, 2], [9.0, 6, 5, 2]])
    assert pooled(errors_m).tolist() == [[7, 5.5, 5.5, 2], [9, 5.5, 5.5, 2]]


def test_below_four_seeds_there_is_no_interval():
    rows = arm_rows("scratch", [8, 6, 4, 2], {0: 0.0, 1: 0.0})
    found = needed(demands(as_table(rows)))
    assert all(np.isnan(one.low) and np.isnan(one.high) for one in found)
    assert sentences(found, EIGHT_ROUNDS)[1] == "4 m: scratch needs 6.0 rounds"


def test_an_arm_of_two_shares_is_left_out():
    rows = [row("finetuned", rate, 0, 5.0) for rate in (1.0, 0.5)]
    assert needed(demands(as_table(rows))) == []
    rows += [row("scratch", rate, 0, 5.0) for rate in (1.0, 0.5, 0.25)]
    assert [one.arm for one in demands(as_table(rows))] == ["scratch"]


def test_a_seed_that_lacks_a_share_is_left_out():
    rows = arm_rows("scratch", [8, 6, 4, 2], {0: 0.0, 1: 0.0})
    rows.append(row("scratch", 1.0, 2, 99.0))
    assert demands(as_table(rows))[0].errors_m.tolist() == [[8, 6, 4, 2], [8, 6, 4, 2]]


NEEDED = [
    Needed("scratch", 2.0, 0.65, 0.5125, 0.8625, 0.125),
    Needed("finetuned", 2.0, 0.55, 0.125, np.inf, 0.125),
    Needed("scratch", 1.0, np.inf, 0.9, np.inf, 0.125),
    Needed("finetuned", 1.0, 0.125, 0.125, 0.125, 0.125),
]


def laid_out(found: list[Needed], survey: Survey | None) -> ReportTable:
    provenance = Provenance("study", "a->b", False, "abc", "cpu")
    (table,) = needed_table(found, survey, "scope", provenance)
    return table


def body(table: ReportTable) -> list[list[str]]:
    return [[cell.text() for cell in line] for line in table.grid(Reach.PAGE).body]


def test_sentences_say_rounds_with_their_interval():
    assert sentences(NEEDED, EIGHT_ROUNDS) == [
        "2 m: scratch needs 5.2 rounds [4.1, 6.9], "
        "fine-tuned needs 4.4 rounds [at most 1.0, not reached]",
        "1 m: scratch does not reach it [7.2, not reached], "
        "fine-tuned needs at most 1.0 rounds [at most 1.0, at most 1.0]",
    ]
    assert sentences(NEEDED[:1], None) == ["2 m: scratch needs 65 % of the rounds [51 %, 86 %]"]


def test_where_no_resample_reaches_the_target_there_is_no_interval():
    never = Needed("finetuned", 1.0, np.inf, np.inf, np.inf, 0.125)
    assert sentences([never], EIGHT_ROUNDS) == ["1 m: fine-tuned does not reach it"]
    assert body(laid_out([never], EIGHT_ROUNDS)) == [["1 m", "not reached"]]


def test_the_table_has_a_line_for_each_target():
    table = laid_out(NEEDED, EIGHT_ROUNDS)
    first, second = body(table)
    assert first == [
        *("2 m", "5.2", "[4.1, 6.9]", "6.5"),
        *("4.4", "[at most 1.0, not reached]", "5.5"),
    ]
    assert second[1:4] == ["not reached", "[7.2, not reached]", "-"]
    assert "scratch: rounds" in table.grid(Reach.PAGE).header
    assert body(laid_out(NEEDED, None))[0][1] == "65 %"
    assert as_csv([table]).splitlines()[2] == "2,finetuned,0.5500,0.1250,"


def test_without_arms_there_is_no_table():
    assert needed_table([], EIGHT_ROUNDS, "scope", Provenance("s", "a", False, "r", "cpu")) == []
