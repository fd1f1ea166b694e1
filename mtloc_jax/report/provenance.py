"""Where a workdir's rows come from, said in the title of every table and figure."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.rows import CONFIG, Table


@dataclass(frozen=True)
class Provenance:
    """Hold what config.json says of the rows beside it.

    simulated: True where no real phone or building was involved
    git_revision: of the code, all of them where it changed between rows
    wiping:    how modalities were wiped, in a sentence; empty where config.json says nothing of it
    mode:      what was wiped together, as settings.Wipe has it; empty likewise
    """

    study: str
    site_pair: str
    simulated: bool
    git_revision: str
    device: str
    wiping: str = ""
    mode: str = ""

    def title(self, what: str) -> str:
        """Return `what`, marked where the rows are simulated."""
        return f"{what} (simulated)" if self.simulated else what

    def scope(self, table: Table) -> str:
        """Return site pair, windows per split and seeds of the rows in `table` (rows.csv)."""
        windows = [_windows(table, split) for split in np.unique(table["split"])]
        return " | ".join([self.site_pair, *windows, seedcounted(table)])

    def footer(self) -> str:
        """Return the study, code and device that made the rows."""
        return f"Study {self.study}, git revision {self.git_revision}, device {self.device}."


def read_provenance(workdir: Path) -> Provenance:
    """Read DIR/config.json; raises InputError where it is absent, cut or lacks a field."""
    path = workdir / CONFIG
    if not path.is_file():
        raise InputError("no such file", remedy="run launch.study with this --workdir", path=path)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return Provenance(
            study=str(config["study"]),
            site_pair=str(config["site_pair"]),
            simulated=bool(config["simulated"]),
            git_revision=_revisions(config),
            device=str(config["device"]),
            wiping=_wiping(config.get("config", {}).get("wipe", {})),
            mode=str(config.get("config", {}).get("wipe", {}).get("mode", "")),
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON ({error.msg})",
            remedy="run launch.study again with another --workdir",
            path=path,
            line=error.lineno,
        ) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"lacks the field {error}", remedy="run launch.study with another --workdir", path=path
        ) from None


def check_same_study(table: Table, provenance: Provenance, path: Path) -> None:
    """Raise InputError where a row of `table` is of another study or site pair than `provenance`.

    Titles name one study and one pair, so mixed rows would be mislabelled.
    """
    for column, expected in (("study", provenance.study), ("site_pair", provenance.site_pair)):
        foreign = np.flatnonzero(table[column] != expected)
        if len(foreign):
            raise InputError(
                f"{column} is {str(table[column][foreign[0]])!r}, {CONFIG} says {expected!r}",
                remedy="give each study its own --workdir",
                path=path,
                line=int(foreign[0]) + 2,
            )


def seedcounted(table: Table) -> str:
    """Return how many seeds each trained arm has, as words."""
    runs = set(zip(table["arm"], table["finetune_rate"], table["seed"], strict=True))
    counts = set(Counter((arm, rate) for arm, rate, _ in runs).values()) or {0}
    return counted(counts, "seed")


def _revisions(record: Mapping[str, Any]) -> str:
    """Return the commits that made the rows: more than one where a study went on under another."""
    changes = [change["git_revision"] for change in record.get("changes", ())]
    return ", then ".join(dict.fromkeys([str(record["git_revision"]), *map(str, changes)]))


def _wiping(wipe: Mapping[str, Any]) -> str:
    told = ", said to networks that can be told" if wipe.get("notice") == "told" else ""
    return f"Wiped: {wipe['mode']}, filled with: {wipe['fill']}{told}." if wipe else ""


def _windows(table: Table, split: np.str_) -> str:
    return f"{split}: " + counted(set(table["n_windows"][table["split"] == split]), "window")


def counted(counts: set[int], noun: str) -> str:
    """Write how many there are: {2, 8} seeds -> '2 to 8 seeds'."""
    low, high = min(counts), max(counts)
    number = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{number} {noun}" + ("" if high == 1 else "s")
