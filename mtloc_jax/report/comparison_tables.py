"""What a swept study found, as tables: against the reference, against scratch, by test round."""

from collections.abc import Iterator, Sequence

from mtloc_jax.arms import arm_label
from mtloc_jax.report.claim_tables import (
    BETTER_ON,
    SEEDS_NOTE,
    better_on,
    claim_cells,
    claim_columns,
    claim_notes,
    wiping,
)
from mtloc_jax.report.claims import Claim
from mtloc_jax.report.comparison import Line
from mtloc_jax.report.comparison_cells import between_rounds, of_arm, seed_spread, wiped_label
from mtloc_jax.report.comparison_variants import Swept
from mtloc_jax.report.provenance import Provenance, counted
from mtloc_jax.report.stats import MIN_DRAWN
from mtloc_jax.report.summary import over_seeds, per_seed
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import Cell, Count, Label, Number

_CELL_NOTE = "Metres. Mean and median over windows, then mean ± standard deviation over seeds."
_CLAIM_NOTE = "Differences: of mean errors, paired by {}; negative: the line's arm errs less."
_BY_WALK = "walk, each walk's mean over seeds, each walk alike; {}"
_ELSE_BY_SEED = f" (by seed where fewer than {MIN_DRAWN} walks are common to both)"
_CROSSED_NOTE = (
    "Seeds and {} both vary, and all seeds meet all {}: the interval's error is that "
    "of crossed factors (Satterthwaite's degrees of freedom; simulated: it covers 0.94 to 0.99). "
)
_WALKS_NOTE = (
    "Walks vary, not seeds: intervals are over walks, for these seeds, and say how other walks in "
    "these buildings would turn out."
)
_BLOCKS_NOTE = "Fewer than four seeds: the interval is over test rounds alone, for these seeds. "
_TURNS_NOTE = (
    "Each round is held out in turn; as the training rounds of two turns overlap, the turns are "
    "not quite independent."
)
_OTHERWISE = "A variant that says otherwise was wiped so."
_RIVAL_NOTE = (
    "Against: scratch on the same share of the rounds where that was run, else on all; the "
    "reference's where a variant has none of its own."
)


def against_reference(
    swept: Swept, found: Sequence[Line], scope: str, provenance: Provenance
) -> list[ReportTable]:
    """Return the errors of each contender's arms, and their differences to the reference's."""
    by_walk = any(line.to_reference and line.to_reference.by_walk for line in found)
    columns = (
        *_key_columns(swept),
        Column("mean", ("mean_m", "mean_spread_m")),
        Column("between rounds", ("mean_between_rounds_m",)),
        Column("median", ("median_m", "median_spread_m"), Reach.PAPER),
        *claim_columns("against reference", brief=True),
        *(BETTER_ON,) * by_walk,
        Column("seeds", ("n_seeds",), Reach.PAGE),
        Column("windows", ("n_windows",), Reach.PAGE),
    )
    lines = [
        (
            *_keys(line, swept),
            Number(*seed_spread(line.mean_m)),
            Number(between_rounds(line.mean_m)),
            Number(*seed_spread(line.median_m)),
            *claim_cells(line.to_reference, brief=True),
            *(better_on(line.to_reference),) * by_walk,
            Count(len(line.mean_m)),
            Count(line.n_windows),
        )
        for line in found
    ]
    title = provenance.title("Comparison: test error (m)")
    claims = [line.to_reference for line in found]
    notes = (_CELL_NOTE, *_notes(swept, found, claims, provenance), provenance.footer())
    return [ReportTable(title, scope, columns, tuple(lines), notes)]


def against_scratch(
    swept: Swept, found: Sequence[Line], scope: str, provenance: Provenance
) -> list[ReportTable]:
    """Return the differences of each contender's other arms to scratch; none without scratch."""
    by_walk = any(line.to_scratch and line.to_scratch.by_walk for line in found)
    columns = (
        *_key_columns(swept),
        Column("against", ("against",), label=True),
        *claim_columns(brief=by_walk),
        *(BETTER_ON,) * by_walk,
    )
    lines = [
        (
            *_keys(line, swept),
            line.to_scratch.theirs,
            *claim_cells(line.to_scratch, brief=by_walk),
            *(better_on(line.to_scratch),) * by_walk,
        )
        for line in found
        if line.to_scratch
    ]
    title = provenance.title("Comparison: transfer against scratch")
    claims = [line.to_scratch for line in found]
    notes = (_RIVAL_NOTE, *_notes(swept, found, claims, provenance), provenance.footer())
    return [ReportTable(title, scope, columns, tuple(lines), notes)] if lines else []


