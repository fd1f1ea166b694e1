"""What each ingredient is worth: an arm against the one that lacks it, paired by walk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtloc_jax.arms import ARMS
from mtloc_jax.locate import (
    EXPERTS,
    FILTER,
    GRID,
    GRID_SMOOTHER,
    HELD,
    JOINS,
    NONE,
    SMOOTHER,
    STEPS,
    Locate,
)
from mtloc_jax.report.by_walk import paired
from mtloc_jax.report.claim_tables import (
    BETTER_ON,
    better_on,
    claim_cells,
    claim_columns,
    claim_notes,
)
from mtloc_jax.report.claims import Claim, corrected
from mtloc_jax.report.ladder import last_variant, lost_label
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rungs import NOTHING, Rung
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Cell, Label
from mtloc_jax.rows import Selection, Table, select

TIME, MOTION, EXPERT, CELLS = "joining over time", "motion", "expert on WiFi", "cells"
_RIVALS = {
    "v3": ("cosine",),
    "matcher": ("cosine", "v3"),
    "radio-map": ("cosine", "v3", "matcher"),
    "matcher-and-map": EXPERTS["matcher-and-map"].joins,
    "chosen": EXPERTS["chosen"].among,
}
"""Expert -> those that it is held against, under the same motion and join."""
_WITHOUT_CELLS = {GRID: FILTER, GRID_SMOOTHER: SMOOTHER}
_NOTE = (
    "Difference in mean error, metres, ours - theirs, paired by walk, each walk alike; negative: "
    "ours errs less. Both locate the same walks by the same surveys and differ in one ingredient."
)


@dataclass(frozen=True)
class Worth:
    """Hold what an ingredient is worth: the claim of an arm against the one that lacks it."""

    ingredient: str
    lost: str
    claim: Claim


def worths(found: Sequence[Rung], walks: Table, margin_m: float = 0.0) -> list[Worth]:
    """Compare arms that differ in one ingredient, on the last variant; p-values corrected together.

    found: rungs; walks: walks.csv of all variants; margin_m: difference that counts as none; 0
    where none is named
    """
    whole = [one for one in found if one.variant == last_variant(found)]
    test = select(walks, split="test")
    made = [worth for one in whole for worth in _of(one, whole, test)]
    claims = corrected([one.claim for one in made], margin_m)
    return [replace(one, claim=claim) for one, claim in zip(made, claims, strict=True)]


def lacking(locate: Locate) -> Iterator[tuple[str, Locate]]:
    """Yield what an arm is held against, and the ingredient in which that differs."""
    if locate.time != HELD and JOINS[locate.time].causal:
        yield TIME, Locate(locate.expert)
    if locate.time in _WITHOUT_CELLS:
        yield CELLS, replace(locate, time=_WITHOUT_CELLS[locate.time])
    if locate.time != HELD and locate.motion == STEPS:
        yield MOTION, replace(locate, motion=NONE)
    if locate.time != HELD and locate.motion not in (NONE, STEPS):
        yield MOTION, replace(locate, motion=STEPS)
    for rival in _RIVALS.get(locate.expert, ()):
        yield EXPERT, replace(locate, expert=rival)


def worth_table(found: Sequence[Worth], scope: str, provenance: Provenance) -> list[ReportTable]:
    """Lay out what ingredients are worth; none where no two arms differ in one alone."""
    if not found:
        return []
    lossy = any(one.lost != NOTHING for one in found)
    columns = (
        Column("ingredient", ("ingredient",), label=True),
        Column("lost", ("lost",), label=True),
        Column("ours", ("ours",), label=True),
        Column("theirs", ("theirs",), label=True),
        *claim_columns(brief=True),
        BETTER_ON,
    )
    claims = [one.claim for one in found]
    title = provenance.title("What each ingredient is worth: test error, paired by walk")
    notes = (_NOTE, *claim_notes(claims), provenance.footer())
    return [ReportTable(title, scope, columns, tuple(_line(o, lossy) for o in found), notes)]


def _of(one: Rung, others: Sequence[Rung], walks: Table) -> Iterator[Worth]:
    locate = ARMS[one.arm[0]].locate if one.arm[0] in ARMS else None
    if locate is None:
        return
    keep = np.isin(walks["study"], sorted(one.studies)) & (walks["modality"] == one.lost)
    rows = Selection(walks, keep)
    by_parts = {ARMS[o.arm[0]].locate: o for o in others if o.lost == one.lost and o.arm[0] in ARMS}
    for ingredient, parts in lacking(locate):
        rival = by_parts.get(parts)
        pair = rival and paired(rows, one.arm, rival.arm)
        if rival and pair:
            claim = pair.claim(one.label, rival.label, "" if one.lost == NOTHING else one.lost)
            yield Worth(ingredient, one.lost, claim)


def _line(one: Worth, lossy: bool) -> tuple[Cell, ...]:
    return (
        one.ingredient,
        Label(lost_label(one.lost) if lossy else "", (one.lost,)),
        one.claim.ours,
        one.claim.theirs,
        *claim_cells(one.claim, brief=True),
        better_on(one.claim),
    )
