"""Claims pair arms by seed, correct within a question, and speak plainly."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.arms import ARMS, Arm
from mtloc_jax.report import questions
from mtloc_jax.report.claim_tables import claims_table
from mtloc_jax.report.claims import Claim, corrected
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.questions import Families
from mtloc_jax.report.stats import Difference, holm
from mtloc_jax.report.table import as_csv
from mtloc_jax.rows import ROWS, empty
from tests.synthetic_rows import as_table, row, whole_grid

REAL = Provenance("table5", "B1 -> F1", False, "0123abc", "cpu")
ALL_ROUNDS = "transfer against scratch on all rounds"
SAME_ROUNDS = "transfer against scratch on the same rounds"
WIPED = "one modality partly wiped"


def claim_of(low_m: float, high_m: float, p_holm: float) -> Claim:
    mean_m = 0.5 * (low_m + high_m) if np.isfinite(low_m) else -0.31
    found = Difference(mean_m, low_m, high_m, p_holm / 2, -1.5, 30, 32, 1)
    return Claim("fine-tuned 50 %", "scratch", "", found, p_holm)


def families(measured) -> Families:
    table = as_table(measured)
    return questions.families(table, table)


def noisy(measured) -> list[dict]:
    rng = np.random.default_rng(0)
    return [{**line, "mean_m": line["mean_m"] + rng.normal(0, 0.3)} for line in measured]


def test_a_claim_that_holds_is_one_plain_sentence() -> None:
    assert claim_of(-0.52, -0.10, 0.004).sentence() == (
        "fine-tuned 50 % beats scratch: -0.31 m [-0.52, -0.10], p = 0.004, 32 seeds"
    )


def test_a_claim_that_fails_says_loses_and_an_open_one_says_so() -> None:
    assert "loses to scratch" in claim_of(0.10, 0.52, 0.004).sentence()
    assert claim_of(-0.4, 0.2, 0.3).sentence().startswith("no difference shown between fine-tuned")
    assert claim_of(-np.inf, np.inf, 1.0).sentence() == (
        "fine-tuned 50 % against scratch: -0.31 m, no interval (seeds: 32, it takes 4)"
    )


def test_networks_compared_with_themselves_are_said_to_be_the_same() -> None:
    assert claim_of(0.0, 0.0, 1.0).sentence() == "fine-tuned 50 % and scratch: the same networks"


def test_a_tiny_p_is_not_printed_as_zero() -> None:
    assert "p < 0.001" in claim_of(-0.52, -0.10, 0.0002).sentence()


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
        "predictors against scratch on the same rounds",
        "predictors against fine-tuned on the same rounds",
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
    (name,) = found = families(measured)
    assert name == "WiFi rows carried by BSSID against WiFi rows re-initialised"
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
    assert [claim.p_holm for claim in found] == [0.02, 1.0, 0.02, 0.02]


def test_without_rows_there_are_no_claims() -> None:
    assert families([row("finetuned", 0.5, 0, 2.0)]) == {}
    assert questions.families(empty(ROWS), empty(ROWS)) == {}


def test_the_table_puts_sentences_of_leading_arms_first_and_admits_what_was_resampled() -> None:
    claims = [claim_of(-0.52, -0.1, 0.004)]
    text = markdown(claims_table("is it so", claims, {"fine-tuned 50 %"}, "scope", REAL))
    assert text.index("beats scratch") < text.index("| ours")
    assert "Seeds are resampled, not walks" in text
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
        "question,ours,theirs,wiped,difference_m,low_m,high_m,p,p_holm,effect"
    )
    assert lines[1] == "q,fine-tuned 50 %,scratch,,-0.3100,,,,,-1.5000,30,32"
    assert lines[2] == "q,fine-tuned 50 %,scratch,,0.0000,,,,,,30,32"
