"""Tables V and VI against figures worked by hand."""

import pytest

from mtloc_jax.report import arms, tables
from mtloc_jax.report.provenance import Provenance
from tests.synthetic_rows import as_table, row, whole_grid

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
REAL = Provenance("table5", "B1 -> F1", False, "0123abc", "cpu")


def line_of(lines: list[tables.Line], arm: arms.Arm, wiped: str = "none") -> tables.Line:
    return next(line for line in lines if line.arm == arm and line.wiped == wiped)


def test_table_v_is_the_mean_and_the_sample_deviation_over_seeds() -> None:
    table = as_table(
        row("scratch", 1.0, seed, mean) for seed, mean in ((0, 2.0), (1, 3.0), (2, 4.0))
    )
    summary = line_of(tables.table5(table, "test"), ("scratch", 1.0)).summary
    assert summary is not None
    assert summary.mean.tolist() == [3, 4, 5, 6, 7, 8]
    assert summary.spread.tolist() == [1.0] * 6
    assert (summary.n_seeds, summary.n_windows) == (3, 844)


def test_table_v_has_the_papers_columns_in_the_papers_order() -> None:
    text = tables.table5_text(as_table(whole_grid()), "test", REAL).transposed()
    rates = ("100 %", "87.5 %", "75 %", "62.5 %", "50 %", "37.5 %", "25 %", "12.5 %", "0 %")
    assert text.header == ("fine-tune rate", "scratch", *rates)
    assert text.body[0][:3] == ("mean", "2.25 ± 0.35", "2.25 ± 0.35")


def test_the_papers_figures_stand_beside_ours() -> None:
    lines = tables.table5(as_table(whole_grid()), "test")
    assert [line.paper[0] for line in lines] == [
        2.39, 1.46, 1.75, 1.81, 1.56, 1.85, 1.80, 2.36, 3.34, 3.35,
    ]  # fmt: skip
    assert [line.paper[1] for line in lines] == [
        2.77, 1.63, 2.07, 1.92, 1.82, 1.96, 2.17, 3.70, 4.75, 5.09,
    ]  # fmt: skip
    wiped = {
        (line.wiped, line.arm[0]): line.paper[0] for line in tables.table6(as_table(whole_grid()))
    }
    assert wiped["imu", "transferred"] == 7.99
    assert wiped["average", "finetuned"] == 2.92
    assert wiped["wifi", "scratch"] is None


def test_a_validation_row_stays_out_of_the_test_table() -> None:
    table = as_table([row("scratch", 1.0, 0, 2.0), row("scratch", 1.0, 0, 9.0, split="validation")])
    test, validation = (tables.table5(table, split)[0].summary for split in ("test", "validation"))
    assert test is not None
    assert validation is not None
    assert (test.mean[0], validation.mean[0]) == (2.0, 9.0)


def test_wipe_seeds_are_averaged_within_a_seed_before_the_spread_is_taken() -> None:
    # Seed 0 errs by 4 and 6 m, seed 1 by 6 and 8 m: 5 and 7, so 6 ± sqrt(2).
    table = as_table(
        row("transferred", 0.0, seed, mean, modality="mag", drop_rate=0.4, wipe_seed=wipe)
        for seed, wipe, mean in ((0, 0, 4.0), (0, 1, 6.0), (1, 0, 6.0), (1, 1, 8.0))
    )
    summary = line_of(tables.table6(table), ("transferred", 0.0), "mag").summary
    assert summary is not None
    assert summary.mean[0] == 6.0
    assert summary.spread[0] == pytest.approx(2**0.5)
    assert summary.n_seeds == 2


def test_the_average_pairs_the_modalities_seed_by_seed() -> None:
    # Seed 0: (1 + 2 + 6) / 3 = 3; seed 1: (3 + 4 + 8) / 3 = 5; seed 2 lacks WiFi and is left out.
    errors_m = {0: (1.0, 2.0, 6.0), 1: (3.0, 4.0, 8.0), 2: (50.0, 50.0)}
    table = as_table(
        row("scratch", 1.0, seed, mean, modality=name, drop_rate=0.4)
        for seed, means in errors_m.items()
        for name, mean in zip(("mag", "imu", "wifi"), means, strict=False)
    )
    summary = line_of(tables.table6(table), ("scratch", 1.0), "average").summary
    assert summary is not None
    assert summary.mean[0] == 4.0
    assert summary.spread[0] == pytest.approx(2**0.5)
    assert summary.n_seeds == 2


def test_a_rate_that_was_not_run_is_said_in_words() -> None:
    table = as_table(line for line in whole_grid() if line["finetune_rate"] != 0.375)
    text = tables.table5_text(table, "test", REAL)
    assert next(cells for cells in text.body if cells[0] == "37.5 %")[1] == "not run"
    assert "Not run: fine-tuned 37.5 %." in text.notes


def test_table_vi_takes_the_nearest_rate_and_says_so() -> None:
    table = as_table(line for line in whole_grid() if line["finetune_rate"] != 0.625)
    assert arms.headline_rate(table) == 0.5  # as near as 75 %, and the lower of the two
    text = tables.table6_text(table, REAL)
    assert "62.5 % was not run: the nearest rate, 50 %, stands in." in text.notes
    assert ("MAG", "fine-tuned 50 %") in {cells[:2] for cells in text.body}


def test_a_modality_that_was_not_wiped_is_said_in_words() -> None:
    table = as_table(
        line for line in whole_grid() if (line["modality"], line["arm"]) != ("wifi", "scratch")
    )
    notes = tables.table6_text(table, REAL).notes
    assert "Not run: scratch with 40 % of WiFi wiped." in notes


def test_one_seed_has_no_spread() -> None:
    text = tables.table5_text(as_table(whole_grid(seeds=[0])), "test", REAL)
    assert text.body[0][:3] == ("scratch", "2.00", "3.00")


def test_every_table_names_pair_windows_and_seeds_and_says_simulated_only_where_it_is() -> None:
    table = as_table(whole_grid())
    for provenance in (SIMULATED, REAL):
        for text in (
            tables.table5_text(table, "test", provenance),
            tables.table6_text(table, provenance),
        ):
            assert ("simulated" in text.markdown()) == provenance.simulated
            assert text.scope == f"{provenance.site_pair} | test: 844 windows | 2 seeds"


def test_markdown_is_a_title_a_scope_and_an_aligned_table() -> None:
    text = tables.table6_text(as_table(whole_grid()), SIMULATED)
    lines = text.markdown().splitlines()
    assert lines[0] == "# Table VI: error (m) with 40 % of one modality wiped (simulated)"
    assert lines[2] == "office -> hall | test: 844 windows | 2 seeds"
    assert lines[5].startswith("| ------- | ----------------- | ----------:")
    assert len({len(line) for line in lines if line.startswith("|")}) == 1
    assert sum(line.startswith("|") for line in lines) == 2 + 4 * 3


def test_the_csv_holds_bare_numbers_and_blanks_where_there_is_none() -> None:
    table = as_table(row("scratch", 1.0, seed, mean) for seed, mean in ((0, 2.0), (1, 3.0)))
    text = tables.lines_csv(tables.table5(table, "test")).splitlines()
    assert text[0].startswith("split,wiped,drop_rate,arm,finetune_rate,n_seeds,n_windows,mean_m,")
    assert text[1].startswith("test,none,0.0,scratch,1.0,2,844,2.5000,0.7071,3.5000,0.7071")
    assert text[1].endswith("2.3900,2.7700")
    assert text[2] == "test,none,0.0,finetuned,1.0,0,0" + "," * 12 + ",1.4600,1.6300"
