"""Proof of what training did to grafted leaves: which are still the donor's, bit for bit."""

from typing import Any

from mtloc_jax.core.model import Params
from mtloc_jax.surgery.graft_report import GraftReport, unchanged_since


def proof(report: GraftReport, params: Params, run: int) -> dict[str, Any]:
    """Return the leaves that a graft took, and those of them that `params` still has.

    report: of the stacked graft; params: one trained network; run: its place in the stack
    Paths are parted by spaces.
    """
    of_run = report.of_run(run)
    taken = [entry.path for entry in of_run.entries if entry.action in ("take", "transform")]
    unchanged = unchanged_since(of_run, params)
    return {
        "taken": " ".join(taken),
        "unchanged": " ".join(path for path in taken if unchanged[path].all()),
    }
