"""A swept study's variants -> one comparison; the same rows give the same bytes."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.report import arms, look
from mtloc_jax.report.card_notes import read_notes
from mtloc_jax.report.comparison import Line, lines
from mtloc_jax.report.comparison_figure import comparison_figure
from mtloc_jax.report.comparison_sentences import sentences
from mtloc_jax.report.comparison_tables import comparison_csv, comparison_texts
from mtloc_jax.report.comparison_variants import Swept, read_swept
from mtloc_jax.report.page import Contents, page
from mtloc_jax.report.provenance import CONFIG, Provenance, counted, read_provenance
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
from mtloc_jax.report.rows import ROWS, select

NAME = "comparison"
_SECTIONS = ("Answers", "Tables", "Figures", "Data", "Settings", "Provenance")


def write_comparison(workdir: Path, folders: Sequence[Path]) -> list[Path]:
    """Write DIR/tables, DIR/figures and DIR/report.html of the variants in `folders`.

    Of a variant, config.json and rows.csv are read. Prints tables and sentences; returns the
    files. Raises InputError where a variant's files are absent, empty, damaged or of another
    study.
    """
    provenance, cards = read_provenance(workdir), read_notes(workdir)
    swept = read_swept(workdir, folders)
    found, scope = lines(swept), _scope(swept, provenance)
    _check_all_compared(swept, found, workdir)
    texts = comparison_texts(swept, found, scope, provenance)
    data = {NAME: comparison_csv(swept, found)}
    with look.drawing():
        drawings = {NAME: comparison_figure(swept, found, scope, provenance)}
    written = [*write_tables(workdir / "tables", {NAME: texts}, data)]
    written += write_figures(workdir / "figures", drawings)
    contents = Contents(
        provenance=provenance,
        scope=scope,
        tiles=(),
        headlines=sentences(found),
        cards=cards,
        tables=texts,
        pictures=pictures(workdir / "figures", drawings),
        config=json.loads((workdir / CONFIG).read_text(encoding="utf-8")),
        digests=digests(workdir, (f"{f.relative_to(workdir)}/{ROWS}" for f in folders)),
        sections=_SECTIONS,
    )
    written.append(write_text(workdir / PAGE, page(contents)))
    print_tables(texts)
    print("", *contents.headlines, sep="\n")
    print_files(workdir, written, [])
    return written


def _check_all_compared(swept: Swept, found: Sequence[Line], workdir: Path) -> None:
    """Raise InputError where a variant has no line: one wiped otherwise needs wiped rows."""
    compared = {line.contender.label for line in found}
    lacking = [c.label for c in swept.contenders if c.label not in compared]
    if lacking:
        share = arms.WIPED_SHARE
        raise InputError(
            f"no test rows to compare of {lacking[0]!r}",
            remedy=f"a sweep of wiping needs {share} among config.wipe.drop_rates",
            path=workdir / CONFIG,
        )


def _scope(swept: Swept, provenance: Provenance) -> str:
    """Return site pair, windows and seeds of what is compared, and how many variants there are."""
    clean = [select(table, split="test", modality="none") for table in swept.tables]
    together = {name: np.concatenate([table[name] for table in clean]) for name in clean[0]}
    counts = {"variant": len(swept.contenders), "test round": len(swept.test_rounds)}
    said = [counted({n}, noun) for noun, n in counts.items() if n > 1]
    return " | ".join([provenance.scope(together), *said])
