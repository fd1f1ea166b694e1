"""Variants that were tested on the same walks are paired by walk, worked out by hand."""

from pathlib import Path

import pytest

from mtloc_jax import rows
from mtloc_jax.report.by_walk import paired_across
from mtloc_jax.report.claim_sentences import sentence
from mtloc_jax.report.comparison import Line, is_by_walk, lines
from mtloc_jax.report.comparison_figure import comparison_figure
from mtloc_jax.report.comparison_tables import against_reference, against_scratch
from mtloc_jax.report.comparison_variants import Swept, read_swept
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.measured import read_measured
from mtloc_jax.report.table import Reach, as_csv
from mtloc_jax.report.verdict import caveat, verdict
from mtloc_jax.report.verdict import is_by_walk as answers_by_walk
from tests.swept_rows import Axis, write_swept
from tests.synthetic_rows import PAIR, STUDY, as_table, row
from tests.test_figures import SIMULATED
from tests.test_rungs import walk

SIZES: Axis = {"hidden": (128, 64)}
REFERENCE, OTHER = (f"{STUDY}/hidden={size}" for size in SIZES["hidden"])
NAMES = ("a", "b", "c", "d")
THEIRS_M = (5.0, 6.0, 7.0, 8.0)
MORE_M = {0: (0.0, 2.0, 1.0, 5.0), 1: (2.0, 2.0, 3.0, 1.0)}
"""Seed -> how much more hidden 64 errs on each walk: 1, 2, 2 and 3 m over both seeds."""


def walked(study: str, seed: int, means_m, names=NAMES, arm="scratch", pair=PAIR) -> list[dict]:
    found = zip(names, means_m, strict=True)
    return [walk(arm, n, m, study=study, seed=seed) | {"site_pair": pair} for n, m in found]


def both(more_m=MORE_M) -> list[dict]:
    """Return walks of a variant and of the reference, which learned from different buildings."""
    ours = {s: [m + more for m, more in zip(THEIRS_M, of, strict=True)] for s, of in more_m.items()}
    return [
        *(one for s in more_m for one in walked(REFERENCE, s, THEIRS_M)),
        *(one for s in more_m for one in walked(OTHER, s, ours[s], pair="shop, mall->hall")),
    ]


def of_rows(settings: dict) -> list[dict]:
    """Return rows of two seeds, where hidden 64 errs 9 m more over windows."""
    mean_m = 3.0 if settings["hidden"] == 128 else 12.0
    return [row("scratch", 1.0, seed, mean_m + 0.1 * seed) for seed in range(2)]


def of_variant(found: list[Line]) -> Line:
    (line,) = (one for one in found if one.contender.label == "hidden 64")
    return line


@pytest.fixture
def swept(tmp_path: Path) -> Swept:
    return read_swept(tmp_path, write_swept(tmp_path, (SIZES,), of_rows))


def compared(swept: Swept, walks: list[dict], margin_m: float = 0.0) -> list[Line]:
    return lines(swept, margin_m, as_table(walks, rows.WALKS))


def test_seeds_are_averaged_walk_by_walk_and_walks_are_the_blocks(swept: Swept) -> None:
    claim = of_variant(compared(swept, both(), margin_m=5.0)).to_reference
    assert claim is not None
    found = claim.difference
    assert (claim.by_walk, found.over) == (True, "blocks")
    assert (found.n_seeds, found.n_blocks, found.n_blocks_better) == (2, 4, 0)
    # 1, 2, 2 and 3 m: standard deviation 0.81650, error 0.40825; t(0.975, 3) = 3.18245.
    assert found.mean_m == pytest.approx(2.0)
    assert found.interval_m == pytest.approx((0.70078, 3.29922), abs=1e-4)
    assert claim.p_holm == pytest.approx(0.01628, abs=1e-5)  # t = 4.89898, the one claim
    assert found.p_flip == 2 / 16
    assert claim.p_within == pytest.approx(0.00261, abs=1e-5)  # t = 3 / 0.40825
    assert claim.outcome == "errs more"
    assert sentence(claim) == (
        "hidden 64 loses to hidden 128 (scratch) by less than 5 m: +2.00 m [+0.70, +3.30], "
        "p = 0.016 (t 0.016, exact sign flip 0.125), 4 walks (2 seeds each)"
    )


