"""How many walks an error takes, and what transfer is worth, worked out by hand."""

import numpy as np
import pytest

from mtloc_jax.report.rungs import rungs
from mtloc_jax.report.walks_figure import walks_figure
from mtloc_jax.report.walks_needed import curves, needed, targets_m
from mtloc_jax.report.walks_tables import (
    needed_sentences,
    needed_table,
    transfer_claims,
    transfer_sentences,
    transfer_table,
)
from mtloc_jax.rows import CDF, ROWS, WALKS, empty
from tests.synthetic_rows import as_table
from tests.test_figures import SIMULATED
from tests.test_rungs import row, walk

TRANSFERRED, SCRATCH, HELD = "matcher-held", "matcher-scratch-held", "cosine-held"
SIZES = {"5 walks surveyed": 5.0, "10 walks surveyed": 10.0, "all walks surveyed": 20.0}
ERRORS_M = {HELD: (20.0, 15.0, 10.0), TRANSFERRED: (15.0, 10.0, 8.0), SCRATCH: (24.0, 14.0, 8.5)}
OFF_M = (-1.0, 0.0, 0.5, 0.5)
"""What each of four tested walks errs more than the mean."""


@pytest.fixture(scope="module")
def made():
    variants, walked = {}, []
    for at, name in enumerate(SIZES):
        study = f"demand/walks={at}"
        variants[name] = [as_table([row(a, m[at], study=study) for a, m in ERRORS_M.items()], ROWS)]
        walked += [
            walk(arm, f"w{k}", means_m[at] + off_m * (1 + (arm == TRANSFERRED)), study=study)
            for arm, means_m in ERRORS_M.items()
            for k, off_m in enumerate(OFF_M)
        ]
    walks = as_table(walked, WALKS)
    return rungs(variants, walks, empty(CDF)), walks


def test_a_curve_has_the_mean_of_the_same_walks_at_each_size(made):
    found = {curve.arm[0]: curve for curve in curves(made[0], SIZES, made[1])}
    assert list(found) == [HELD, TRANSFERRED, SCRATCH]
    assert found[HELD].n_walks.tolist() == [5, 10, 20]
    assert found[SCRATCH].mean_m == pytest.approx(ERRORS_M[SCRATCH])
    assert found[HELD].errors_m.shape == (4, 3)
    low_m, high_m = found[HELD].band_m()
    # Standard deviation 0.70711 over four walks; t(0.975, 3) = 3.1824.
    assert high_m - low_m == pytest.approx(np.full(3, 2 * 3.1824 * 0.70711 / 2), abs=1e-3)


def test_walks_are_read_off_straight_lines_between_sizes(made):
    found = needed(curves(made[0], SIZES, made[1]))
    by_arm = {(one.arm[0], one.target_m): one.n_walks for one in found}
    # 8 m is what the transferred reaches, 20 m what 5-NN has with the fewest walks.
    assert targets_m(curves(made[0], SIZES, made[1])) == [8.0, 12.0]
    assert by_arm[HELD, 12.0] == pytest.approx(16.0)  # from 15 to 10 m over ten walks
    assert by_arm[TRANSFERRED, 12.0] == pytest.approx(8.0)  # from 15 to 10 m over five
    assert by_arm[SCRATCH, 12.0] == pytest.approx(10 + 10 * 2 / 5.5)
    assert by_arm[TRANSFERRED, 8.0] == pytest.approx(20.0)
    assert np.isinf(by_arm[HELD, 8.0])
    near, far = needed_sentences(found)
    assert near.startswith("8 m: 5-NN cosine, newest scan held does not reach it")
    # Mean -+ 1.125 m is 12 m at 13.75 walks and at 18.25.
    assert far.startswith("12 m: 5-NN cosine, newest scan held needs 16 walks [14, 18]")


def test_two_sizes_make_no_curve(made):
    few = [rung for rung in made[0] if rung.variant != "all walks surveyed"]
    assert curves(few, SIZES, made[1]) == []
    assert needed([]) == []
    assert needed_table([], "here", SIMULATED) == []
    assert walks_figure([], "here", SIMULATED) is None


def test_transfer_is_held_against_training_on_the_same_survey_alone(made):
    claims = transfer_claims(*made)
    assert [(one.where, one.ours, one.theirs) for one in claims] == [
        (name, "matcher, transferred, newest scan held", "matcher, from scratch, newest scan held")
        for name in SIZES
    ]
    assert [one.difference.mean_m for one in claims] == pytest.approx([-9.0, -4.0, -0.5])
    said = transfer_sentences(claims)
    assert len(said) == 2  # the smallest survey and the largest
    assert said[0].startswith("5 walks surveyed: matcher, transferred, newest scan held errs -9.00")
    (table,) = transfer_table(claims, "here", SIMULATED)
    assert len(table.lines) == 3
    assert transfer_table([], "here", SIMULATED) == []


def test_transfer_is_worth_nothing_only_within_a_margin_that_is_named(made):
    assert [one.outcome for one in transfer_claims(*made)][-1] == "open"
    claims = transfer_claims(*made, margin_m=3.0)
    # 1, 0, 0.5 and 0.5 m off -0.5: error 0.3536; 2.5 / 0.3536 errors to the margin.
    assert [one.outcome for one in claims] == ["errs less", "errs less", "alike"]
    (table,) = transfer_table(claims, "here", SIMULATED)
    assert any(note.startswith("The same within 3 m, the margin") for note in table.notes)
    assert table.lines[-1][8].text() == "0.009"  # p (margin): of three, 3 x 0.0029


def test_the_figure_has_a_line_an_arm(made):
    drawn = walks_figure(curves(made[0], SIZES, made[1]), "here", SIMULATED)
    (axes,) = drawn.axes
    assert len(axes.get_legend_handles_labels()[1]) == 3
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["5", "10", "20"]
