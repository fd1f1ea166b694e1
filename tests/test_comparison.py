"""A swept study answers its question: its variants stand side by side, and the same bytes twice."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from mtloc_jax import rows
from mtloc_jax.arms import ARMS, Arm
from mtloc_jax.errors import InputError
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.claim_sentences import sentence
from mtloc_jax.report.comparison import Line, leading, lines
from mtloc_jax.report.comparison_figure import comparison_figure
from mtloc_jax.report.comparison_sentences import sentences
from mtloc_jax.report.comparison_tables import against_reference, against_scratch, by_round
from mtloc_jax.report.comparison_variants import Swept, read_swept, worded
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.stats import holm
from mtloc_jax.report.table import Reach, ReportTable, as_csv
from mtloc_jax.report.write import write_report
from tests.launched import launched_without_jax
from tests.swept_rows import Axis, write_swept
from tests.synthetic_rows import row

SIMULATED = Provenance("table5", "office -> hall", True, "0123abc", "cpu")
TRAINED = {("scratch", 1.0): 1.0, ("transferred", 0.0): 2.0, ("finetuned", 0.5): 0.0}
SIZES: Axis = {"hidden": (64, 128, 16)}
ROUNDS: Axis = {"test_round": (1, 2, 3, 4, 5)}
STEPS: Axis = {
    "start": ("from_pretrained", "from_transferred", "from_pretrained"),
    "subset": ("drawn", "drawn", "first"),
}
WIPES: Axis = {"wipe.mode": ("windows", "bursts")}


def noise(*of: object) -> float:
    """Return a figure between 0 and 1 that follows from `of` alone."""
    return hashlib.sha256(repr(of).encode()).digest()[0] / 255


def of_seeds(mean_m: float, *of: object, n_seeds: int = 6) -> Iterator[dict]:
    for (arm, rate), more_m in TRAINED.items():
        for seed in range(n_seeds):
            yield row(arm, rate, seed, mean_m + more_m + 0.3 * noise(arm, seed, *of))


def by_size(settings: dict) -> Iterator[dict]:
    return of_seeds({16: 5.0, 64: 2.0, 128: 2.05}[settings["hidden"]], settings["hidden"])


def by_turn(settings: dict) -> Iterator[dict]:
    return of_seeds(float(settings["test_round"]), settings["test_round"])


def wiped(settings: dict) -> Iterator[dict]:
    more_m = 1.0 if settings["wipe.mode"] == "bursts" else 0.0
    for found in of_seeds(2.0):
        yield found
        for name in ("imu", "mag", "wifi"):
            yield {**found, "modality": name, "drop_rate": 0.4, "mean_m": found["mean_m"] + more_m}


def swept(path: Path, measured, *sweep: Axis) -> Swept:
    return read_swept(path, write_swept(path, sweep, measured))


def line_of(found: list[Line], label: str, arm: str, wiped: str = "none") -> Line:
    (line,) = (
        at for at in found if (at.contender.label, at.arm[0], at.wiped) == (label, arm, wiped)
    )
    return line


def tables(held: Swept) -> list[ReportTable]:
    makers = (against_reference, against_scratch, by_round)
    return [made for make in makers for made in make(held, lines(held), "the scope", SIMULATED)]


def body(table: ReportTable) -> list[list[str]]:
    return [[cell.text() for cell in line] for line in table.grid(Reach.PAGE).body]


def drawn(held: Swept) -> Figure:
    return comparison_figure(held, lines(held), "the scope", SIMULATED)


def row_labels(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def files(workdir: Path) -> dict[str, bytes]:
    paths = [path for path in workdir.rglob("*") if path.is_file()]
    return {str(path.relative_to(workdir)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return swept(tmp_path_factory.mktemp("sizes"), by_size, SIZES)


@pytest.fixture(scope="module")
def turns(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return swept(tmp_path_factory.mktemp("turns"), by_turn, ROUNDS)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("hidden", 64, "hidden 64"),
        ("start", "from_transferred", "start from transferred"),
        ("test_round", 3, "test round 3"),
        ("test_round", 0, "own test round"),
        ("window.max_gap_ms", 500, "window max gap 500 ms"),
        ("source_rate", 0.25, "source rate 0.25"),
        ("of another version", 7, "of another version 7"),
    ],
)
def test_a_setting_is_written_for_a_reader(name: str, value: object, words: str) -> None:
    assert worded(name, value) == words


def test_variants_are_named_by_what_differs_in_the_order_of_the_sweep(sizes: Swept) -> None:
    assert [held.label for held in sizes.contenders] == ["hidden 64", "hidden 128", "hidden 16"]
    assert sizes.reference.label == "hidden 128"


def test_a_setting_that_is_equal_everywhere_is_left_out(tmp_path: Path) -> None:
    held = swept(tmp_path, by_size, {**SIZES, "subset": ("first",) * 3})
    assert held.names == ("hidden",)


def test_settings_that_move_one_at_a_time_are_named_by_what_departs(tmp_path: Path) -> None:
    held = swept(tmp_path, lambda _: of_seeds(2.0), STEPS)
    labels = ["own settings", "start from transferred", "subset first"]
    assert [contender.label for contender in held.contenders] == labels
    assert held.reference.label == "own settings"


def test_settings_that_multiply_are_all_named(tmp_path: Path) -> None:
    axes = ({"hidden": (64, 128)}, {"subset": ("drawn", "first")})
    held = swept(tmp_path, by_size, *axes)
    assert held.contenders[1].label == "hidden 64, subset first"
    assert held.number is None


def test_without_the_configs_own_settings_the_first_variant_is_the_reference(
    tmp_path: Path,
) -> None:
    assert swept(tmp_path, by_size, {"hidden": (64, 16)}).reference.label == "hidden 64"


def test_what_only_picks_runs_is_no_setting(tmp_path: Path) -> None:
    axis = {"start": ("from_pretrained", "from_transferred"), "arm": ("scratch", "finetuned")}
    assert swept(tmp_path, lambda _: of_seeds(2.0), axis).names == ("start",)


def test_an_arm_is_compared_with_the_references_by_seed(sizes: Swept) -> None:
    claim = line_of(lines(sizes), "hidden 16", "scratch").to_reference
    assert claim is not None
    ours, theirs = ([5 + 0.3 * noise("scratch", s, 16) for s in range(6)],
                    [2.05 + 0.3 * noise("scratch", s, 128) for s in range(6)])  # fmt: skip
    assert claim.difference.mean_m == pytest.approx(np.mean(ours) - np.mean(theirs), abs=1e-4)
    assert sentence(claim).startswith("hidden 16 loses to hidden 128 (scratch): +2.9")
    assert line_of(lines(sizes), "hidden 128", "scratch").to_reference is None


def test_an_arm_is_compared_with_scratch_under_the_same_settings(sizes: Swept) -> None:
    claim = line_of(lines(sizes), "hidden 16", "finetuned").to_scratch
    assert claim is not None
    assert sentence(claim).startswith("fine-tuned 50 % beats scratch, hidden 16: -")


def test_p_values_are_corrected_over_each_table(sizes: Swept) -> None:
    claims = [line.to_reference for line in lines(sizes) if line.to_reference]
    expected = holm(np.array([claim.difference.p_value for claim in claims]))
    np.testing.assert_allclose([claim.p_holm for claim in claims], expected)
    assert len(claims) == 6


def test_networks_compared_with_themselves_are_said_to_be_the_same_and_correct_nothing(
    tmp_path: Path,
) -> None:
    def measured(settings: dict) -> Iterator[dict]:
        """Let `subset` change the fine-tuned networks alone, as it does."""
        for found in of_seeds(2.0):
            more_m = 0.1 * noise(found["seed"], *settings.values())
            yield found | {"mean_m": found["mean_m"] + more_m * (found["arm"] == "finetuned")}

    held = swept(tmp_path, measured, {"subset": ("drawn", "first", "last")})
    found = lines(held)
    tuned = [line.to_reference for line in found if line.arm[0] == "finetuned"][1:]
    expected = holm(np.array([claim.difference.p_value for claim in tuned]))
    assert [claim.p_holm for claim in tuned] == pytest.approx(expected)
    claims = [line.to_scratch for line in found if line.to_scratch]
    to_scratch = {claim.difference.p_value: claim.p_holm for claim in claims}
    assert len(claims) == 6
    assert len(to_scratch) == 4  # transferred in any variant, fine-tuned in each of three
    assert list(to_scratch.values()) == pytest.approx(holm(np.array(list(to_scratch))))
    errors = body(tables(held)[0])
    assert [line[4] for line in errors if line[0] == "subset first"][:2] == ["same networks"] * 2
    assert not any("+0.00 m [+0.00, +0.00]" in said for said in sentences(found))


def test_what_was_not_shown_to_differ_shares_a_sentence(tmp_path: Path) -> None:
    held = swept(tmp_path, lambda s: of_seeds(2.0, s["start"], s["subset"]), STEPS)
    told = [said for said in sentences(lines(held)) if said.startswith("not shown to differ")]
    assert len(told) == 3
    assert told[0].startswith("not shown to differ from own settings (scratch): start from ")
    assert "; subset first " in told[0]


def test_only_seeds_that_both_variants_have_are_compared(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        first = 0 if settings["hidden"] == 128 else 2
        return [row("scratch", 1.0, s, s + settings["hidden"] / 64) for s in range(first, 6)]

    held = swept(tmp_path, measured, {"hidden": (128, 64)})
    claim = line_of(lines(held), "hidden 64", "scratch").to_reference
    assert claim is not None
    assert (claim.difference.mean_m, claim.difference.n_seeds) == (-1.0, 4)


def test_an_arm_that_a_variant_lacks_is_absent(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        return [r for r in by_size(settings) if settings["hidden"] != 16 or r["arm"] == "scratch"]

    held = swept(tmp_path, measured, SIZES)
    assert [line.arm[0] for line in lines(held) if line.contender.label == "hidden 16"] == [
        "scratch"
    ]
    assert drawn(held).axes


def test_scratch_that_was_trained_once_stands_for_every_variant(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        return [r for r in by_size(settings) if settings["hidden"] == 128 or r["arm"] != "scratch"]

    held = swept(tmp_path, measured, SIZES)
    claim = line_of(lines(held), "hidden 16", "finetuned").to_scratch
    assert claim is not None
    assert sentence(claim).startswith("fine-tuned 50 % loses to hidden 128 (scratch), hidden 16")


def test_fine_tuning_is_held_against_scratch_on_the_same_rounds(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        return [*by_size(settings), *(row("scratch", 0.5, s, 9.0) for s in range(6))]

    held = swept(tmp_path, measured, SIZES)
    claim = line_of(lines(held), "hidden 64", "finetuned").to_scratch
    assert claim is not None
    assert claim.theirs == "scratch 50 %"


def test_of_many_arms_the_sentences_keep_those_of_figure_6(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        more = [row("finetuned", rate, s, 3.0) for rate in (1.0, 0.625) for s in range(6)]
        return [*by_size(settings), *more]

    held = swept(tmp_path, measured, SIZES)
    assert leading(lines(held)) == [("scratch", 1.0), ("transferred", 0.0), ("finetuned", 0.625)]


def test_test_rounds_are_turns_of_one_study_and_not_rivals(turns: Swept) -> None:
    (contender,) = turns.contenders
    assert (contender.label, turns.test_rounds) == ("", [1, 2, 3, 4, 5])
    found = lines(turns)
    assert [line.to_reference for line in found] == [None] * 3
    claim = line_of(found, "", "finetuned").to_scratch
    assert claim is not None
    assert sentence(claim).startswith("fine-tuned 50 % beats scratch: -1.")
    assert sentence(claim).endswith("6 seeds x 5 test rounds")


def test_the_spread_between_test_rounds_is_said(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:  # 1 m, 2 m, 3 m: 1 m between them
        return [row("scratch", 1.0, seed, settings["test_round"]) for seed in range(2)]

    held = swept(tmp_path, measured, {"test_round": (1, 2, 3)})
    assert sentences(lines(held)) == ["scratch: 2.00 m over 3 test rounds, ± 1.00 m between them"]
    assert body(tables(held)[-1]) == [
        ["1", "1.00 ± 0.00"],
        ["2", "2.00 ± 0.00"],
        ["3", "3.00 ± 0.00"],
        ["all", "2.00 ± 0.00"],
        ["between rounds", "1.00"],
    ]


def test_test_rounds_and_another_setting_pool_the_rounds_of_each_variant(tmp_path: Path) -> None:
    held = swept(tmp_path, by_turn, {"hidden": (64, 128)}, ROUNDS)
    assert [contender.label for contender in held.contenders] == ["hidden 64", "hidden 128"]
    claim = line_of(lines(held), "hidden 64", "scratch").to_reference
    assert claim is not None
    assert (claim.difference.n_seeds, claim.difference.n_blocks) == (6, 5)
    assert "mean error over 5 test rounds (m)" in drawn(held).axes[0].get_ylabel()


def test_a_sweep_of_wiping_compares_wiped_errors_alone(tmp_path: Path) -> None:
    held = swept(tmp_path, wiped, WIPES)
    assert {line.wiped for line in lines(held)} == {"imu", "mag", "wifi"}
    claim = line_of(lines(held), "wipe mode bursts", "scratch", "imu").to_reference
    assert claim is not None
    assert claim.difference.mean_m == pytest.approx(1.0)
    assert "(scratch), 40 % of IMU wiped: +1.00 m" in sentence(claim)
    titles = [axes.get_title() for axes in drawn(held).axes]
    assert titles == ["40 % of IMU wiped", "40 % of MAG wiped", "40 % of WiFi wiped"]


def test_variants_without_a_seed_in_common_are_not_compared(tmp_path: Path) -> None:
    def measured(settings: dict) -> list[dict]:
        return [row("scratch", 1.0, settings["hidden"] + s, 2.0) for s in range(5)]

    assert sentences(lines(swept(tmp_path, measured, SIZES))) == []


def test_variants_that_are_wiped_alike_are_compared_unwiped(tmp_path: Path) -> None:
    axis = {"wipe.mode": ("windows", "bursts", "windows"), "hidden": (128, 128, 64)}
    found = lines(swept(tmp_path, wiped, axis))
    conditions = {line.contender.label: set() for line in found}
    for line in found:
        conditions[line.contender.label].add(line.wiped)
    assert conditions["hidden 64"] == {"none"}
    assert conditions["wipe mode bursts"] == {"imu", "mag", "wifi"}
    assert conditions["own settings"] == {"none", "imu", "mag", "wifi"}


def test_a_sweep_of_wiping_without_wiped_rows_is_refused(tmp_path: Path) -> None:
    write_swept(tmp_path, (WIPES,), lambda _: of_seeds(2.0))
    with pytest.raises(InputError, match=r"no test rows .*; a sweep of wiping needs 0\.4"):
        write_report(tmp_path)
    assert not (tmp_path / "tables").exists()


def test_all_walks_lie_where_their_number_is_on_an_axis_of_walks_and_of_minutes(
    tmp_path: Path,
) -> None:
    axis = {"walks": (5, 10, 0)}
    held = swept(tmp_path, lambda settings: of_seeds(9.0 - settings["walks"]), axis)
    assert [contender.label for contender in held.contenders] == [
        "5 walks surveyed",
        "10 walks surveyed",
        "all walks surveyed",
    ]
    survey = Survey(8, 12.0, walks=24)
    axes = comparison_figure(held, lines(held), "here", SIMULATED, survey).axes[0]
    scratch = next(line for line in axes.get_lines() if line.get_label() == "scratch")
    assert scratch.get_xdata().tolist() == [5, 10, 24]
    (above,) = axes.child_axes
    assert above.get_xlabel() == "minutes surveyed, a mean walk each"
    to_minutes, _ = above._functions
    assert to_minutes(np.array([24.0])) == [12.0]


def test_one_swept_number_is_an_axis(sizes: Swept) -> None:
    axes = drawn(sizes).axes[0]
    scratch = next(line for line in axes.get_lines() if line.get_label() == "scratch")
    np.testing.assert_array_equal(scratch.get_xdata(), [16, 64, 128])
    means_m = [line_of(lines(sizes), f"hidden {n}", "scratch").mean_m.mean() for n in (16, 64, 128)]
    np.testing.assert_allclose(scratch.get_ydata(), means_m)
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "hidden units of each branch"
    assert axes.get_ylabel() == "mean error on the test round (m)"


def test_numbers_close_together_have_a_linear_axis(tmp_path: Path) -> None:
    held = swept(tmp_path, by_size, {"hidden": (64, 128)})
    assert drawn(held).axes[0].get_xscale() == "linear"


def test_variants_that_are_no_numbers_have_a_row_each(tmp_path: Path) -> None:
    held = swept(tmp_path, lambda _: of_seeds(2.0), STEPS)
    labels = ["own settings (reference)", "start from transferred", "subset first"]
    assert row_labels(drawn(held)) == labels


def test_each_test_round_has_a_row_and_so_have_all(turns: Swept) -> None:
    labels = row_labels(drawn(turns))
    assert labels == [*(f"test round {n}" for n in range(1, 6)), "all test rounds"]


def test_an_error_far_out_is_named_at_the_end_of_the_axis(tmp_path: Path) -> None:
    def measured(settings: dict) -> Iterator[dict]:
        return of_seeds(90.0 if settings["subset"] == "first" else 2.0, n_seeds=2)

    figure = drawn(swept(tmp_path, measured, STEPS))
    assert "The error axis is cut" in figure.get_supxlabel()
    assert [text.get_text()[-1] for text in figure.axes[0].texts] == ["→"] * 3


def test_the_csv_holds_every_line_and_every_turn(sizes: Swept, turns: Swept) -> None:
    first, *rest = as_csv(tables(sizes)[:1]).splitlines()
    assert first.startswith("hidden,variant,wiped,arm,finetune_rate,mean_m,mean_spread_m,")
    assert len(rest) == 9
    assert rest[0].startswith("64,hidden 64,none,scratch,1.0,3.1")
    assert {line.count(",") for line in rest} == {first.count(",")}
    assert len(as_csv(tables(turns)[-1:]).splitlines()) == 1 + 3 * (5 + 2)


def test_an_arm_that_a_user_registers_is_compared_as_any_other(tmp_path: Path, monkeypatch) -> None:
    line = {"color": "#123456", "linestyle": "-", "marker": "o"}
    monkeypatch.setitem(ARMS, "mine", Arm("mine", "My arm", line))

    def measured(settings: dict) -> list[dict]:
        return [*by_size(settings), *(row("mine", 1.0, s, 3.0 + 0.1 * s) for s in range(6))]

    held = swept(tmp_path, measured, SIZES)
    assert ["hidden 16", "My arm"] in [line[:2] for line in body(tables(held)[0])]
    assert "My arm" in [line.get_label() for line in drawn(held).axes[0].get_lines()]


def test_few_seeds_give_no_interval_and_say_so(tmp_path: Path) -> None:
    held = swept(tmp_path, lambda s: of_seeds(2.0, s["hidden"], n_seeds=2), SIZES)
    assert all("no interval (seeds: 2, it takes 4)" in said for said in sentences(lines(held)))
    assert drawn(held).axes


def test_two_comparisons_of_the_same_rows_are_identical(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_swept(tmp_path / name, (SIZES,), by_size)
        written = write_report(tmp_path / name)
    names = {str(path.relative_to(tmp_path / "other")) for path in written}
    kinds, made = ("md", "csv", "tex"), ("comparison", "against_scratch")
    expected = {f"tables/{table}.{kind}" for table in made for kind in kinds}
    assert names == expected | {"report.html", "figures/comparison.png", "figures/comparison.svg"}
    assert files(tmp_path / "one") == files(tmp_path / "other")
    assert "hidden 16 loses to hidden 128 (scratch)" in capsys.readouterr().out
    assert not list((tmp_path / "one" / "variants").rglob("*.html"))


@pytest.mark.usefixtures("without_drawing")
def test_the_page_opens_with_sentences_and_ends_with_provenance(tmp_path: Path) -> None:
    folders = write_swept(tmp_path, (SIZES,), by_size)
    checks = [{"name": "gaps", "passed": False, "number": "3 pauses", "meaning": "lost"}]
    card = {"name": "hall", "checks": checks}
    (tmp_path / "card_target.json").write_text(json.dumps(card))
    write_report(tmp_path)
    html = (tmp_path / "report.html").read_text()
    digest = hashlib.sha256((folders[0] / rows.ROWS).read_bytes()).hexdigest()
    said = ("hidden 16 loses to hidden 128", "3 pauses", "<table", "<img", "Every setting", digest)
    places = [html.index(text) for text in said]
    assert places == sorted(places)


@pytest.mark.usefixtures("without_drawing")
def test_a_variant_alone_still_has_its_own_report(tmp_path: Path) -> None:
    folder = write_swept(tmp_path, (SIZES,), by_size)[0]
    assert folder / "report.html" in write_report(folder)


def test_a_variant_without_rows_is_named(tmp_path: Path) -> None:
    folders = write_swept(tmp_path, (SIZES,), by_size)
    (folders[1] / rows.ROWS).unlink()
    with pytest.raises(InputError, match=r"hidden=16/rows\.csv: no such file"):
        write_report(tmp_path)
    assert not (tmp_path / "tables").exists()


def test_a_folder_that_the_sweep_does_not_list_is_named(tmp_path: Path) -> None:
    folders = write_swept(tmp_path, (SIZES,), by_size)
    config = json.loads((folders[0] / "config.json").read_text())
    config["config"]["hidden"] = 7
    (folders[0] / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="hidden 7: the study's sweep does not list this"):
        write_report(tmp_path)


def test_variants_of_a_study_that_sweeps_nothing_are_refused(tmp_path: Path) -> None:
    write_swept(tmp_path, (SIZES,), by_size)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["config"]["sweep"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="this study sweeps no setting"):
        write_report(tmp_path)


def test_the_launcher_compares_variants_without_importing_jax(tmp_path: Path) -> None:
    write_swept(tmp_path, (SIZES,), by_size)
    done = launched_without_jax("launch.report", f"--workdir={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "report.html") in done.stdout


def test_a_comparison_takes_no_floor_plan(tmp_path: Path) -> None:
    write_swept(tmp_path, (SIZES,), by_size)
    done = launched_without_jax(
        "launch.report", f"--workdir={tmp_path}", "--floor_plan=a.png", "--floor_size_m=3,4"
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: a comparison of variants has no floor plan")
