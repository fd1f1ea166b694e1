"""Claims pair arms by seed, correct within a table, and speak plainly."""

import numpy as np

from mtloc_jax.report import claims
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.stats import Difference, holm
from tests.synthetic_rows import as_table, row, whole_grid

REAL = Provenance("table5", "B1 -> F1", False, "0123abc", "cpu")


def claim_of(low_m: float, high_m: float, p_holm: float) -> claims.Claim:
    mean_m = 0.5 * (low_m + high_m) if np.isfinite(low_m) else -0.31
    found = Difference(mean_m, low_m, high_m, p_holm / 2, -1.5, 30, 32, 1)
    return claims.Claim("fine-tuned at 50 %", "scratch at 100 %", "", found, p_holm)


def test_a_claim_that_holds_is_one_plain_sentence() -> None:
    assert claim_of(-0.52, -0.10, 0.004).sentence() == (
        "fine-tuned at 50 % beats scratch at 100 %: -0.31 m [-0.52, -0.10], p = 0.004, 32 seeds"
    )


def test_a_claim_that_fails_says_loses_and_an_open_one_says_so() -> None:
    assert "loses to scratch" in claim_of(0.10, 0.52, 0.004).sentence()
    assert claim_of(-0.4, 0.2, 0.3).sentence().startswith("no difference shown between fine-tuned")
    assert claim_of(-np.inf, np.inf, 1.0).sentence() == (
        "fine-tuned at 50 % against scratch at 100 %: -0.31 m, no interval (seeds: 32, it takes 4)"
    )


def test_a_tiny_p_is_not_printed_as_zero() -> None:
    assert "p < 0.001" in claim_of(-0.52, -0.10, 0.0002).sentence()


def test_arms_are_paired_by_the_seeds_they_share() -> None:
    ours = [row("transferred", 0.0, seed, 3.0 + seed) for seed in (0, 1, 2)]
    theirs = [row("scratch", 1.0, seed, 2.0 + seed) for seed in (1, 2, 3)]
    (claim,) = claims.transfer_claims(as_table([*ours, *theirs]))
    assert (claim.difference.n_seeds, claim.difference.mean_m) == (2, 1.0)


def test_every_rate_that_was_run_is_compared_and_no_other() -> None:
    table = as_table(line for line in whole_grid() if line["finetune_rate"] != 0.25)
    assert [claim.ours for claim in claims.transfer_claims(table)] == [
        "transferred",
        *(
            f"fine-tuned at {rate} %"
            for rate in ("100", "87.5", "75", "62.5", "50", "37.5", "12.5")
        ),
    ]
    assert [claim.theirs for claim in claims.same_rounds_claims(table)] == ["scratch at 100 %"]


def test_wiped_claims_compare_three_modalities_with_two_models() -> None:
    found = claims.wiped_claims(as_table(whole_grid()))
    assert [claim.theirs for claim in found] == ["transferred", "scratch at 100 %"] * 3
    assert found[0].where == "40 % of MAG wiped"


def test_p_values_are_corrected_over_the_whole_table() -> None:
    rng = np.random.default_rng(0)
    table = as_table(
        {**line, "mean_m": line["mean_m"] + rng.normal(0, 0.3)} for line in whole_grid(range(8))
    )
    found = claims.transfer_claims(table)
    raw = np.array([claim.difference.p_value for claim in found])
    assert [claim.p_holm for claim in found] == holm(raw).tolist()


def test_without_rows_there_are_no_claims() -> None:
    table = as_table([row("finetuned", 0.5, 0, 2.0)])
    assert claims.transfer_claims(table) == []
    assert claims.same_rounds_claims(table) == []
    assert claims.wiped_claims(table) == []
    assert claims.claims_csv([]).count("\n") == 1


def test_the_page_puts_sentences_first_and_admits_what_was_resampled() -> None:
    page = claims.claims_text("Claims", [claim_of(-0.52, -0.1, 0.004)], "scope", REAL).markdown()
    assert page.index("beats scratch") < page.index("| ours")
    assert "Seeds are resampled, not walks" in page


def test_the_csv_leaves_what_is_unknown_blank() -> None:
    line = claims.claims_csv([claim_of(-np.inf, np.inf, 1.0)]).splitlines()[1]
    assert line == ("fine-tuned at 50 %,scratch at 100 %,,-0.3100,,,0.5000,1.0000,-1.5000,30,32")
