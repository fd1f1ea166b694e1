"""Tables V and VI, the paper's figures beside ours."""

from collections.abc import Mapping, Sequence

from mtloc_jax.arms import FINETUNED, SCRATCH, TRANSFERRED, WIPED_SHARE, arm_label, percent
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report.error_tables import (
    CELL_NOTE,
    KEY_COLUMNS,
    counted_columns,
    keys,
    measured,
    metric_columns,
)
from mtloc_jax.report.headline import ArmAtRate, arms_in, models, rate_note
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.summary import Summary, summarise, summarise_average
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Cell, Number
from mtloc_jax.rows import Table, of_arm, select

# Table V of the paper: mean and STD, metres, one run each.
PAPER_TABLE_V: dict[ArmAtRate, tuple[float, float]] = {
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
_MEAN = Column("paper's mean", ("paper_mean_m",))
_STD = Column("paper's STD", ("paper_std_m",))
_PAPER_NOTE = "The paper's figures are one run each, on its own two buildings."
_AVERAGES = "Average: of the modalities' figures, seed by seed."


def table5(table: Table, split: str, provenance: Provenance) -> list[ReportTable]:
    """Return the errors on `split` of those arms of Table V that the rows hold, a line an arm."""
    rows = select(table, split=split, modality="none")
    held = set(arms_in(rows))
    lines = [_line5(rows, split, arm) for arm in PAPER_TABLE_V if arm in held]
    if not lines:
        return []
    return [
        ReportTable(
            provenance.title(f"Table V: error (m) by fine-tune rate, {split}"),
            provenance.scope(rows),
            (
                *KEY_COLUMNS,
                Column("fine-tune rate", (), label=True),
                *metric_columns(),
                *counted_columns(),
                _MEAN,
                _STD,
            ),
            tuple(lines),
            (CELL_NOTE, _PAPER_NOTE, provenance.footer()),
            turned=True,
        )
    ]


def table6(table: Table, provenance: Provenance) -> list[ReportTable]:
    """Return the test errors with 40 % of a modality wiped, a line a modality and leading arm."""
    rows = select(table, split="test", drop_rate=WIPED_SHARE)
    wiped = {name: select(rows, modality=name) for name in MODALITIES}
    wiped = {name: of_one for name, of_one in wiped.items() if len(of_one["seed"])}
    if not wiped:
        return []
    return [
        ReportTable(
            provenance.title(
                f"Table VI: error (m) with {percent(WIPED_SHARE)} of one modality wiped"
            ),
            provenance.scope(rows),
            (
                *KEY_COLUMNS,
                Column("wiped", (), label=True),
                Column("model", (), label=True),
                *metric_columns(),
                *counted_columns(),
                _MEAN,
            ),
            tuple(_lines6(wiped, models(rows))),
            tuple(filter(None, _notes6(rows, len(wiped) > 1, provenance))),
        )
    ]


def _notes6(rows: Table, averaged: bool, provenance: Provenance) -> Sequence[str]:
    tuned = any(name == FINETUNED for name, _ in arms_in(rows))
    return (
        CELL_NOTE,
        _AVERAGES if averaged else "",
        provenance.wiping,
        _PAPER_NOTE,
        rate_note(rows) if tuned else "",
        provenance.footer(),
    )


def _line5(rows: Table, split: str, arm: ArmAtRate) -> tuple[Cell, ...]:
    name = arm_label(*arm) if arm[0] == SCRATCH else percent(arm[1])
    return (
        *keys(split, "none", 0.0, arm),
        name,
        *measured(summarise(of_arm(rows, arm))),
        *(Number(figure) for figure in PAPER_TABLE_V[arm]),
    )


def _lines6(wiped: Mapping[str, Table], arms: Sequence[ArmAtRate]) -> list[tuple[Cell, ...]]:
    of_arms = {arm: {name: of_arm(rows, arm) for name, rows in wiped.items()} for arm in arms}
    lines = [
        _line6(name, arm, summarise(cells[name]))
        for name in wiped
        for arm, cells in of_arms.items()
        if len(cells[name]["seed"])
    ]
    if len(wiped) > 1:
        averages = {arm: summarise_average(list(cells.values())) for arm, cells in of_arms.items()}
        lines += [_line6(AVERAGE, arm, found) for arm, found in averages.items() if found]
    return lines


def _line6(wiped: str, arm: ArmAtRate, summary: Summary | None) -> tuple[Cell, ...]:
    paper = PAPER_TABLE_VI.get((wiped, arm[0]))
    return (
        *keys("test", wiped, WIPED_SHARE, arm),
        MODALITIES[wiped].label if wiped in MODALITIES else wiped,
        arm_label(*arm),
        *measured(summary),
        None if paper is None else Number(paper),
    )
