"""Tables V, VI and those by share of the rounds against figures worked by hand."""

import csv
import io

import pytest

from mtloc_jax.arms import ARMS, Arm
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report import error_tables, paper_tables
from mtloc_jax.report.card_notes import CardNotes, Survey
from mtloc_jax.report.card_tables import card_predictors
from mtloc_jax.report.chosen_tables import chosen
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.table import Reach, ReportTable, as_csv
from mtloc_jax.rows import CHOSEN, ROWS, empty
from tests.synthetic_rows import as_table, row, whole_grid

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
REAL = Provenance(
    "table5", "B1 -> F1", False, "0123abc", "cpu", "Wiped: windows, filled with: zero."
)


def data(tables: list[ReportTable]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(tables)))) if tables else []


def line_of(
    tables: list[ReportTable], arm: str, rate: float, wiped: str = "none"
) -> dict[str, str]:
    keys = (arm, str(rate), wiped)
    (line,) = (
        line for line in data(tables) if (line["arm"], line["finetune_rate"], line["wiped"]) == keys
    )
    return line


def table5(measured, split: str = "test") -> list[ReportTable]:
    return paper_tables.table5(as_table(measured), split, REAL)


def table6(measured) -> list[ReportTable]:
    return paper_tables.table6(as_table(measured), REAL)


def tuned(mean_m: float, seed: int = 0, **other) -> dict:
    return row("finetuned", 1.0, seed, mean_m, **other)


def test_table_v_is_the_mean_and_the_sample_deviation_over_seeds() -> None:
    line = line_of(table5([tuned(m, s) for s, m in enumerate((2.0, 3.0, 4.0))]), "finetuned", 1.0)
    assert [line[name] for name in ("mean_m", "std_m", "p95_m")] == ["3.0000", "4.0000", "8.0000"]
    assert line["mean_m_spread"] == line["p95_m_spread"] == "1.0000"
    assert (line["n_seeds"], line["n_windows"]) == ("3", "844")


def test_table_v_has_the_papers_columns_in_the_papers_order() -> None:
    (table,) = table5(whole_grid())
    grid = table.grid(Reach.PAGE).turned()
    rates = ("100 %", "87.5 %", "75 %", "62.5 %", "50 %", "37.5 %", "25 %", "12.5 %", "0 %")
    assert grid.header == ("fine-tune rate", "scratch", *rates)
    first = [cell.text() for cell in grid.body[0]]
    assert first[:3] == ["mean", "2.25 ± 0.35", "2.25 ± 0.35"]
    assert "| mean           | 2.25 ± 0.35 |" in markdown(table)


def test_the_papers_figures_stand_beside_ours() -> None:
    lines = data(table5(whole_grid()))
    assert [float(line["paper_mean_m"]) for line in lines] == [
        2.39, 1.46, 1.75, 1.81, 1.56, 1.85, 1.80, 2.36, 3.34, 3.35,
    ]  # fmt: skip
    assert [float(line["paper_std_m"]) for line in lines] == [
        2.77, 1.63, 2.07, 1.92, 1.82, 1.96, 2.17, 3.70, 4.75, 5.09,
    ]  # fmt: skip
    wiped = {
        (line["wiped"], line["arm"]): line["paper_mean_m"] for line in data(table6(whole_grid()))
    }
    assert wiped["imu", "transferred"] == "7.9900"
    assert wiped["average", "finetuned"] == "2.9200"
    assert wiped["wifi", "scratch"] == ""


def test_a_validation_row_stays_out_of_the_test_table() -> None:
    measured = [tuned(2.0), tuned(9.0, split="validation")]
    found = [line_of(table5(measured, s), "finetuned", 1.0) for s in ("test", "validation")]
    assert [line["mean_m"] for line in found] == ["2.0000", "9.0000"]


def test_wipe_seeds_are_averaged_within_a_seed_before_the_spread_is_taken() -> None:
    # Seed 0 errs by 4 and 6 m, seed 1 by 6 and 8 m: 5 and 7, so 6 ± sqrt(2).
    measured = [
        row("transferred", 0.0, seed, mean, modality="mag", drop_rate=0.4, wipe_seed=wipe)
        for seed, wipe, mean in ((0, 0, 4.0), (0, 1, 6.0), (1, 0, 6.0), (1, 1, 8.0))
    ]
    line = line_of(table6(measured), "transferred", 0.0, "mag")
    assert (line["mean_m"], line["mean_m_spread"]) == ("6.0000", "1.4142")
    assert line["n_seeds"] == "2"


