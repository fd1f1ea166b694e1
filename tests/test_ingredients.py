"""What an ingredient is worth: an arm against the one that lacks it, worked out by hand."""

import numpy as np
import pytest

from mtloc_jax.locate import Locate
from mtloc_jax.report.ingredients import EXPERT, MOTION, TIME, lacking, worth_table, worths
from mtloc_jax.report.rungs import REFERENCE, rungs
from mtloc_jax.rows import CDF, ROWS, WALKS, empty
from tests.synthetic_rows import as_table
from tests.test_figures import SIMULATED
from tests.test_rungs import row, walks_of

ERRORS_M = {
    REFERENCE: (8.0, 9.0, 10.0, 9.0),
    "cosine-none-filter": (8.0, 10.0, 10.0, 10.0),
    "cosine-steps-filter": (7.0, 8.0, 8.0, 9.0),
    "v3-held": (7.0, 9.5, 9.0, 8.5),
}


def worth(margin_m=0.0):
    table = as_table([row(arm, float(np.mean(m))) for arm, m in ERRORS_M.items()], ROWS)
    walks = as_table([w for arm, m in ERRORS_M.items() for w in walks_of(arm, *m)], WALKS)
    return worths(rungs({"": [table]}, walks, empty(CDF)), walks, margin_m)


@pytest.fixture(scope="module")
def found():
    return worth()


@pytest.mark.parametrize(
    ("of", "against"),
    [
        (Locate("cosine"), []),
        (Locate("cosine", "none", "filter"), [(TIME, Locate("cosine"))]),
        (Locate("cosine", "none", "smoother"), []),
        (
            Locate("v3", "steps", "filter"),
            [
                (TIME, Locate("v3")),
                (MOTION, Locate("v3", "none", "filter")),
                (EXPERT, Locate("cosine", "steps", "filter")),
            ],
        ),
        (
            Locate("matcher", "network", "smoother"),
            [
                (MOTION, Locate("matcher", "steps", "smoother")),
                (EXPERT, Locate("cosine", "network", "smoother")),
                (EXPERT, Locate("v3", "network", "smoother")),
            ],
        ),
    ],
)
def test_an_arm_is_held_against_those_that_differ_in_one_ingredient(of, against):
    assert list(lacking(of)) == against


def test_differences_are_by_walk_and_only_between_arms_that_were_run(found):
    told = {(o.ingredient, o.claim.ours, o.claim.theirs): o for o in found}
    held = "5-NN cosine, newest scan held"
    none, steps = "5-NN cosine with no motion, causal", "5-NN cosine with steps, causal"
    assert list(told) == [
        (TIME, none, held),
        (TIME, steps, held),
        (MOTION, steps, none),
        (EXPERT, "Kaggle's distance, newest scan held", held),
    ]
    differences = [o.claim.difference.mean_m for o in found]
    assert differences == pytest.approx([0.5, -1.0, -1.5, -0.5])
    assert [o.claim.difference.n_blocks_better for o in found] == [0, 3, 4, 3]


def test_all_claims_are_corrected_together(found):
    p_values = np.array([o.claim.difference.p_value for o in found])
    least = p_values.argmin()
    assert found[least].claim.p_holm == pytest.approx(4 * p_values[least])


def test_an_ingredient_is_worth_nothing_only_within_a_margin_that_is_named(found):
    # 0, 1, 0 and 1 m: error 0.2887; 2.5 / 0.2887 errors to the margin, p 0.0016, of four 0.0065.
    named = worth(margin_m=3.0)[0].claim
    assert (found[0].claim.outcome, named.outcome) == ("open", "alike")
    assert named.p_within == pytest.approx(0.0065, abs=1e-4)


def test_the_table_has_a_line_a_claim_and_none_stands_alone(found):
    (table,) = worth_table(found, "here", SIMULATED)
    assert len(table.lines) == 4
    assert table.lines[2][-1].text() == "4 of 4 walks"
    assert worth_table([], "here", SIMULATED) == []
