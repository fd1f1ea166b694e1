"""How often positions lie within a radius, worked out by hand."""

import numpy as np
import pytest

from mtloc_jax.report.radius_table import radius_table
from mtloc_jax.rows import RADIUS
from mtloc_jax.sites.survey import Coverage
from mtloc_jax.study.radii import ALL, WITHIN_90, by, by_others, rows
from tests.synthetic_rows import PAIR, STUDY, as_table
from tests.test_figures import SIMULATED


def near_survey(n, holes=()):
    away_m = np.where(np.isin(np.arange(n), holes), 30.0, 1.0)
    return Coverage(away_m, away_m, np.zeros(n, bool))


def by_name(found):
    return {(row["radius"], row["band"]): row for row in found}


def test_a_circle_of_two_and_some_sigma_holds_90_percent_of_a_round_gaussian():
    drawn = np.random.default_rng(0).normal(size=(200_000, 2))
    assert np.mean(np.linalg.norm(drawn, axis=1) <= WITHIN_90) == pytest.approx(0.9, abs=0.003)


def test_windows_within_their_radius_are_counted_all_together_by_band_and_by_walk():
    # A radius of 2 x 2.146 m: of walk 0 three of four lie within, of walk 1 all.
    error_m = np.array([1.0, 2.0, 4.0, 5.0, 1.0, 1.0])
    walk = np.array([0, 0, 0, 0, 1, 1])
    scale = np.full(6, 1.0)
    found = by_name(rows(error_m, np.full(6, 2.0), walk, near_survey(6, holes=(3, 5)), scale))
    stated = found["stated", ALL]
    assert (stated["covered"], stated["n_walks"], stated["walks_below"]) == (5 / 6, 2, 1)
    assert stated["radius_m"] == pytest.approx(4.292, abs=1e-3)
    assert found["stated", "0-3 m"]["covered"] == 1.0
    assert found["stated", "over 20 m"]["covered"] == 0.5
    # Calibrated, the radius is sigma alone.
    assert found["calibrated", ALL]["covered"] == 4 / 6
    assert found["calibrated", ALL]["radius_m"] == 2.0


def test_too_few_walks_calibrate_nothing_and_the_rows_say_so():
    walk = np.arange(9)
    assert np.isfinite(by(np.ones(9), np.ones(9), walk))
    assert np.isnan(by(np.ones(8), np.ones(8), walk[:8]))
    scale = by_others(np.ones(9), np.ones(9), walk)  # of nine, seven or eight are left
    assert np.isnan(scale).all()
    found = by_name(rows(np.ones(9), np.ones(9), walk, near_survey(9), scale))
    assert np.isnan(found["calibrated", ALL]["covered"])
    assert np.isnan(found["calibrated", ALL]["walks_below"])
    assert found["stated", ALL]["covered"] == 1.0


def test_a_walk_has_no_say_in_its_own_radius():
    n = 20
    error_m, sigma_m = np.ones(n), np.ones(n)
    error_m[7] = 100.0
    scale = by_others(error_m, sigma_m, np.arange(n))
    # Of the 16 walks of other folds the last but one counts, so that one far off does not: its own
    # fold is calibrated without it.
    assert scale[7] == 1.0
    error_m[7] = 1.0
    error_m[7 % 5] = error_m[12] = error_m[17] = 50.0  # all others of its fold
    assert by_others(error_m, sigma_m, np.arange(n))[7] == 1.0


def line(radius, covered, **other):
    found = {"study": STUDY, "site_pair": PAIR, "arm": "cosine-held", "finetune_rate": 1.0}
    found |= {"seed": 0, "split": "test", "radius": radius, "band": ALL, "n_walks": 10}
    return found | {"n_windows": 100, "covered": covered, "radius_m": 5.0, "walks_below": 2} | other


def test_the_table_pools_test_rounds_window_by_window_and_says_where_nothing_calibrates():
    lines = [
        line("stated", 0.8),
        line("stated", 0.5, n_windows=50, study=f"{STUDY}/test_round=2", radius_m=8.0),
        line("calibrated", np.nan, radius_m=np.nan, walks_below=np.nan),
        line("stated", 0.1, seed=1),  # it lacks the other test round
    ]
    (table,) = radius_table(as_table(lines, RADIUS), "here", SIMULATED)
    told = {cells[2]: [cells[at].text() for at in (4, 5, 6, 7)] for cells in table.lines}
    assert told == {
        "stated": ["0.700", "6.0", "4.0", "20"],
        "calibrated": ["too few", "", "", "10"],
    }
