"""A workdir's rows -> its tables, figures and page; the same rows give the same bytes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from mtloc_jax.errors import InputError
from mtloc_jax.report import arms, claims, figures, look, rounds_needed, tables
from mtloc_jax.report.card_notes import Survey, read_notes, target_survey
from mtloc_jax.report.demand import data_demand
from mtloc_jax.report.differences import differences
from mtloc_jax.report.error_map import error_map
from mtloc_jax.report.floor_plan import FloorPlan
from mtloc_jax.report.page import Contents, Tile, page
from mtloc_jax.report.provenance import CONFIG, Provenance, check_same_study, read_provenance
from mtloc_jax.report.report_folder import (
    PAGE,
    digests,
    pictures,
    print_files,
    print_tables,
    write_figures,
    write_tables,
    write_text,
)
from mtloc_jax.report.rivals import rivals_csv, rivals_text
from mtloc_jax.report.rounds_needed import Needed
from mtloc_jax.report.rows import CDF, ROWS, TRACKS, Table, empty, read, select
from mtloc_jax.report.text_table import TextTable
from mtloc_jax.report.trajectory import trajectory

Families = dict[str, list[claims.Claim]]  # title of a table -> its claims


def write_report(workdir: Path, floor_plan: FloorPlan | None = None) -> list[Path]:
    """Write DIR/tables, DIR/figures and DIR/report.html, print Tables V and VI; return the files.

    A figure whose rows were never measured is named and left out. Raises InputError where
    rows.csv is absent, empty or damaged, or rows and config.json are of different studies.
    """
    provenance, cards = read_provenance(workdir), read_notes(workdir)
    table = _rows(workdir, ROWS, provenance)
    if not len(table["seed"]):
        raise InputError(
            "no rows yet", remedy="run launch.study with this --workdir", path=workdir / ROWS
        )
    found, survey = claims.families(table), target_survey(cards)
    needed = rounds_needed.needed(rounds_needed.demands(table))
    texts = _texts(table, found, provenance) | {"baselines": rivals_text(cards, provenance)}
    texts["rounds_needed"] = _needed_texts(needed, survey, table, provenance)
    data = _data(table, found) | {"baselines": rivals_csv(cards)}
    data["rounds_needed"] = rounds_needed.needed_csv(needed)
    drawings = _drawings(workdir, table, found, provenance, floor_plan)
    written = [*write_tables(workdir / "tables", texts, data)]
    written += write_figures(workdir / "figures", drawings)
    contents = Contents(
        provenance=provenance,
        scope=provenance.scope(table),
        tiles=_tiles(table),
        headlines=claims.headlines(table, found) + rounds_needed.sentences(needed, survey),
        cards=cards,
        tables=[replace(text, lead=()) for group in texts.values() for text in group],
        pictures=pictures(workdir / "figures", drawings),
        config=json.loads((workdir / CONFIG).read_text(encoding="utf-8")),
        digests=digests(workdir, (ROWS, CDF, TRACKS)),
    )
    written.append(write_text(workdir / PAGE, page(contents)))
    print_tables(texts["table5"] + texts["table6"])
    print_files(workdir, written, [name for name, drawn in drawings.items() if drawn is None])
    return written


def _rows(workdir: Path, name: str, provenance: Provenance) -> Table:
    if name != ROWS and not (workdir / name).is_file():
        return empty(name)  # a study may keep no CDFs or tracks; their figures are left out
    table = read(workdir / name)
    check_same_study(table, provenance, workdir / name)
    return table


def _texts(table: Table, found: Families, provenance: Provenance) -> dict[str, list[TextTable]]:
    """Return every table by the name of its file, in the order of the page."""
    scope = provenance.scope(select(table, split="test"))
    return {
        "table5": [tables.table5_text(table, "test", provenance)],
        "table6": [tables.table6_text(table, provenance)],
        "claims": [
            claims.claims_text(title, family, scope, provenance) for title, family in found.items()
        ],
        "table5_validation": [tables.table5_text(table, "validation", provenance)],
    }


def _needed_texts(
    needed: Sequence[Needed], survey: Survey | None, table: Table, provenance: Provenance
) -> list[TextTable]:
    scope = provenance.scope(select(table, split="test", modality="none"))
    return [rounds_needed.needed_text(needed, survey, scope, provenance)] if needed else []


def _drawings(
    workdir: Path,
    table: Table,
    found: Families,
    provenance: Provenance,
    plan: FloorPlan | None,
) -> dict[str, Figure | None]:
    """Return every figure by the name of its file, None where nothing was measured for it."""
    cdf, tracks = _rows(workdir, CDF, provenance), _rows(workdir, TRACKS, provenance)
    with look.drawing():
        return {
            "differences": differences(
                found, provenance.scope(select(table, split="test")), provenance
            ),
            "data_demand": data_demand(table, provenance),
            "fig4": figures.fig4(cdf, table, provenance),
            "fig5": figures.fig5(table, provenance),
            "fig6": figures.fig6(cdf, table, provenance),
            "trajectory": trajectory(tracks, provenance, plan),
            "error_map": error_map(tracks, provenance, plan),
        }


def _data(table: Table, found: Families) -> dict[str, str]:
    """Return every table as CSV, by the name of its file."""
    every = [claim for family in found.values() for claim in family]
    return {
        "table5": tables.lines_csv(tables.table5(table, "test")),
        "table6": tables.lines_csv(tables.table6(table)),
        "claims": claims.claims_csv(every),
        "table5_validation": tables.lines_csv(tables.table5(table, "validation")),
    }


def _tiles(table: Table) -> list[Tile]:
    """Return the clean test errors of scratch, fine-tuned at the headline rate, transferred."""
    transferred, finetuned, scratch = arms.headline_arms(table)
    lines = {line.arm: line.summary for line in tables.table5(table, "test")}
    tiles = []
    for arm in (scratch, finetuned, transferred):
        summary = lines.get(arm)
        if summary is not None:
            mean, _, median, _, _, p95 = tables.cells(summary)[: len(tables.METRIC_NAMES)]
            details = (f"median {median} m", f"p95 {p95} m")
            tiles.append(Tile(arms.arm_name(arm), f"{mean} m", details))
    return tiles
