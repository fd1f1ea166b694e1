"""Tables V and VI from the rows, the paper's figures beside ours."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mtloc_jax.report import arms
from mtloc_jax.report.arms import FINETUNED, SCRATCH, TRANSFERRED, Arm
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import METRICS, Table, select
from mtloc_jax.report.summary import Summary, summarise, summarise_average
from mtloc_jax.report.text_table import TextTable

# Table V of the paper: mean and STD, metres, one run each.
PAPER_TABLE_V: dict[Arm, tuple[float, float]] = {
    (SCRATCH, 1.0): (2.39, 2.77),
    (FINETUNED, 1.0): (1.46, 1.63),
    (FINETUNED, 0.875): (1.75, 2.07),
    (FINETUNED, 0.75): (1.81, 1.92),
    (FINETUNED, 0.625): (1.56, 1.82),
    (FINETUNED, 0.5): (1.85, 1.96),
    (FINETUNED, 0.375): (1.80, 2.17),
    (FINETUNED, 0.25): (2.36, 3.70),
    (FINETUNED, 0.125): (3.34, 4.75),
    (TRANSFERRED, 0.0): (3.35, 5.09),
}
# Table VI of the paper: mean, metres, 40 % of one modality wiped; fine-tuned at 62.5 %.
AVERAGE = "average"
PAPER_TABLE_VI: dict[tuple[str, str], float] = {
    ("mag", TRANSFERRED): 3.93,
    ("mag", FINETUNED): 2.76,
    ("imu", TRANSFERRED): 7.99,
    ("imu", FINETUNED): 2.66,
    ("wifi", TRANSFERRED): 3.72,
    ("wifi", FINETUNED): 3.33,
    (AVERAGE, TRANSFERRED): 5.21,
    (AVERAGE, FINETUNED): 2.92,
}
METRIC_NAMES = ("mean", "STD", "median", "p75", "p90", "p95")
PAPER_MEAN, PAPER_STD = "paper's mean", "paper's STD"
NOT_RUN, NOT_PUBLISHED = "not run", "-"

_CELL_NOTE = (
    "Metres. A cell is the mean over seeds ± the standard deviation over seeds (none for one "
    "seed); STD is the spread over windows within a run."
)
_PAPER_NOTE = "The paper's figures are one run each, on its own two buildings."


@dataclass(frozen=True)
class Line:
    """Hold one cell group of a table: an arm on a split with one modality (or none) wiped.

    summary: None where the rows lack this arm
    paper:   mean and STD in metres, None where the paper gives none
    """

    split: str
    wiped: str
    drop_rate: float
    arm: Arm
    summary: Summary | None
    paper: tuple[float | None, float | None] = (None, None)


def table5(table: Table, split: str) -> list[Line]:
    """Summarise scratch and the nine fine-tune rates on `split` ("Table V")."""
    clean = select(table, split=split, modality="none")
    return [
        Line(split, "none", 0.0, arm, summarise(arms.of_arm(clean, arm)), paper)
        for arm, paper in PAPER_TABLE_V.items()
    ]


def table6(table: Table) -> list[Line]:
    """Summarise transferred, fine-tuned and scratch with 40 % of a modality wiped ("Table VI")."""
    wiped = select(table, split="test", drop_rate=arms.WIPED_SHARE)
    models = arms.headline_arms(table)
    lines = []
    for arm in models:
        cells = [select(arms.of_arm(wiped, arm), modality=name) for name in arms.MODALITIES]
        summaries = [*map(summarise, cells), summarise_average(cells)]
        lines += [
            Line(
                "test",
                name,
                arms.WIPED_SHARE,
                arm,
                summary,
                (PAPER_TABLE_VI.get((name, arm[0])), None),
            )
            for name, summary in zip((*arms.MODALITIES, AVERAGE), summaries, strict=True)
        ]
    return [line for at in range(4) for line in lines[at::4]]  # grouped by what was wiped


def table5_text(table: Table, split: str, provenance: Provenance) -> TextTable:
    """Lay Table V out with one row per arm; transpose it for the paper's layout."""
    lines = table5(table, split)
    header = ("fine-tune rate", *METRIC_NAMES, "seeds", "windows", PAPER_MEAN, PAPER_STD)
    body = [
        (_rate_label(line.arm), *cells(line.summary), *map(_paper, line.paper)) for line in lines
    ]
    return TextTable(
        provenance.title(f"Table V: error (m) by fine-tune rate, {split}"),
        provenance.scope(select(table, split=split, modality="none")),
        header,
        tuple(body),
        (_CELL_NOTE, _PAPER_NOTE, *_missing(lines), provenance.footer()),
    )


