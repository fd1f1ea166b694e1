"""Networks of another study that stand beside predictors, which saw the same windows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.report.provenance import Provenance, check_same_study, read_provenance
from mtloc_jax.rows import CONFIG, ROWS, Selection, Table, read, select
from mtloc_jax.settings import DECLARED

NETWORKS = "networks"
"""The setting that names their workdir, relative to the working directory."""
_WINDOWS = ("subset", *(n for n, one in DECLARED.items() if one.kind in ("building", "site")))
"""Settings that decide on the windows which a run sees."""


class Beside(NamedTuple):
    """Hold the clean rows of such networks, and where they come from."""

    provenance: Provenance
    rows: Table


def read_beside(config: Mapping[str, Any]) -> Beside | None:
    """Read the networks that a config names; None where it names none.

    Raises InputError where they are not there, damaged, or saw other windows.
    """
    if not (name := config.get(NETWORKS, "")):
        return None
    networks = Path(name)
    if not (networks / CONFIG).is_file():
        raise InputError(
            f"no study of networks is here, though config.{NETWORKS} says so",
            remedy="start where the study was started, the path is relative",
            path=networks / CONFIG,
        )
    provenance, table = read_provenance(networks), select(read(networks / ROWS), modality="none")
    check_same_study(table, provenance, networks / ROWS)
    _check_same_windows(config, networks / CONFIG)
    keep = np.array([is_tuned_network(arm) for arm in table["arm"].tolist()], bool)
    return Beside(provenance, Selection(table, keep))


def is_tuned_network(arm: str) -> bool:
    """Say whether an arm is of networks that are trained with several shares of the rounds."""
    return arm in ARMS and not ARMS[arm].fixed and ARMS[arm].of_problem


def _check_same_windows(config: Mapping[str, Any], path: Path) -> None:
    theirs = json.loads(path.read_text(encoding="utf-8")).get("config", {})
    odd = [name for name in _WINDOWS if _setting(config, name) != _setting(theirs, name)]
    if odd:
        raise InputError(
            f"these networks saw other windows than the predictors ({', '.join(odd)} differ)",
            remedy=f"set --config.{NETWORKS} to a study of the same pair and settings",
            path=path,
        )


def _setting(config: Mapping[str, Any], name: str) -> Any:
    """Return a setting by its dotted name: its default where an older study could not choose."""
    group, _, inner = name.rpartition(".")
    held = config.get(group, {}) if group else config
    return held.get(inner, DECLARED[name].default)
