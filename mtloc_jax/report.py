"""A workdir's rows -> its tables and figures; the same rows give the same bytes."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console

from mtloc_jax import claims, figures, look, tables
from mtloc_jax.errors import InputError
from mtloc_jax.provenance import Provenance, check_same_study, read_provenance
from mtloc_jax.rows import CDF, ROWS, TRACKS, Table, empty, read, select
from mtloc_jax.trajectory import FloorPlan, trajectory

_SPLITS = ("test", "validation")
# Left to the files, so that a table fits a terminal.
_DETAIL = ("p75", "p90", "p95", "seeds", "windows")


def write_report(workdir: Path, floor_plan: FloorPlan | None = None) -> list[Path]:
    """Write DIR/tables and DIR/figures, print Tables V and VI; return the files written.

    A figure whose rows were never measured is named and left out. Raises InputError where
    rows.csv is absent, empty or damaged, or rows and config.json are of different studies.
    """
    provenance = read_provenance(workdir)
    table = _rows(workdir, ROWS, provenance)
    if not len(table["seed"]):
        raise InputError(
            "no rows yet", remedy="run launch.study with this --workdir", path=workdir / ROWS
        )
    written = [*_write_tables(workdir, table, provenance)]
    written += _write_figures(workdir, table, provenance, floor_plan)
    _print_tables(table, provenance)
    return written


def _rows(workdir: Path, name: str, provenance: Provenance) -> Table:
    if name != ROWS and not (workdir / name).is_file():
        return empty(name)  # a study may keep no CDFs or tracks; their figures are left out
    table = read(workdir / name)
    check_same_study(table, provenance, workdir / name)
    return table


def _write_tables(workdir: Path, table: Table, provenance: Provenance) -> Iterator[Path]:
    files = {
        "table6.md": tables.table6_text(table, provenance).markdown(),
        "table6.csv": tables.lines_csv(tables.table6(table)),
    }
    for split, name in zip(_SPLITS, ("table5", "table5_validation"), strict=True):
        files[f"{name}.md"] = tables.table5_text(table, split, provenance).transposed().markdown()
        files[f"{name}.csv"] = tables.lines_csv(tables.table5(table, split))
    files["claims.md"], files["claims.csv"] = _claims(table, provenance)
    folder = workdir / "tables"
    folder.mkdir(exist_ok=True)
    for name, text in sorted(files.items()):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        yield folder / name


def _claims(table: Table, provenance: Provenance) -> tuple[str, str]:
    families = {
        "Claims: transfer against scratch on all rounds": claims.transfer_claims(table),
        "Claims: transfer against scratch on the same rounds": claims.same_rounds_claims(table),
        "Claims: one modality partly wiped": claims.wiped_claims(table),
    }
    scope = provenance.scope(select(table, split="test"))
    pages = [
        claims.claims_text(title, family, scope, provenance).markdown()
        for title, family in families.items()
        if family
    ]
    every = [claim for family in families.values() for claim in family]
    return "\n".join(pages), claims.claims_csv(every)


def _write_figures(
    workdir: Path, table: Table, provenance: Provenance, floor_plan: FloorPlan | None
) -> Iterator[Path]:
    cdf, tracks = _rows(workdir, CDF, provenance), _rows(workdir, TRACKS, provenance)
    folder = workdir / "figures"
    folder.mkdir(exist_ok=True)
    with look.drawing():
        drawings: dict[str, Figure | None] = {
            "fig4.png": figures.fig4(cdf, table, provenance),
            "fig5.png": figures.fig5(table, provenance),
            "fig6.png": figures.fig6(cdf, table, provenance),
            "trajectory.png": trajectory(tracks, provenance, floor_plan),
        }
        for name, drawing in drawings.items():
            (folder / name).unlink(missing_ok=True)  # a figure left out must not show old rows
            if drawing is None:
                print(f"{name} not drawn: this study measured nothing for it")
                continue
            look.save(drawing, folder / name)
            yield folder / name


def _print_tables(table: Table, provenance: Provenance) -> None:
    shown = (
        tables.table5_text(table, "test", provenance),
        tables.table6_text(table, provenance),
    )
    # Wide enough for every figure: a narrow terminal breaks lines, rich would cut them.
    console = Console(width=max(Console().width, 120))
    for text in shown:
        text.without(_DETAIL).show(console)
    console.print()
    for note in dict.fromkeys(note for text in shown for note in text.notes):
        console.print(f"- {note}", markup=False, highlight=False, soft_wrap=True)
