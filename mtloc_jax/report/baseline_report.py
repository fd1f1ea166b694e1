"""Rows of a study of baselines, and of networks on the same pair -> tables, figure and page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.report import look, neighbours
from mtloc_jax.report.arms import FINETUNED, SCRATCH
from mtloc_jax.report.baseline_claims import claims_text, families, headlines
from mtloc_jax.report.baseline_figure import SPLITS, baseline_demand
from mtloc_jax.report.baseline_tables import LABELS, errors_csv, errors_text, named, neighbours_text
from mtloc_jax.report.card_notes import CardNotes, read_notes, target_survey
from mtloc_jax.report.claims import Claim, claims_csv
from mtloc_jax.report.neighbours import NEIGHBOURS, Chosen
from mtloc_jax.report.page import Contents, Tile, page
from mtloc_jax.report.provenance import CONFIG, Provenance, check_same_study, read_provenance
from mtloc_jax.report.report_folder import (
    PAGE,
    digests,
    pictures,
    print_tables,
    write_figures,
    write_tables,
    write_text,
)
from mtloc_jax.report.rows import CDF, ROWS, Table, read, select
from mtloc_jax.report.summary import summarise
from mtloc_jax.report.tables import cells
from mtloc_jax.report.text_table import TextTable

_SEEN = (
    *("source", "target", "simulation", "window", "wifi_entry_max_age_ms", "subset"),
    *("test_round", "scaling"),
)
_SEEN_BEFORE = {"test_round": 0, "scaling": "survey"}  # what studies did before they could choose
_DETAIL = ("rounds", "minutes", "constant")  # left to the files, so that a table fits a terminal
_COMMAND = "python -m launch.baselines --config=configs/baselines.py:PAIR --workdir=DIR"


class Found(NamedTuple):
    """Hold what the report is made of.

    table:    rows of the baselines, and of the scratch and fine-tuned networks beside them
    networks: where those come from; None where there are none
    families: title -> claims about baselines and networks
    """

    provenance: Provenance
    cards: tuple[CardNotes, ...]
    table: Table
    networks: Provenance | None
    families: dict[str, list[Claim]]
    ks: list[Chosen]


def write_report(workdir: Path, networks: Path | None = None) -> list[Path]:
    """Write DIR/tables, DIR/figures and DIR/report.html, print the test table; return the files.

    networks: workdir of a study on the same pair, whose scratch and fine-tuned networks are
    compared. Raises InputError where rows are absent or damaged, or the networks saw other windows.
    """
    found = _found(workdir, networks)
    texts = _texts(found)
    with look.drawing():
        survey = target_survey(found.cards)
        drawings = {"data_demand": baseline_demand(found.table, survey, found.provenance)}
    written = [
        *write_tables(workdir / "tables", texts, _data(found)),
        *write_figures(workdir / "figures", drawings),
    ]
    contents = Contents(
        provenance=found.provenance,
        scope=found.provenance.scope(found.table),
        tiles=_tiles(select(found.table, split="test", finetune_rate=1.0)),
        headlines=[said for claims in found.families.values() for said in headlines(claims)],
        cards=found.cards,
        tables=[replace(text, lead=()) for group in texts.values() for text in group],
        pictures=pictures(workdir / "figures", drawings),
        config=json.loads((workdir / CONFIG).read_text(encoding="utf-8")),
        digests=digests(workdir, (ROWS, CDF, NEIGHBOURS)),
        rebuild=f"{_COMMAND} --report_only",
    )
    print_tables([text.without(_DETAIL) for text in texts["baselines_test"]])
    return [*written, write_text(workdir / PAGE, page(contents))]


def read_networks(networks: Path, workdir: Path) -> tuple[Provenance, Table]:
    """Read the clean rows of scratch and fine-tuned networks, and where they come from.

    Raises InputError where those networks and the baselines in `workdir` saw other windows.
    """
    provenance, table = read_provenance(networks), select(read(networks / ROWS), modality="none")
    check_same_study(table, provenance, networks / ROWS)
    ours, theirs = (_SEEN_BEFORE | _config(folder) for folder in (workdir, networks))
    odd = [name for name in _SEEN if ours.get(name) != theirs.get(name)]
    if odd:
        raise InputError(
            f"these networks saw other windows than the baselines ({', '.join(odd)} differ)",
            remedy="set --config.networks to a study of the same pair and settings",
            path=networks / CONFIG,
        )
    keep = np.isin(table["arm"], (SCRATCH, FINETUNED))
    return provenance, {name: values[keep] for name, values in table.items()}


def _found(workdir: Path, networks: Path | None) -> Found:
    provenance, table = read_provenance(workdir), read(workdir / ROWS)
    check_same_study(table, provenance, workdir / ROWS)
    theirs = None
    if networks is not None:
        theirs, rows = read_networks(networks, workdir)
        table = {name: np.concatenate([table[name], rows[name]]) for name in table}
    return Found(
        provenance, read_notes(workdir), table, theirs, families(table), neighbours.read(workdir)
    )


def _texts(found: Found) -> dict[str, list[TextTable]]:
    """Return every table by the name of its file, in the order of the page."""
    survey, provenance = target_survey(found.cards), found.provenance
    errors = {
        f"baselines_{split}": [errors_text(found.table, split, survey, provenance, found.networks)]
        for split in ("test", "validation")
    }
    scope = provenance.scope(select(found.table, split="test"))
    return {
        **errors,
        "claims": [
            claims_text(title, claims, scope, provenance)
            for title, claims in found.families.items()
        ],
        "neighbours": [neighbours_text(found.ks, provenance)] if found.ks else [],
    }


def _data(found: Found) -> dict[str, str]:
    """Return every table as CSV, by the name of its file."""
    errors = {f"baselines_{split}": errors_csv(found.table, split) for split in SPLITS}
    claims = [claim for family in found.families.values() for claim in family]
    return {**errors, "claims": claims_csv(claims), "neighbours": neighbours.as_csv(found.ks)}


def _tiles(whole_survey: Table) -> list[Tile]:
    """Return the clean test errors of every arm on the whole survey."""
    tiles = []
    for arm in named(whole_survey):
        mean, _, median, _, _, p95 = cells(summarise(select(whole_survey, arm=arm)))[:6]
        tiles.append(Tile(LABELS[arm], f"{mean} m", (f"median {median} m", f"p95 {p95} m")))
    return tiles


def _config(folder: Path) -> dict[str, Any]:
    return json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("config", {})
