"""The difference in mean error that counts as none: how it is read from a study, and named."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtloc_jax.files import record_sums, recorded_sums, write_whole
from mtloc_jax.report.provenance import CONFIG, read_provenance
from mtloc_jax.settings import DECLARED, checked

MARGIN = "margin_m"
"""The setting that names it."""


def margin_of(record: Mapping[str, Any]) -> float:
    """Return the margin, metres, that config.json names; 0 where it names none."""
    return float(record.get("config", {}).get(MARGIN, DECLARED[MARGIN].default))


def name_margin(workdir: Path, margin_m: float) -> None:
    """Write a margin, metres, into DIR/config.json, of which no row follows.

    Raises InputError where the file is absent or damaged, or the margin is out of range.
    """
    read_provenance(workdir)  # a file that is no config is named here
    path = workdir / CONFIG
    record = json.loads(path.read_text(encoding="utf-8"))
    named = record.get("config", {}) | {MARGIN: checked(MARGIN, margin_m)}
    write_whole(path, json.dumps(record | {"config": named}, indent=1) + "\n")
    if recorded_sums(workdir):
        record_sums(workdir, [CONFIG])
