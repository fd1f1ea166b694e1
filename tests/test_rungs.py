"""Arms beside 5-NN held: pooled over windows and paired by walk, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.report import ladder
from mtloc_jax.report.by_walk import paired, walk_means
from mtloc_jax.report.claim_sentences import sentence
from mtloc_jax.report.rungs import NOTHING, REFERENCE, pooled_quantile, rungs
from mtloc_jax.rows import CDF, METRICS, QUANTILES, ROWS, WALKS, empty
from tests.synthetic_rows import PAIR, STUDY, as_table
from tests.test_figures import SIMULATED

FILTERED, LOST = "cosine-steps-filter", "wifi: a scan in 30 s"
HELD_AT, FILTERED_AT = (REFERENCE, 1.0), (FILTERED, 1.0)


def key(arm, study=STUDY, seed=0, modality=NOTHING):
    found = {"study": study, "site_pair": PAIR, "arm": arm, "finetune_rate": 1.0, "seed": seed}
    rate = 0.0 if modality == NOTHING else 1.0
    return found | {"split": "test", "modality": modality, "drop_rate": rate, "wipe_seed": 0}


def row(arm, mean_m, n_windows=100, **other):
    return key(arm, **other) | dict.fromkeys(METRICS, mean_m) | {"n_windows": n_windows}


def walk(arm, name, mean_m, **other):
    return key(arm, **other) | {"walk": name, "n_windows": 10, "mean_m": mean_m, "median_m": mean_m}


def walks_of(arm, *means_m, **other):
    return [walk(arm, f"w{k}", mean_m, **other) for k, mean_m in enumerate(means_m)]


WALKED = as_table(
    [*walks_of(REFERENCE, 8.0, 10.0, 6.0, 8.0, 8.0), *walks_of(FILTERED, 6.0, 7.0, 6.5, 5.0, 5.5)],
    WALKS,
)


def test_arms_are_paired_walk_by_walk():
    found = paired(WALKED, FILTERED_AT, HELD_AT)
    assert found.n_walks == 5
    difference = found.claim("ours", "theirs").difference
    assert difference.mean_m == pytest.approx(-2.0)  # -2, -3, +0.5, -3, -2.5
    assert difference.n_blocks_better == 4
    # Standard deviation 1.4577 over five walks; t(0.975, 4) = 2.7764.
    reach_m = 2.7764 * 1.4577 / 5**0.5
    assert difference.interval_m == pytest.approx((-2 - reach_m, -2 + reach_m), abs=1e-3)
    assert paired(WALKED, ("scratch", 1.0), HELD_AT) is None


def test_a_walk_of_several_seeds_is_their_mean():
    table = as_table([walk(REFERENCE, "w", 4.0), walk(REFERENCE, "w", 6.0, seed=1)], WALKS)
    assert walk_means(table) == {(PAIR, "w"): 5.0}


def test_ratios_are_to_the_reference_under_the_same_loss():
    table = as_table(
        [
            row(REFERENCE, 8.0),
            row(REFERENCE, 12.0, modality=LOST),
            row(FILTERED, 6.0),
            row(FILTERED, 6.0, modality=LOST),
        ],
        ROWS,
    )
    found = rungs({"": [table]}, WALKED, empty(CDF))
    assert [(one.arm[0], one.lost, one.ratio) for one in found] == [
        (REFERENCE, NOTHING, 1.0),
        (FILTERED, NOTHING, 0.75),
        (REFERENCE, LOST, 1.0),
        (FILTERED, LOST, 0.5),
    ]
    assert [one.claim is not None for one in found] == [False, True, False, False]
    (grid,) = ladder.ratio_table(found, "here", SIMULATED)
    assert [line[-1].text() for line in grid.lines] == [
        "8.00 (1.00)",
        "6.00 (0.75)",
        "12.00 (1.00)",
        "6.00 (0.50)",
    ]


def test_several_rounds_are_pooled_window_by_window():
    tables = [
        as_table([row(REFERENCE, 8.0, 100), row(FILTERED, 6.0, 100)], ROWS),
        as_table([row(arm, 4.0, 300, study="two") for arm in (REFERENCE, FILTERED)], ROWS),
    ]
    (held, filtered) = rungs({"both": tables}, empty(WALKS), empty(CDF))
    assert (held.mean_m, filtered.mean_m) == (5.0, 4.5)
    assert (held.n_windows, filtered.ratio) == (400, 0.9)
    assert np.isnan(held.metric("median_m")[0])  # without the quantiles nobody knows
    assert held.studies == {STUDY, "two"}


def test_a_study_without_the_reference_has_no_ladder():
    table = as_table([row(FILTERED, 6.0)], ROWS)
    assert rungs({"": [table]}, WALKED, empty(CDF)) == []
    assert ladder.ladder_table([], "here", SIMULATED) == []
    assert ladder.ladder_figure([], "here", SIMULATED) is None


def test_the_sentences_name_what_errs_least_causally_and_offline():
    table = as_table(
        [row(REFERENCE, 8.0), row(FILTERED, 6.0), row("cosine-steps-smoother", 4.0)], ROWS
    )
    smoothed = walks_of("cosine-steps-smoother", 4.0, 4.0, 4.0, 4.0, 4.0)
    walked = {
        name: np.concatenate([held, as_table(smoothed, WALKS)[name]])
        for name, held in WALKED.items()
    }
    causal, offline = ladder.sentences(rungs({"": [table]}, walked, empty(CDF)))
    assert causal.startswith(
        "least causal: 5-NN cosine with steps, causal, 6.00 m, 0.75 of 5-NN held; paired by walk "
        "-2.00 m [-3.81, -0.19]"
    )
    assert "offline, 4.00 m, 0.50 of 5-NN held; paired by walk -4.00 m" in offline


def test_arms_are_the_same_as_the_reference_within_a_margin_that_is_named():
    table = as_table([row(REFERENCE, 8.0), row(FILTERED, 8.0)], ROWS)
    near = walks_of(FILTERED, 8.1, 9.9, 6.1, 7.9, 8.05)
    walked = as_table([*walks_of(REFERENCE, 8.0, 10.0, 6.0, 8.0, 8.0), *near], WALKS)
    outcomes = {
        margin_m: rungs({"": [table]}, walked, empty(CDF), margin_m)[1].claim.outcome
        for margin_m in (0.0, 0.5)
    }
    assert outcomes == {0.0: "open", 0.5: "alike"}


def test_one_walk_has_no_interval_however_many_seeds_were_tested_on_it():
    walked = as_table(
        [
            walk(arm, "w", mean_m, seed=seed)
            for arm, mean_m in ((REFERENCE, 8.0), (FILTERED, 6.0))
            for seed in range(4)
        ],
        WALKS,
    )
    claim = paired(walked, FILTERED_AT, HELD_AT).claim("ours", "theirs")
    assert (claim.difference.mean_m, claim.difference.over) == (-2.0, "none")
    assert (claim.outcome, claim.difference.p_value) == ("unknown", 1.0)
    said = "ours against theirs: -2.00 m, no interval (walks: 1, it takes 4)"
    assert sentence(claim) == said


def in_turn(seed, more_m=0.0, studies=(STUDY, "two"), reference_m=(8.0, 4.0)):
    """Return rows and walks of two test rounds, on which the arm with steps errs 2 m less."""
    rows, walks = [], []
    for study, held_m in zip(studies, reference_m, strict=False):
        for arm, mean_m in ((REFERENCE, held_m), (FILTERED, held_m - 2 + more_m)):
            rows.append(row(arm, mean_m, study=study, seed=seed))
            walks += [walk(arm, f"w{k}", mean_m, study=study, seed=seed) for k in range(2)]
    return rows, walks


def test_a_seed_that_lacks_a_test_round_is_left_out_and_no_test_round_with_it():
    whole = [in_turn(0), in_turn(1, more_m=1.0)]
    for runs in (whole, [*whole, in_turn(2, more_m=9.0, studies=(STUDY,))]):
        rows, walks = ([one for run in runs for one in run[at]] for at in (0, 1))
        held, filtered = rungs({"": [as_table(rows, ROWS)]}, as_table(walks, WALKS), empty(CDF))
        assert (held.mean_m, filtered.mean_m) == (6.0, 4.5)
        difference = filtered.claim.difference
        assert (difference.n_seeds, difference.n_blocks) == (2, 4)
        assert difference.mean_m == pytest.approx(-1.5)


def test_an_arm_of_which_no_seed_has_every_test_round_is_left_out():
    rows = [*in_turn(0)[0], row(FILTERED, 6.0, study="three", seed=1)]
    (held,) = rungs({"": [as_table(rows, ROWS)]}, empty(WALKS), empty(CDF))
    assert held.arm == HELD_AT


def quantiles_of(errors_m):
    return np.percentile(errors_m, QUANTILES)


def test_the_median_of_two_halves_that_do_not_meet_lies_between_them():
    low, high = np.linspace(0, 1, 101), np.linspace(9, 10, 101)
    found = pooled_quantile(np.stack([quantiles_of(low), quantiles_of(high)]), np.ones(2), 25.0)
    assert found == pytest.approx(0.5)
    found = pooled_quantile(np.stack([quantiles_of(low), quantiles_of(high)]), [1, 3], 50.0)
    assert found == pytest.approx(9 + 1 / 3, abs=1e-2)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    st.lists(st.integers(0, 2**31), min_size=1, max_size=4),
    st.sampled_from([50.0, 75.0, 90.0]),
)
def test_pooled_quantiles_are_those_of_all_errors_together(seeds, percent):
    sets = [
        np.random.default_rng(seed).gamma(2.0, 1 + seed % 5, 400 + seed % 300) for seed in seeds
    ]
    quantiles_m = np.stack([quantiles_of(errors_m) for errors_m in sets])
    found = pooled_quantile(quantiles_m, np.array([len(errors_m) for errors_m in sets]), percent)
    truth = np.percentile(np.concatenate(sets), percent)
    assert found == pytest.approx(truth, rel=0.03)