def test_the_average_pairs_the_modalities_seed_by_seed() -> None:
    # Seed 0: (1 + 2 + 6) / 3 = 3; seed 1: (3 + 4 + 8) / 3 = 5; seed 2 lacks WiFi and is left out.
    errors_m = {0: (1.0, 2.0, 6.0), 1: (3.0, 4.0, 8.0), 2: (50.0, 50.0)}
    measured = [
        row("scratch", 1.0, seed, mean, modality=name, drop_rate=0.4)
        for seed, means in errors_m.items()
        for name, mean in zip(("mag", "imu", "wifi"), means, strict=False)
    ]
    line = line_of(table6(measured), "scratch", 1.0, "average")
    assert (line["mean_m"], line["mean_m_spread"], line["n_seeds"]) == ("4.0000", "1.4142", "2")


def test_a_rate_that_is_not_in_the_rows_is_not_in_the_table() -> None:
    (table,) = table5(line for line in whole_grid() if line["finetune_rate"] != 0.375)
    assert "37.5 %" not in markdown(table)
    assert "not run" not in markdown(table).lower()
    assert len(table.lines) == 9


def test_table_vi_takes_the_nearest_rate_and_says_so() -> None:
    (table,) = table6(line for line in whole_grid() if line["finetune_rate"] != 0.625)
    assert "50 % stands for the paper's 62.5 %: it is the nearest." in table.notes
    assert {line["finetune_rate"] for line in data([table]) if line["arm"] == "finetuned"} == {
        "0.5"
    }


def test_a_modality_that_was_not_wiped_has_no_line() -> None:
    lines = data(
        table6(
            line for line in whole_grid() if (line["modality"], line["arm"]) != ("wifi", "scratch")
        )
    )
    held = {(line["wiped"], line["arm"]) for line in lines}
    assert ("wifi", "scratch") not in held
    assert {("wifi", "transferred"), ("imu", "scratch")} <= held
    assert ("average", "scratch") not in held


def test_a_table_of_wiping_says_how_modalities_were_wiped() -> None:
    (table,) = table6(whole_grid())
    assert REAL.wiping in table.notes


def test_an_arm_and_a_modality_that_a_user_registers_are_in_the_tables(monkeypatch) -> None:
    line = {"color": "#123456", "linestyle": "-", "marker": "o"}
    monkeypatch.setitem(ARMS, "mine", Arm("mine", "My arm", line))
    monkeypatch.setitem(MODALITIES, "baro", MODALITIES["mag"].__class__(
        **{**MODALITIES["mag"].__dict__, "name": "baro", "label": "Barometer"}
    ))  # fmt: skip
    measured = [
        *whole_grid(),
        *(row("mine", 0.5, seed, 2.0) for seed in (0, 1)),
        *(row("mine", 0.5, s, 2.0, modality="baro", drop_rate=0.4) for s in (0, 1)),
    ]
    (by_share,) = error_tables.by_share(as_table(measured), "test", None, REAL)
    assert "My arm" in by_share.grid(Reach.PAGE).header
    (wiped,) = table6(measured)
    labels = [[cell.text() for cell in line[:2]] for line in wiped.grid(Reach.PAGE).body]
    assert ["Barometer", "My arm 50 %"] in labels


def test_an_arm_of_another_version_is_called_by_its_name() -> None:
    (table,) = error_tables.by_share(as_table([row("odd", 0.5, 0, 2.0)]), "test", None, REAL)
    assert table.grid(Reach.PAGE).header == ("rate", "odd")


def test_one_seed_has_no_spread() -> None:
    (table,) = table5(whole_grid(seeds=[0]))
    assert [cell.text() for cell in table.grid(Reach.PAGE).body[0]][:3] == [
        "scratch",
        "2.00",
        "3.00",
    ]


def test_errors_by_share_have_a_line_a_rate_and_a_column_an_arm() -> None:
    measured = [
        row(arm, rate, seed, at + 4 * rate + seed)
        for at, arm in enumerate(("wifi-knn", "scratch"))
        for rate in (1.0, 0.5)
        for seed in (0, 1)
    ]
    (table,) = error_tables.by_share(as_table(measured), "test", Survey(8, 12.0), REAL, SIMULATED)
    grid = table.grid(Reach.PAGE)
    assert grid.header == ("rate", "rounds", "minutes", "scratch", "WiFi k-NN")
    assert [[cell.text() for cell in line] for line in grid.body] == [
        ["100 %", "8", "12.0", "5.50 ± 0.71", "4.50 ± 0.71"],
        ["50 %", "4", "6.0", "3.50 ± 0.71", "2.50 ± 0.71"],
    ]
    assert line_of([table], "wifi-knn", 0.5)["p95_m"] == "7.5000"
    assert "Networks: same windows; study table5, git revision 0123abc." in table.notes
    assert any(note.startswith("k of k-NN") for note in table.notes)
    assert not any(note.startswith("Constant") for note in table.notes)


