"""What a study may be told after it was run: the margin that counts as none, and its question."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtloc_jax.escapes import printable
from mtloc_jax.files import record_sums, recorded_sums, write_whole
from mtloc_jax.report.provenance import read_provenance
from mtloc_jax.rows import CONFIG, QUESTION
from mtloc_jax.settings import DECLARED, checked

MARGIN = "margin_m"
"""The setting that names the difference in mean error that counts as none."""


def margin_of(record: Mapping[str, Any]) -> float:
    """Return the margin, metres, that config.json names; 0 where it names none."""
    return float(record.get("config", {}).get(MARGIN, DECLARED[MARGIN].default))


def name_margin(workdir: Path, margin_m: float) -> None:
    """Write a margin, metres, into DIR/config.json, of which no row follows.

    Raises InputError where the file is absent or damaged, or the margin is out of range.
    """
    record = _record(workdir)
    named = record.get("config", {}) | {MARGIN: checked(MARGIN, margin_m)}
    _write(workdir, record | {"config": named})


def name_question(workdir: Path, question: str) -> None:
    """Write what a study asks into DIR/config.json, of which no row follows.

    Raises InputError where the file is absent or damaged.
    """
    _write(workdir, _record(workdir) | {QUESTION: printable(question)})


def _record(workdir: Path) -> dict[str, Any]:
    read_provenance(workdir)  # a file that is no config is named here
    found: dict[str, Any] = json.loads((workdir / CONFIG).read_text(encoding="utf-8"))
    return found


def _write(workdir: Path, record: Mapping[str, Any]) -> None:
    write_whole(workdir / CONFIG, json.dumps(record, indent=1) + "\n")
    if recorded_sums(workdir):
        record_sums(workdir, [CONFIG])
