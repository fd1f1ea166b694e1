"""A swept study: one trace a program, each variant as if it were a study of its own."""

import numpy as np
import pytest

from mtloc_jax.report.write import write_report
from mtloc_jax.rows import CDF, ROWS, TRACKS, read
from mtloc_jax.study import equipment
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.study.trainer import Trainer
from tests.studies import ignore, small

pytestmark = pytest.mark.slow  # whole studies, covered in small by others

SWEEP = (
    {"learning_rate": (0.002, 0.005), "epochs": (1, 2)},
    {"batch_size": (50, 100)},
    {"wipe.mode": ("windows", "bursts")},
)


def parts_of(folder):
    """Return the folders of a study's variants."""
    return sorted((folder / "variants").iterdir())


def swept(**changes):
    return small(seeds=1, arms=("scratch", "finetuned"), finetune_rates=(0.625,), **changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept") / "work"
    traces, judges, made = [], [], equipment.Judge
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            equipment,
            "Trainer",
            lambda static, n: Trainer(static, n, lambda: traces.append(static.batch_size)),
        )
        patch.setattr(equipment, "Judge", lambda *args: judges.append(args) or made(*args))
        lives = []
        study = Study(swept(sweep=SWEEP), folder, ignore)
        study.estimate()
        study.run(lives.append)
    return folder, traces, judges, lives


def test_each_program_is_traced_once_whatever_the_chunks(finished):
    assert sorted(finished[1]) == [50, 100]
    assert len(finished[2]) == 2  # two ways of wiping, whatever the batch size


@pytest.mark.slow
def test_a_variants_rows_are_those_of_a_study_of_its_own(finished, tmp_path):
    alone = swept(learning_rate=0.002, epochs=1, batch_size=50, wipe__mode="bursts")
    run_study(alone, tmp_path / "alone", ignore)
    name = "learning_rate=0.002+epochs=1+batch_size=50+wipe.mode=bursts"
    for file in (ROWS, CDF, TRACKS):
        one = (tmp_path / "alone" / file).read_text()
        of_sweep = (finished[0] / "variants" / name / file).read_text()
        assert of_sweep.replace(f"quickstart/{name},", "quickstart,") == one


def test_all_rows_lie_together_and_by_variant(finished):
    table = read(finished[0] / ROWS)
    assert len(set(table["study"])) == 8
    assert len(table["study"]) == 8 * 2 * (2 + 3 * 3 * 2)
    parts = parts_of(finished[0])
    assert [len(read(part / ROWS)["study"]) for part in parts] == [2 * (2 + 3 * 3 * 2)] * 8


@pytest.mark.usefixtures("without_drawing")
def test_each_variant_gets_its_own_report(finished):
    part = parts_of(finished[0])[0]
    written = write_report(part)
    assert part / "report.html" in written


def test_the_live_view_ends_with_all_runs_and_the_least_validation_error(finished):
    last = finished[3][-1]
    assert last.runs_done == last.runs == 8
    assert last.gflop_left == pytest.approx(0, abs=1e-6)
    assert last.steps > 0
    table = read(finished[0] / ROWS)
    best = np.min(table["mean_m"][table["split"] == "validation"])
    assert last.best_m == pytest.approx(best, abs=1e-4)
    assert "8 of 8 runs" in last.line()


def test_the_plan_says_what_is_to_be_done_and_what_is_left(finished):
    text = "\n".join(Study(swept(sweep=SWEEP), finished[0], ignore).estimate().lines())
    assert "8 runs, 8 variants, 2 programs" in text
    assert "0 left" in text
    assert "nothing left to train" in text


def test_data_cards_lie_beside_the_comparison_and_beside_each_variant(finished):
    for folder in (finished[0], *parts_of(finished[0])):
        assert {"card_source.json", "card_target.json"} <= {p.name for p in folder.iterdir()}


@pytest.mark.usefixtures("without_drawing")
def test_the_comparison_is_made_of_what_a_study_leaves(finished):
    written = write_report(finished[0])
    assert finished[0] / "report.html" in written
    text = (finished[0] / "tables" / "comparison.md").read_text()
    assert "learning rate 0.002, epochs 1, batch size 50, wipe mode bursts" in text
