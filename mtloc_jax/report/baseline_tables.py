"""Baselines by survey size: their errors, networks beside them, and the k that k-NN was given."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.cards.gaussian_process import MOST_SCANS
from mtloc_jax.report import arms
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.neighbours import Chosen
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import Table, select
from mtloc_jax.report.summary import Summary, summarise
from mtloc_jax.report.tables import Line, lines_csv
from mtloc_jax.report.text_table import TextTable

LABELS = {
    "constant": "constant",
    "elapsed-time": "elapsed time",
    "wifi-knn": "WiFi k-NN",
    "wifi-weighted-knn": "WiFi weighted k-NN",
    "wifi-forest": "WiFi random forest",
    "wifi-gaussian-process": "WiFi Gaussian process",
    arms.SCRATCH: "network from scratch",
    arms.FINETUNED: "network fine-tuned",
}
"""Arm -> its name, in the order of tables and legends."""

_ERRORS = (
    "Metres: mean over windows, then mean ± standard deviation over seeds. A seed draws the "
    "rounds of a rate; at 100 % all seeds see the same, and only what is random by itself varies.",
    "Constant: mean training position. Elapsed time: where the training walks were by then, no "
    "sensor. The others are fitted on the WiFi scans of the rounds in use.",
    f"k of k-NN: chosen on validation, seed by seed. Gaussian process: at most {MOST_SCANS:,} "
    "scans, drawn where there are more.",
)
_MINUTES = "Minutes: that share of the training rounds' minutes; drawn rounds differ a little."
_NETWORKS = "Networks: same windows, trained on WiFi, IMU and magnetometer; study {}, revision {}."


def errors_text(
    table: Table,
    split: str,
    survey: Survey | None,
    provenance: Provenance,
    networks: Provenance | None = None,
) -> TextTable:
    """Lay out mean errors, a line for each rate; `table` also holds the networks' rows."""
    rows = select(table, split=split)
    header = ("rate", *(("rounds", "minutes") if survey else ()))
    notes = (*_ERRORS, *((_MINUTES,) if survey else ()))
    if networks:
        notes += (_NETWORKS.format(networks.study, networks.git_revision),)
    return TextTable(
        provenance.title(f"Baselines: error (m) by survey size, {split}"),
        provenance.scope(rows),
        (*header, *(LABELS[arm] for arm in named(rows))),
        tuple(_line(rows, rate, survey) for rate in rates(rows)),
        (*notes, provenance.footer()),
    )


def errors_csv(table: Table, split: str) -> str:
    """Return the same, every metric, as tidy CSV."""
    rows = select(table, split=split)
    cells = [(arm, rate) for arm in named(rows) for rate in rates(rows)]
    found = [(cell, summarise(arms.of_arm(rows, cell))) for cell in cells]
    return lines_csv(Line(split, "none", 0.0, cell, summary) for cell, summary in found)


def neighbours_text(found: Sequence[Chosen], provenance: Provenance) -> TextTable:
    """Lay out which k each k-NN was given: its median over seeds, and the range."""
    fitted = list(dict.fromkeys(one.baseline for one in found))
    body = []
    for rate in sorted({one.finetune_rate for one in found}, reverse=True):
        ks = [_ks(found, baseline, rate) for baseline in fitted]
        body.append((arms.percent(rate), *(f"{np.median(k):g} ({min(k)}-{max(k)})" for k in ks)))
    return TextTable(
        provenance.title("k of k-NN by survey size"),
        "median over seeds (least - most), chosen on validation",
        ("rate", *(LABELS[baseline] for baseline in fitted)),
        tuple(body),
    )


def named(table: Table) -> list[str]:
    """Return the arms of `table` that have a label, in the order of LABELS."""
    return [arm for arm in LABELS if arm in set(table["arm"])]


def rates(table: Table) -> list[float]:
    """Return the rates of `table`, the largest survey first."""
    return [float(rate) for rate in np.unique(table["finetune_rate"])[::-1]]


def _line(rows: Table, rate: float, survey: Survey | None) -> tuple[str, ...]:
    size = (f"{rate * survey.rounds:g}", f"{rate * survey.minutes:.1f}") if survey else ()
    cells = [_cell(summarise(arms.of_arm(rows, (arm, rate)))) for arm in named(rows)]
    return (arms.percent(rate), *size, *cells)


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return "not run"
    spread = "" if np.isnan(summary.spread[0]) else f" ± {summary.spread[0]:.2f}"
    return f"{summary.mean[0]:.2f}{spread}"


def _ks(found: Sequence[Chosen], baseline: str, rate: float) -> list[int]:
    return [one.k for one in found if (one.baseline, one.finetune_rate) == (baseline, rate)]