def test_only_seeds_and_walks_that_both_variants_have_count_and_are_counted(swept: Swept) -> None:
    walks = [
        *(one for s in (0, 1) for one in walked(REFERENCE, s, (*THEIRS_M, 90.0), (*NAMES, "e"))),
        *walked(OTHER, 1, (70.0, 6.0, 8.0, 9.0, 11.0), ("z", *NAMES)),
        *walked(OTHER, 2, (70.0,) * 4),
    ]
    found = compared(swept, walks)
    claim = of_variant(found).to_reference
    assert claim is not None
    difference = claim.difference
    assert (difference.n_seeds, difference.n_blocks) == (1, 4)
    assert difference.mean_m == pytest.approx(2.0)  # 1, 2, 2 and 3 m
    (table,) = against_reference(swept, found, "here", SIMULATED)
    assert "each walk's mean over seeds, each walk alike; 4 walks; negative" in table.notes[1]


def test_the_table_counts_walks_and_says_that_they_vary(swept: Swept) -> None:
    (table,) = against_reference(swept, compared(swept, both()), "here", SIMULATED)
    grid = table.grid(Reach.PAGE)
    cells = [
        dict(zip(grid.header, (cell.text() for cell in line), strict=True)) for line in grid.body
    ]
    assert [one["mean"] for one in cells] == ["3.05 ± 0.07", "12.05 ± 0.07"]  # over windows
    assert (cells[1]["against reference"], cells[1]["95 % interval"]) == (
        "+2.00 m",
        "[+0.70, +3.30]",
    )
    assert [one["better on"] for one in cells] == ["-", "0 of 4 walks"]
    notes = " ".join(table.notes)
    assert "paired by walk" in notes
    assert "Walks vary, not seeds" in notes
    assert "Seeds vary, not walks" not in notes


def test_from_four_seeds_on_seeds_vary_too(swept: Swept) -> None:
    found = compared(swept, both({seed: MORE_M[seed % 2] for seed in range(4)}))
    claim = of_variant(found).to_reference
    assert claim is not None
    assert claim.difference.over == "both"
    assert "4 seeds x 4 walks" in sentence(claim)
    (table,) = against_reference(swept, found, "here", SIMULATED)
    assert any(note.startswith("Seeds and walks both vary, and all seeds") for note in table.notes)


@pytest.mark.parametrize(
    "walks",
    [
        pytest.param([], id="without walks"),
        pytest.param([one for one in both() if one["walk"] != "d"], id="three walks"),
        pytest.param(walked(REFERENCE, 0, THEIRS_M), id="walks of the reference alone"),
        pytest.param(
            [*walked(REFERENCE, 0, THEIRS_M), *walked(OTHER, 0, THEIRS_M, pair="hall->shop")],
            id="walks of another target",
        ),
        pytest.param(
            [one | {"modality": "wifi: a scan in 30 s"} for one in both()], id="walks of a loss"
        ),
    ],
)
def test_without_several_walks_in_common_variants_are_paired_by_seed(
    swept: Swept, walks: list[dict]
) -> None:
    found = compared(swept, walks) if walks else lines(swept)
    claim = of_variant(found).to_reference
    assert claim is not None
    assert (claim.by_walk, claim.outcome, claim.difference.n_seeds) == (False, "unknown", 2)
    assert claim.difference.mean_m == pytest.approx(9.0)
    assert not is_by_walk(found)
    (table,) = against_reference(swept, found, "here", SIMULATED)
    (bare,) = against_reference(swept, lines(swept), "here", SIMULATED)
    assert (markdown(table), as_csv([table])) == (markdown(bare), as_csv([bare]))
    assert table.notes[1] == (
        "Differences: of mean errors, paired by seed; negative: the line's arm errs less."
    )
    assert len(comparison_figure(swept, found, "here", SIMULATED).axes) == 1


