"""Every interval that a report offers is simulated, at any number of seeds from 4 to 20."""

import numpy as np
import pytest

from mtloc_jax.report.student import Estimate, of_crossed
from tests.coverage_table import KINDS, SIZES, normal, rounds_covered, simulated, skewed

TRIALS = 8_000


@pytest.mark.parametrize("n", SIZES)
def test_normal_differences_are_covered_93_to_97_times_in_100(n: int) -> None:
    assert 0.93 <= simulated("normal", n, TRIALS)[0] <= 0.97


@pytest.mark.parametrize("n", SIZES)
def test_skewed_differences_are_covered_as_often_as_the_notes_say(n: int) -> None:
    assert 0.905 <= simulated("skewed", n, TRIALS)[0] <= 0.945


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("kind", ["two halves", "30 : 70", "20 : 80"])
def test_two_groups_are_covered_or_warned_of_from_eight_values_on(kind: str, n: int) -> None:
    covers, warns = simulated(kind, n, TRIALS)
    if n >= 8:
        assert covers >= 0.93 or warns >= 0.78
    else:  # what the note on fewer than eight values is about
        assert covers >= {4: 0.67, 5: 0.68}.get(n, 0.72)
        assert warns >= 0.26


def test_the_note_on_few_values_says_what_five_cover() -> None:
    covered = [simulated(kind, 5, TRIALS)[0] for kind in KINDS][2:]
    assert (max(covered), min(covered)) == pytest.approx((0.94, 0.70), abs=0.01)


@pytest.mark.parametrize("shape", [(4, 4), (4, 14), (5, 8), (8, 8), (10, 14), (20, 4)])
@pytest.mark.parametrize(
    ("spreads_m", "most"),
    [
        ((0.5, 0.1, 0.2), 0.97),
        ((0.1, 0.5, 0.2), 0.97),
        ((0.3, 0.3, 0.2), 0.975),
        ((0, 0, 1), 0.995),
    ],
)
def test_seeds_crossed_with_test_rounds_are_covered(
    shape: tuple[int, int], spreads_m: tuple[float, float, float], most: float
) -> None:
    rng, of_seed, of_round = np.random.default_rng(7), *spreads_m[:2]
    held = 0
    for _ in range(1_000):
        values = rng.normal(0, of_seed, (shape[0], 1)) + rng.normal(0, of_round, (1, shape[1]))
        values = values + rng.normal(0, spreads_m[2], shape)
        low, high = Estimate(float(values.mean()), *of_crossed(values)).interval()
        held += low <= 0 <= high
    assert 0.925 <= held / 1_000 <= most


@pytest.mark.parametrize("n", [4, 7, 10, 20])
@pytest.mark.parametrize(
    ("curve", "draw"), [("steep", normal), ("flat", normal), ("steep", skewed)]
)
def test_the_rounds_needed_are_covered(curve, draw, n: int) -> None:
    assert 0.925 <= rounds_covered(curve, draw, n, 0.4375, 600) <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
def test_the_table_of_coverage_holds_with_many_trials(n: int) -> None:
    assert 0.945 <= simulated("normal", n, 200_000)[0] <= 0.955
    assert 0.91 <= simulated("skewed", n, 200_000)[0] <= 0.94
    assert 0.93 <= rounds_covered("steep", normal, n, 0.4375, 4_000) <= 0.97
    assert 0.93 <= rounds_covered("flat", normal, n, 0.4375, 4_000) <= 0.985
