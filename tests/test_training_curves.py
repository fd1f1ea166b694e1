"""How networks trained, on the page: figures worked out by hand, and none for older studies."""

import numpy as np
import pytest

from mtloc_jax import rows
from mtloc_jax.report import charts
from mtloc_jax.report.part_curves import part_figure, part_table
from mtloc_jax.report.training_curves import training_figure, training_table
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import HISTORY, empty
from tests.synthetic_rows import PAIR, STUDY, as_table, write_workdir
from tests.test_figures import SIMULATED

NAN = float("nan")


def line(arm, seed, epoch, loss, error_m=NAN, **other):
    key = {"study": STUDY, "site_pair": PAIR, "arm": arm, "finetune_rate": 1.0, "seed": seed}
    found = {"part": "network", "epoch": epoch, "training_loss": loss}
    return key | found | {"validation_loss": loss, "validation_error_m": error_m} | other


def words_beyond(drawn):
    """Return the title and caption of a figure where they are cut at its edge."""
    drawn.draw_without_rendering()
    words = drawn.texts
    assert len(words) == 2
    return [text.get_text() for text in words if text.get_window_extent().x1 > drawn.bbox.x1]


LINES = [
    *(line("scratch", 0, k, 1 / k, 4.0 + abs(k - 2)) for k in range(1, 5)),
    *(line("scratch", 1, k, 3 / k, 5.0 - k / 2 if k % 2 == 0 else NAN) for k in range(1, 5)),
    line("finetuned", 0, 1, 2.0),  # and then it diverged
]
TABLE = as_table(LINES, HISTORY)


def test_the_table_says_where_runs_began_and_ended_and_where_they_were_best():
    (table,) = training_table(TABLE, SIMULATED)
    told = {cells[1]: [cell.text() for cell in cells[2:]] for cells in table.lines}
    # Seed 0 errs least, 4 m, after epoch 2 and ends with 6 m; seed 1 ends at its least, 3 m.
    assert told["scratch"] == [
        *("4", "2.0000 ± 1.4142", "0.5000 ± 0.3536"),
        *("4.50 ± 2.12", "3.50 ± 0.71", "3.0 ± 1.4"),
    ]
    assert told["fine-tuned 100 %"] == ["1", "2.0000", "2.0000", "", "", ""]


def test_thick_lines_are_means_of_the_seeds_that_were_measured():
    drawn = training_figure(TABLE, SIMULATED)
    assert drawn is not None
    loss, error = drawn.axes
    thick = [one for one in loss.get_lines() if not one.get_label().startswith("_")]
    assert [one.get_label() for one in thick] == ["scratch", "fine-tuned 100 %"]
    assert thick[0].get_ydata().tolist() == [2.0, 1.0, 2 / 3, 0.5]
    assert (loss.get_yscale(), error.get_yscale()) == ("log", "linear")
    of_scratch = error.get_lines()[2]
    assert of_scratch.get_xdata().tolist() == [1, 2, 3, 4]
    assert of_scratch.get_ydata().tolist() == [5.0, 4.0, 5.0, 4.5]
    assert "seeds" in drawn.get_supxlabel()


def test_without_validation_there_is_one_panel_and_without_rows_none():
    unmeasured = TABLE | {"validation_error_m": np.full(len(LINES), NAN)}
    drawn = training_figure(unmeasured, SIMULATED)
    assert drawn is not None
    assert len(drawn.axes) == 1
    assert training_figure(empty(HISTORY), SIMULATED) is None
    assert training_table(empty(HISTORY), SIMULATED) == []


PARTS = [
    line("pretrained", 0, 1, 0.5, 3.0, part="pretraining", validation_loss=0.75),
    line("pretrained", 0, 2, 0.25, 2.5, part="pretraining", validation_loss=0.5),
    line("pretrained", 1, 1, 0.75, 4.0, part="pretraining", validation_loss=1.0),
    line("pretrained", 1, 2, 0.25, 3.5, part="pretraining", validation_loss=0.75),
    *(line("m", 0, k, 2.0 - k, part="motion-tuned", validation_loss=NAN) for k in (1, 2, 3)),
]


def test_parts_have_a_line_and_a_panel_each_and_networks_of_windows_none():
    table = as_table([*LINES, *PARTS], HISTORY)
    (made,) = part_table(table, SIMULATED)
    told = {cells[1]: [cell.text() for cell in cells[2:]] for cells in made.lines}
    assert told == {
        "pretraining in the source": [
            *("2", "2", "0.6250 ± 0.1768", "0.2500 ± 0.0000", "0.6250 ± 0.1768", "3.00 ± 0.71"),
        ],
        "motion network fine-tuned": ["1", "3", "1.0000", "-1.0000", "", ""],
    }
    drawn = part_figure(table, SIMULATED)
    assert drawn is not None
    first, second = drawn.axes
    assert first.get_title(loc="left") or first.get_title() == "pretraining in the source"
    assert [one.get_label() for one in second.get_lines()] == ["training"]  # measured nowhere else
    thick = [one for one in first.get_lines() if not one.get_label().startswith("_")]
    assert [one.get_ydata().tolist() for one in thick] == [[0.625, 0.25], [0.875, 0.625]]
    assert second.get_ylim()[0] < -1
    for shown in (table, rows.select(table, part="pretraining")):
        assert words_beyond(part_figure(shown, SIMULATED)) == []
    assert part_figure(TABLE, SIMULATED) is None
    assert part_table(TABLE, SIMULATED) == []


def test_a_reader_may_switch_the_curves_of_arms_and_seeds():
    loss, error = charts.training(TABLE).plain()["panels"]
    assert (loss["log"], error["log"]) == (True, False)
    arrays = loss["arrays"]
    drawn = [(arm, seed, arrays[at], arrays[v]) for arm, seed, at, v in loss["series"]]
    assert drawn == [
        (0, None, [1, 2, 3, 4], [2, 1, 0.6667, 0.5]),
        (0, 0, [1, 2, 3, 4], [1, 0.5, 0.3333, 0.25]),
        (0, 1, [1, 2, 3, 4], [3, 1.5, 1, 0.75]),
        (1, None, [1], [2]),
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("without_drawing")
def test_a_page_has_the_section_where_there_are_curves_and_only_there(tmp_path):
    workdir = write_workdir(tmp_path)
    write_report(workdir)
    before = (workdir / "report.html").read_text()
    assert ">Training<" not in before
    rows.append(workdir / HISTORY, LINES)
    write_report(workdir)
    after = (workdir / "report.html").read_text()
    assert ">Training<" in after
    assert "SHA-256 of history.csv" in after
    assert (workdir / "figures" / "history.png").is_file()
    (workdir / HISTORY).unlink()
    write_report(workdir)
    assert (workdir / "report.html").read_text() == before
    assert not (workdir / "figures" / "history.png").exists()