def test_what_runs_chose_is_a_median_and_a_range_of_numbers_and_counts_of_words() -> None:
    keys = {"study": "s", "site_pair": "a->b", "arm": "wifi-knn"}
    found = [
        {**keys, "finetune_rate": rate, "seed": seed, "setting": setting, "value": value}
        for rate in (1.0, 0.5)
        for seed in range(3)
        for setting, value in (("neighbours", (1, 5, 13)[seed]), ("metric", "L1" if seed else "L2"))
    ]
    numbers, words = chosen(
        as_table([{**one, "value": str(one["value"])} for one in found], CHOSEN), REAL
    )
    assert [[c.text() for c in line] for line in numbers.grid(Reach.PAGE).body] == [
        ["100 %", "5 (1-13)"],
        ["50 %", "5 (1-13)"],
    ]
    assert words.grid(Reach.PAGE).body[0][1].text() == "L1 (2), L2 (1)"
    assert as_csv([numbers]).splitlines()[1] == "neighbours,wifi-knn,1.0,5,1,13"
    assert chosen(empty(CHOSEN), REAL) == []


def test_each_site_says_which_expert_it_chose() -> None:
    keys = {"study": "s", "arm": "chosen-held", "finetune_rate": 1.0, "setting": "expert"}
    rows = [
        {**keys, "seed": seed, "value": value, "site_pair": pair}
        for pair, values in (("a->b", ("matcher", "matcher")), ("a->c", ("v3", "radio-map")))
        for seed, value in enumerate(values)
    ]
    (table,) = chosen(as_table(rows, CHOSEN), REAL)
    assert [[c.text() for c in line] for line in table.grid(Reach.PAGE).body] == [
        ["a->b", "100 %", "matcher (2)"],
        ["a->c", "100 %", "radio-map (1), v3 (1)"],
    ]


def test_the_targets_card_says_what_predictors_err_and_the_sources_does_not() -> None:
    figures = {"validation": {"mean": 8.0, "median": 7.5}, "test": {"mean": 9.25, "median": 9.0}}
    cards = [CardNotes(role, "b", (), 3, {"constant": figures}) for role in ("source", "target")]
    (table,) = card_predictors(cards, SIMULATED)
    assert "simulated" in table.title
    line = [cell.text() for cell in table.grid(Reach.PAGE).body[0]]
    assert line == ["constant", "8.00", "7.50", "9.25", "9.00"]
    assert as_csv([table]).splitlines()[1] == "constant,8.0000,7.5000,9.2500,9.0000"
    assert card_predictors(cards[:1], SIMULATED) == []


@pytest.mark.parametrize("provenance", [SIMULATED, REAL])
def test_every_table_names_pair_windows_and_seeds_and_says_simulated_only_where_it_is(
    provenance: Provenance,
) -> None:
    table = as_table(whole_grid())
    for found in (
        *paper_tables.table5(table, "test", provenance),
        *paper_tables.table6(table, provenance),
        *error_tables.by_share(table, "test", None, provenance),
    ):
        assert ("simulated" in markdown(found)) == provenance.simulated
        assert found.scope == f"{provenance.site_pair} | test: 844 windows | 2 seeds"


def test_markdown_is_a_title_a_scope_and_an_aligned_table() -> None:
    lines = markdown(paper_tables.table6(as_table(whole_grid()), SIMULATED)[0]).splitlines()
    assert lines[0] == "# Table VI: error (m) with 40 % of one modality wiped (simulated)"
    assert lines[2] == "office -> hall | test: 844 windows | 2 seeds"
    assert lines[5].startswith("| ------- | ----------------- | ----------:")
    assert len({len(line) for line in lines if line.startswith("|")}) == 1
    assert sum(line.startswith("|") for line in lines) == 2 + 4 * 3


def test_without_rows_there_are_no_tables() -> None:
    table = empty(ROWS)
    assert paper_tables.table5(table, "test", REAL) == []
    assert paper_tables.table6(table, REAL) == []
    assert error_tables.by_share(table, "test", None, REAL) == []
