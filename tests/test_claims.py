"""Claims pair arms by seed, correct within a question, and speak plainly."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mtloc_jax.arms import ARMS, Arm
from mtloc_jax.report import questions
from mtloc_jax.report.claim_sentences import sentence
from mtloc_jax.report.claim_tables import claims_table
from mtloc_jax.report.claims import Claim, corrected
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.questions import Families
from mtloc_jax.report.stats import Difference, holm
from mtloc_jax.report.student import Estimate
from mtloc_jax.report.table import as_csv
from mtloc_jax.rows import ROWS, empty, read
from tests.conftest import ROOT
from tests.synthetic_rows import as_table, row, whole_grid

REAL = Provenance("table5", "B1 -> F1", False, "0123abc", "cpu")
ALL_ROUNDS = "transfer against scratch on all rounds"
SAME_ROUNDS = "transfer against scratch on the same rounds"
POOLED = ", all rates together"
WIPED = "one modality partly wiped"
T_95 = 2.039513  # of 31 degrees of freedom


def claim_of(low_m: float, high_m: float, p_holm: float) -> Claim:
    mean_m = 0.5 * (low_m + high_m) if np.isfinite(low_m) else -0.31
    error_m = (high_m - low_m) / 2 / T_95 if np.isfinite(low_m) else np.inf
    estimate = Estimate(mean_m, error_m, 31)
    found = Difference(estimate, "seeds", 0.0015, -1.5, False, 30, 32, 1, 1)
    return Claim("fine-tuned 50 %", "scratch", "", found, p_holm)


def families(measured) -> Families:
    table = as_table(measured)
    return questions.families(table, table)


def noisy(measured) -> list[dict]:
    rng = np.random.default_rng(0)
    return [{**line, "mean_m": line["mean_m"] + rng.normal(0, 0.3)} for line in measured]


def test_a_claim_that_holds_is_one_plain_sentence() -> None:
    assert sentence(claim_of(-0.52, -0.10, 0.004)) == (
        "fine-tuned 50 % beats scratch: -0.31 m [-0.52, -0.10], p = 0.004 (t 0.005, drawn sign "
        "flips 0.002), 32 seeds"
    )


def test_a_claim_that_fails_says_loses_and_an_open_one_says_so() -> None:
    assert "loses to scratch" in sentence(claim_of(0.10, 0.52, 0.004))
    assert sentence(claim_of(-0.4, 0.2, 0.3)) == (
        "no difference shown between fine-tuned 50 % and scratch: -0.10 m [-0.40, +0.20], "
        "p = 0.300 (t 0.502, drawn sign flips 0.002), 32 seeds, could have found 0.43 m"
    )
    assert sentence(claim_of(-np.inf, np.inf, 1.0)) == (
        "fine-tuned 50 % against scratch: -0.31 m, no interval (seeds: 32, it takes 4)"
    )


def test_three_test_rounds_are_too_few_however_many_seeds_there_are() -> None:
    few = claim_of(-np.inf, np.inf, 1.0)
    in_turn = replace(few, difference=replace(few.difference, n_blocks=3))
    assert (few.lacking, in_turn.lacking) == ("seeds", "test rounds")
    table = claims_table("q", [in_turn], set(), "scope", REAL)
    assert "| too few test rounds |" in markdown(table)


def test_networks_compared_with_themselves_are_said_to_be_the_same() -> None:
    assert sentence(claim_of(0.0, 0.0, 1.0)) == "fine-tuned 50 % and scratch: the same networks"


def test_a_tiny_p_is_not_printed_as_zero() -> None:
    assert "p < 0.001" in sentence(claim_of(-0.52, -0.10, 0.0002))


def test_arms_are_paired_by_the_seeds_they_share() -> None:
    ours = [row("transferred", 0.0, seed, 3.0 + seed) for seed in (0, 1, 2)]
    theirs = [row("scratch", 1.0, seed, 2.0 + seed) for seed in (1, 2, 3)]
    (claim,) = families([*ours, *theirs])[ALL_ROUNDS]
    assert (claim.difference.n_seeds, claim.difference.mean_m) == (2, 1.0)


def test_every_rate_that_was_run_is_compared_and_no_other() -> None:
    found = families(line for line in whole_grid() if line["finetune_rate"] != 0.25)
    assert [claim.ours for claim in found[ALL_ROUNDS]] == [
        "transferred",
        *(f"fine-tuned {rate} %" for rate in ("100", "87.5", "75", "62.5", "50", "37.5", "12.5")),
    ]
    assert [claim.theirs for claim in found[SAME_ROUNDS]] == ["scratch"]


def test_wiped_claims_compare_each_modality_with_two_models() -> None:
    found = families(whole_grid())[WIPED]
    assert [claim.theirs for claim in found] == ["transferred", "scratch"] * 3
    assert found[0].where == "40 % of IMU wiped"


def test_an_arm_that_a_user_registers_is_compared_with_scratch(monkeypatch) -> None:
    line = {"color": "#123456", "linestyle": "-", "marker": "o"}
    monkeypatch.setitem(ARMS, "mine", Arm("mine", "My arm", line))
    measured = [row(arm, 0.5, seed, 2.0) for arm in ("mine", "scratch") for seed in range(4)]
    (claim,) = families(measured)[SAME_ROUNDS]
    assert (claim.ours, claim.theirs) == ("My arm 50 %", "scratch 50 %")


def test_predictors_are_compared_with_each_arm_of_networks_at_every_rate() -> None:
    rates = (1.0, 0.5)
    own = [row("constant", rate, seed, 5.0 + seed) for rate in rates for seed in range(6)]
    own += [row("wifi-knn", rate, seed, 2.0 + seed) for rate in rates for seed in range(1, 6)]
    beside = [row("scratch", rate, seed, 4.0 + seed) for rate in rates for seed in range(6)]
    beside += [row("finetuned", rate, seed, 4.0 + seed) for rate in rates for seed in range(6)]
    found = questions.families(as_table(own), as_table([*own, *beside]))
    assert list(found) == [
        f"predictors against {network} on the same rounds{pooled}"
        for network in ("scratch", "fine-tuned")
        for pooled in (POOLED, "")
    ]
    claims = found["predictors against scratch on the same rounds"]
    assert [(c.ours, c.theirs) for c in claims] == [
        ("constant", "scratch"),
        ("WiFi k-NN", "scratch"),
        ("constant 50 %", "scratch 50 %"),
        ("WiFi k-NN 50 %", "scratch 50 %"),
    ]
    assert [c.difference.mean_m for c in claims] == pytest.approx([1, -2, 1, -2])
    assert [c.difference.n_seeds for c in claims] == [6, 5, 6, 5]


def test_carried_rows_are_compared_with_reinitialised_ones_on_either_split() -> None:
    measured = noisy(
        row(arm, rate, seed, 5.0 + seed - (arm == "carried"), split=split)
        for arm in ("scratch", "carried", "reinitialised")
        for rate in (1.0, 0.5)
        for seed in range(6)
        for split in ("test", "validation")
    )
    pooled, name = found = families(measured)
    assert name == "WiFi rows carried by BSSID against WiFi rows re-initialised"
    assert pooled == f"{name}{POOLED}"
    assert [claim.place for claim in found[pooled]] == [
        "2 rates pooled, test",
        "2 rates pooled, validation",
    ]
    assert [claim.ours for claim in found[name]] == [
        "WiFi rows carried by BSSID 100 %",
        "WiFi rows carried by BSSID 50 %",
    ]
    assert all(claim.difference.mean_m == pytest.approx(-1.0, abs=0.5) for claim in found[name])
    (validated,) = questions.surveyed_twice(as_table(measured), "validation").values()
    assert validated[0].difference.mean_m != found[name][0].difference.mean_m


def test_p_values_are_corrected_over_the_whole_question() -> None:
    found = families(noisy(whole_grid(range(8))))[ALL_ROUNDS]
    raw = np.array([claim.difference.p_value for claim in found])
    assert [claim.p_holm for claim in found] == holm(raw).tolist()


def test_what_is_claimed_twice_counts_once_and_networks_against_themselves_for_nothing() -> None:
    once, other = claim_of(-0.5, -0.1, 0.02), claim_of(-0.6, -0.2, 0.04)
    same = claim_of(0.0, 0.0, 1.0)
    found = corrected([once, same, once, other])
    raw = [claim.difference.p_value for claim in (once, other)]
    twice = holm(np.array(raw)).tolist()
    assert [claim.p_holm for claim in found] == [twice[0], 1.0, twice[0], twice[1]]


def test_what_was_not_shown_to_differ_is_never_said_to_be_the_same_without_a_margin() -> None:
    (open_,) = corrected([claim_of(-0.02, 0.01, 0.3)])
    assert open_.outcome == "open"
    assert "the same" not in sentence(open_)
    text = markdown(claims_table("q", [open_], {"fine-tuned 50 %"}, "scope", REAL))
    assert "What is not shown to differ is not shown to be the same." in text
    assert "the same within" not in text.lower()


def test_arms_are_the_same_within_a_margin_after_two_one_sided_tests() -> None:
    # Error 0.2 / 2.0395 = 0.0981 m; (0.5 - 0.05) / 0.0981 = 4.59 errors to the margin.
    (alike,) = corrected([claim_of(-0.25, 0.15, 0.3)], margin_m=0.5)
    assert sentence(alike) == (
        "fine-tuned 50 % and scratch are the same within 0.5 m: -0.05 m [-0.25, +0.15], p = 0.614 "
        "(t 0.614, drawn sign flips 0.002), 32 seeds, 90 % [-0.22, +0.12], "
        "p of a larger one < 0.001"
    )
    table = claims_table("q", [alike], {"fine-tuned 50 %"}, "scope", REAL)
    assert "The same within 0.5 m, the margin that config.json names" in markdown(table)


@pytest.mark.parametrize(("margin_m", "outcome"), [(0.21, "open"), (0.22, "alike")])
def test_the_90_per_cent_interval_decides_on_the_margin(margin_m: float, outcome: str) -> None:
    # Its lower end is -0.05 - 1.6955 * 0.0981 = -0.216.
    (found,) = corrected([claim_of(-0.25, 0.15, 0.3)], margin_m)
    assert found.outcome == outcome


def test_a_difference_that_is_shown_is_not_the_same_but_less_than_the_margin() -> None:
    (found,) = corrected([claim_of(0.1, 0.3, 0.004)], margin_m=0.5)
    assert sentence(found).startswith(
        "fine-tuned 50 % loses to scratch by less than 0.5 m: +0.20 m"
    )


def test_p_of_the_margin_is_corrected_over_the_question_too() -> None:
    claims = [claim_of(-0.25, 0.15, 0.3), claim_of(-0.3, 0.2, 0.3), claim_of(-0.9, 0.9, 0.3)]
    raw = np.array([claim.difference.estimate.p_within(0.3) for claim in claims])
    found = corrected(claims, margin_m=0.3)
    assert [claim.p_within for claim in found] == pytest.approx(holm(raw))


def test_two_groups_of_differences_are_said_in_the_sentence_and_marked_in_the_table() -> None:
    measured = [row("scratch", 1.0, seed, 2.0) for seed in range(8)]
    measured += [row("transferred", 0.0, s, 3.0 + 0.01 * s + 5 * (s > 3)) for s in range(8)]
    (claim,) = families(measured)[ALL_ROUNDS]
    assert claim.difference.two_groups
    assert sentence(claim).endswith(", 8 seeds, differences in two groups")
    text = markdown(claims_table("q", [claim], {"transferred"}, "scope", REAL))
    assert "| two groups |" in text
    assert "test for clusters of Engelman and Hartigan" in text


def test_rates_are_pooled_within_each_seed_on_either_split_by_hand() -> None:
    # Seeds 0..3 differ by 1, 2, 3, 4 at 100 % and by 3, 4, 5, 6 at 50 %: 2, 3, 4, 5 on the whole.
    measured = [
        row("scratch", rate, seed, 5.0, split=split)
        for rate in (1.0, 0.5)
        for seed in range(4)
        for split in ("test", "validation")
    ]
    measured += [
        {**line, "arm": "finetuned", "mean_m": 6.0 + line["seed"] + 2 * (line["finetune_rate"] < 1)}
        for line in measured
    ]
    measured += [
        row("finetuned", 0.25, seed, 99.0) for seed in range(4)
    ]  # scratch has no such rate
    found = families(measured)
    names = list(found)
    assert names.index(SAME_ROUNDS + POOLED) + 1 == names.index(SAME_ROUNDS)
    test, validation = found[SAME_ROUNDS + POOLED]
    assert (test.ours, test.theirs, test.n_rates) == ("fine-tuned", "scratch", 2)
    assert (test.split, validation.split) == ("test", "validation")
    for claim in (test, validation):
        assert claim.difference.mean_m == pytest.approx(3.5)
        assert claim.difference.estimate.error_m == pytest.approx((5 / 3) ** 0.5 / 2)
        assert claim.difference.n_seeds == 4
    text = markdown(claims_table("q", [test, validation], set(), "scope", REAL))
    assert "2 rates pooled, validation" in text
    assert "Nothing was chosen on validation" in text


def test_a_seed_that_lacks_a_rate_is_not_pooled_and_one_rate_is_no_pool() -> None:
    arms = ("scratch", "finetuned")
    measured = [row(arm, rate, s, 5.0 + s) for arm in arms for rate in (1.0, 0.5) for s in range(5)]
    (pooled,) = families(measured[:-1])[SAME_ROUNDS + POOLED]
    assert pooled.difference.n_seeds == 4
    once = [line for line in measured if line["finetune_rate"] == 1]
    assert SAME_ROUNDS + POOLED not in families(once)


def test_what_chose_its_neighbours_on_validation_is_pooled_on_test_alone() -> None:
    arms = ("scratch", "constant", "wifi-knn")
    measured = [
        row(arm, rate, seed, 5.0 + seed, split=split)
        for arm in arms
        for rate in (1.0, 0.5)
        for seed in range(4)
        for split in ("test", "validation")
    ]
    found = families(measured)["predictors against scratch on the same rounds" + POOLED]
    assert [(claim.ours, claim.split) for claim in found] == [
        ("constant", "test"),
        ("constant", "validation"),
        ("WiFi k-NN", "test"),
    ]


@pytest.mark.parametrize("split", ["test", "validation"])
def test_committed_rows_pooled_are_the_mean_over_rates_within_each_seed(split: str) -> None:
    table = read(ROOT / "results" / "location20" / ROWS)
    pooled = questions.families(table, table)[SAME_ROUNDS + POOLED]
    (found,) = (claim.difference for claim in pooled if claim.split == split)
    of_seed: dict[int, list[float]] = {}
    clean = (table["split"] == split) & (table["modality"] == "none")
    for seed, rate, arm, mean_m in zip(
        *(table[name][clean] for name in ("seed", "finetune_rate", "arm", "mean_m")), strict=True
    ):
        sign = {"finetuned": 1, "scratch": -1}.get(arm, 0)
        of_seed.setdefault(int(seed), []).append(sign * mean_m / 8)
        assert not sign or rate in np.arange(1, 9) / 8
    differences = np.array([sum(parts) for parts in of_seed.values()])
    interval = stats.ttest_1samp(differences, 0).confidence_interval()
    assert found.mean_m == pytest.approx(differences.mean())
    assert (found.low_m, found.high_m) == pytest.approx((interval.low, interval.high))
    assert (found.n_better, found.n_seeds) == (int((differences < 0).sum()), 16)


def test_without_rows_there_are_no_claims() -> None:
    assert families([row("finetuned", 0.5, 0, 2.0)]) == {}
    assert questions.families(empty(ROWS), empty(ROWS)) == {}


def test_the_table_puts_sentences_of_leading_arms_first_and_admits_what_was_resampled() -> None:
    claims = [claim_of(-0.52, -0.1, 0.004)]
    text = markdown(claims_table("is it so", claims, {"fine-tuned 50 %"}, "scope", REAL))
    assert text.index("beats scratch") < text.index("| ours")
    assert "Seeds vary, not walks" in text
    assert "beats" not in markdown(claims_table("is it so", claims, set(), "scope", REAL))


def test_a_table_of_wiped_claims_says_how_modalities_were_wiped() -> None:
    how = replace(REAL, wiping="Wiped: windows, filled with: zero.")
    for question, claims in families(whole_grid()).items():
        (said,) = [claims_table(question, claims, set(), "s", how).notes]
        assert (how.wiping in said) == (question == WIPED)


def test_the_csv_leaves_what_is_unknown_blank() -> None:
    few, same = claim_of(-np.inf, np.inf, 1.0), claim_of(0.0, 0.0, 1.0)
    lines = as_csv([claims_table("q", [few, same], set(), "s", REAL)]).splitlines()
    assert lines[0].startswith(
        "question,ours,theirs,wiped,n_rates,split,difference_m,low_m,high_m,p,p_flips,p_holm,"
        "p_margin,could_find_m,warning,effect,n_better,n_seeds"
    )
    assert lines[1] == "q,fine-tuned 50 %,scratch,,1,test,-0.3100,,,,,,,,,-1.5000,30,32"
    assert lines[2] == "q,fine-tuned 50 %,scratch,,1,test,0.0000,,,,,,,,,,30,32"