def by_round(
    swept: Swept, found: Sequence[Line], scope: str, provenance: Provenance
) -> list[ReportTable]:
    """Return the mean errors on each test round, a column an arm; none where there is one round."""
    if len(swept.test_rounds) < 2:
        return []
    columns = (
        *_key_columns(swept, Reach.DATA),
        Column("variant", (), label=True),
        Column("test round", ("test_round",), label=True),
        Column("arm of a variant", (), label=True),
        Column("mean", ("mean_m", "mean_spread_m")),
        Column("seeds", ("n_seeds",), Reach.DATA),
    )
    lines = [
        (*_keys(line, swept), line.contender.label, *cells)
        for contender in swept.contenders
        for line, cells in _round_lines([one for one in found if one.contender is contender])
    ]
    title = provenance.title("Comparison: mean test error (m) by test round")
    notes = (_CELL_NOTE, provenance.footer())
    return [ReportTable(title, scope, columns, tuple(lines), notes, across="arm of a variant")]


def _round_lines(lines: Sequence[Line]) -> Iterator[tuple[Line, tuple[Cell, ...]]]:
    """Yield the cells of each test round of a contender's arms, then of all, then between them."""
    rounds = sorted({number for line in lines for number in line.contender.rounds})
    for number in rounds:
        for line in lines:
            rows = of_arm(line.contender, number, line.arm, line.wiped)
            errors_m = per_seed(rows, ["mean_m"])[1][:, 0]
            if len(errors_m):
                mean, spread = over_seeds(errors_m)
                cell = Number(float(mean), float(spread))
                yield line, (str(number), _name(line), cell, Count(len(errors_m)))
    for line in lines:
        yield line, ("all", _name(line), Number(*seed_spread(line.mean_m)), Count(len(line.mean_m)))
    for line in lines:
        yield line, ("between rounds", _name(line), Number(between_rounds(line.mean_m)), None)


def _key_columns(swept: Swept, reach: Reach = Reach.TERMINAL) -> tuple[Column, ...]:
    return (
        *(Column(name, (name,), Reach.DATA, True) for name in swept.names),
        Column("variant", ("variant",), reach, True),
        Column("wiped", ("wiped",), reach, True),
        Column("arm", ("arm", "finetune_rate"), reach, True),
    )


def _keys(line: Line, swept: Swept) -> tuple[Cell, ...]:
    held = line.contender
    is_reference = held is swept.reference and len(swept.contenders) > 1
    return (
        *(str(value) for value in held.settings.values()),
        Label(held.label + (" (reference)" if is_reference else ""), (held.label,)),
        Label(wiped_label(line.wiped), (line.wiped,)),
        Label(arm_label(*line.arm), (line.arm[0], str(line.arm[1]))),
    )


def _name(line: Line) -> str:
    return ", ".join(filter(None, (arm_label(*line.arm), wiped_label(line.wiped))))


def _notes(
    swept: Swept,
    found: Sequence[Line],
    claims: Sequence[Claim | None],
    provenance: Provenance,
) -> tuple[str, ...]:
    wiped = wiping(provenance, (wiped_label(line.wiped) for line in found))
    told = [claim for claim in claims if claim]
    every = (claim for line in found for claim in (line.to_reference, line.to_scratch) if claim)
    paired = told or [claim for claim in every if claim.by_walk]
    return (
        _CLAIM_NOTE.format(_paired_by(paired)),
        *claim_notes(told),
        *_varied(swept, paired),
        *(f"{note} {_OTHERWISE}" for note in wiped),
    )


def _paired_by(claims: Sequence[Claim]) -> str:
    """Say what differences are paired by: 'seed'."""
    by_walk = {claim.difference.n_blocks for claim in claims if claim.by_walk}
    if not by_walk:
        return "seed"
    others = _ELSE_BY_SEED * any(not claim.by_walk for claim in claims)
    return _BY_WALK.format(counted(by_walk, "walk")) + others


def _varied(swept: Swept, claims: Sequence[Claim]) -> Iterator[str]:
    """Say what the intervals are over."""
    by_walk = {claim.difference.over for claim in claims if claim.by_walk}
    if "both" in by_walk:
        yield _CROSSED_NOTE.format("walks", "walks").strip()
    if by_walk - {"both"}:
        yield _WALKS_NOTE
    over = {claim.difference.over for claim in claims if not claim.by_walk}
    if len(swept.test_rounds) > 1:
        crossed = _CROSSED_NOTE.format("test rounds", "rounds") * ("both" in over)
        yield crossed + _BLOCKS_NOTE * ("blocks" in over) + _TURNS_NOTE
    elif over or not by_walk:
        yield SEEDS_NOTE