def table6_text(table: Table, provenance: Provenance) -> TextTable:
    """Lay Table VI out with one row per wiped modality and model."""
    lines = table6(table)
    wiped = arms.percent(arms.WIPED_SHARE)
    header = ("wiped", "model", *METRIC_NAMES, "seeds", "windows", PAPER_MEAN)
    body = [
        (_wiped_label(line), _model_label(line.arm), *cells(line.summary), _paper(line.paper[0]))
        for line in lines
    ]
    averages = "Average: of the three modalities' figures, seed by seed."
    notes = (_CELL_NOTE, averages, _PAPER_NOTE, arms.rate_note(table), *_missing(lines))
    return TextTable(
        provenance.title(f"Table VI: error (m) with {wiped} of one modality wiped"),
        provenance.scope(select(table, split="test", drop_rate=arms.WIPED_SHARE)),
        header,
        tuple(body),
        tuple(note for note in (*notes, provenance.footer()) if note),
        n_labels=2,
    )


def lines_csv(lines: Iterable[Line]) -> str:
    """Return a table as tidy CSV: one line per arm, every figure with its spread, metres."""
    spreads = [column for metric in METRICS for column in (metric, f"{metric}_spread")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("split", "wiped", "drop_rate", "arm", "finetune_rate", "n_seeds", "n_windows")
    writer.writerow((*names, *spreads, "paper_mean_m", "paper_std_m"))
    for line in lines:
        keys = (line.split, line.wiped, line.drop_rate, *line.arm)
        writer.writerow((*keys, *_numbers(line.summary), *map(_number, line.paper)))
    return text.getvalue()


def cells(summary: Summary | None) -> tuple[str, ...]:
    """Return the texts of METRIC_NAMES, seeds and windows, metres."""
    if summary is None:
        return (NOT_RUN,) * len(METRICS) + ("0", NOT_PUBLISHED)
    figures = zip(summary.mean, summary.spread, strict=True)
    cells = [f"{m:.2f}" if np.isnan(s) else f"{m:.2f} ± {s:.2f}" for m, s in figures]
    return (*cells, str(summary.n_seeds), f"{summary.n_windows:,}")


def _numbers(summary: Summary | None) -> tuple[str, ...]:
    if summary is None:
        return ("0", "0") + ("",) * (2 * len(METRICS))
    pairs = np.stack([summary.mean, summary.spread], axis=1).ravel()
    return (str(summary.n_seeds), str(summary.n_windows), *map(_number, pairs))


def _number(value: float | None) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.4f}"


def _paper(value: float | None) -> str:
    return NOT_PUBLISHED if value is None else f"{value:.2f}"


def _rate_label(arm: Arm) -> str:
    return SCRATCH if arm[0] == SCRATCH else arms.percent(arm[1])


def _wiped_label(line: Line) -> str:
    return arms.MODALITY_NAMES.get(line.wiped, line.wiped)


def _model_label(arm: Arm) -> str:
    return "raw (scratch)" if arm[0] == SCRATCH else arms.arm_name(arm)


def _missing(lines: Sequence[Line]) -> list[str]:
    run = {line.arm for line in lines if line.summary is not None}
    gaps = [line for line in lines if line.summary is None and line.wiped != AVERAGE]
    names = dict.fromkeys(_missing_name(line, line.arm in run) for line in gaps)
    return [f"Not run: {', '.join(names)}."] if names else []


def _missing_name(line: Line, in_part: bool) -> str:
    name = arms.arm_name(line.arm)
    if not in_part:
        return name
    return f"{name} with {arms.percent(line.drop_rate)} of {arms.MODALITY_NAMES[line.wiped]} wiped"
