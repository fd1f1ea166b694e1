"""What runs chose for themselves on validation, such as the k of k-NN."""

from dataclasses import dataclass

import numpy as np

from mtloc_jax.arms import ARMS, percent
from mtloc_jax.report.headline import arms_in
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import Label, Value
from mtloc_jax.rows import Table, of_arm, select


@dataclass(frozen=True)
class Middle(Value):
    """Hold the median of what seeds chose, and the least and the most."""

    median: float
    least: float
    most: float

    def text(self) -> str:
        """Return '21 (13-55)'."""
        return f"{self.median:g} ({self.least:g}-{self.most:g})"

    def data(self) -> tuple[str, ...]:
        """Return the three."""
        return f"{self.median:g}", f"{self.least:g}", f"{self.most:g}"


def chosen(table: Table, provenance: Provenance) -> list[ReportTable]:
    """Return a table a setting, a line a rate and a column an arm; of several sites a line each."""
    pairs = list(dict.fromkeys(table["site_pair"].tolist()))
    site = (Column("site pair", ("site_pair",), label=True),) if len(pairs) > 1 else ()
    return [
        ReportTable(
            provenance.title(f"Chosen by share of the training rounds: {setting}"),
            "median over seeds (least - most), chosen on validation",
            (
                Column("setting", ("setting",), Reach.DATA, True),
                *site,
                Column("arm and rate", ("arm", "finetune_rate"), Reach.DATA, True),
                Column("rate", (), label=True),
                Column("arm", (), label=True),
                Column(str(setting), ("median", "least", "most")),
            ),
            tuple(
                (
                    str(setting),
                    *((pair,) if site else ()),
                    Label(name, (name, str(rate))),
                    percent(rate),
                    ARMS[name].label if name in ARMS else name,
                    _told(of_arm(rows, (name, rate))["value"]),
                )
                for pair in pairs
                for rows in [select(table, setting=setting, site_pair=pair)]
                for name, rate in sorted(arms_in(rows), key=lambda arm: -arm[1])
            ),
            (provenance.footer(),),
            across="arm",
        )
        for setting in dict.fromkeys(table["setting"].tolist())
    ]


def _told(values: np.ndarray) -> Value:
    """Return the middle of numbers; of words, how many seeds chose each."""
    try:
        numbers = values.astype(np.float64)
    except ValueError:
        words, counts = np.unique(values, return_counts=True)
        told = [f"{word} ({count})" for word, count in zip(words, counts, strict=True)]
        return Label(", ".join(told))
    return Middle(float(np.median(numbers)), float(numbers.min()), float(numbers.max()))