def test_scratch_is_held_against_by_walk_and_what_has_no_walks_by_seed(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        more = [("transferred", 0.0), ("finetuned", 1.0)]
        return [*of_rows(settings), *(row(*arm, seed, 5.0) for arm in more for seed in range(4))]

    swept = read_swept(tmp_path, write_swept(tmp_path, (SIZES,), measured))
    tuned = walked(REFERENCE, 0, (4.0, 4.0, 5.0, 7.0), arm="finetuned")
    found = compared(swept, [*both(), *tuned])
    (table,) = against_scratch(swept, found, "here", SIMULATED)
    claims = {(line.contender.label, line.arm[0]): line.to_scratch for line in found}
    claim = claims["hidden 128", "finetuned"]
    assert claim is not None
    assert claim.difference.mean_m == pytest.approx(-1.5)  # -1, -2, -2 and -1 m
    better = [line[-1].text() for line in table.grid(Reach.PAGE).body]
    assert better == ["-", "4 of 4 walks", "-", "-"]
    assert "4 walks (by seed where fewer than 4 walks are common to both)" in table.notes[1]
    assert sum("vary, not" in note for note in table.notes) == 2  # walks of some, seeds of others


def test_the_figure_has_the_differences_beside_the_errors(swept: Swept) -> None:
    errors, differences = comparison_figure(swept, compared(swept, both()), "here", SIMULATED).axes
    number = "difference to the reference (m)"
    assert (errors.get_ylabel(), differences.get_ylabel()) == (
        "mean error on the test round (m)",
        number,
    )
    (line,) = (one for one in differences.get_lines() if one.get_label() == "scratch")
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([64.0], [2.0])


def test_variants_in_rows_have_their_differences_on_the_same_rows(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        return [row("scratch", 1.0, seed, 3.0) for seed in range(2)]

    axis = {"subset": ("first", "drawn")}
    swept = read_swept(tmp_path, write_swept(tmp_path, (axis,), measured))
    named = {REFERENCE: f"{STUDY}/subset=drawn", OTHER: f"{STUDY}/subset=first"}
    found = compared(swept, [one | {"study": named[one["study"]]} for one in both()])
    errors, differences = comparison_figure(swept, found, "here", SIMULATED).axes
    assert differences.get_xlabel() == "difference to the reference (m)"
    assert differences.get_ylim() == errors.get_ylim() == (1.5, -0.5)
    (line,) = (one for one in differences.get_lines() if one.get_label() == "scratch")
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([2.0], [0.0])
    low_m, high_m = differences.get_xlim()
    assert low_m < 0
    assert high_m > 3.299


def test_the_verdict_is_of_walks(tmp_path: Path) -> None:
    write_swept(tmp_path, (SIZES,), of_rows)
    few = read_measured(tmp_path)
    assert verdict(few).endswith("too few seeds to tell.")
    assert not answers_by_walk(few)
    rows.append(tmp_path / rows.WALKS, both())
    found = read_measured(tmp_path)
    assert verdict(found) == "Hidden 64 errs 2.00 m more than hidden 128 (scratch)."
    assert caveat(found).startswith("Paired by walk: it holds for walks like these")
    assert answers_by_walk(found)


def test_a_seed_that_lacks_a_test_round_is_left_out_and_no_walk_with_it() -> None:
    later = dict(zip(("e", "f", "g", "h"), THEIRS_M, strict=True))
    both_rounds = [
        one
        for seed in (0, 1)
        for one in (
            *walked(STUDY, seed, THEIRS_M),
            *walked("later", seed, later.values(), names=later),
        )
    ]
    table = as_table([*both_rounds, *walked(STUDY, 2, THEIRS_M)], rows.WALKS)
    found = paired_across(table, table)
    assert found is not None
    assert found.ours_m.shape == (2, 8)


def test_a_walk_is_known_by_its_target_and_name() -> None:
    ours, theirs = (
        as_table(walked(STUDY, 0, THEIRS_M, pair=pair), rows.WALKS)
        for pair in ("site1/B1->site2/F1", "site1/B1,site1/F1->site2/F1")
    )
    found = paired_across(ours, theirs)
    assert found is not None
    assert found.n_walks == 4
    elsewhere = as_table(walked(STUDY, 0, THEIRS_M, pair="site1/B1->site2/F2"), rows.WALKS)
    assert paired_across(ours, elsewhere) is None
