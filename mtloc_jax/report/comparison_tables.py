"""What a swept study found, as tables and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mtloc_jax.report import arms
from mtloc_jax.report.claims import Claim, claim_cells
from mtloc_jax.report.comparison import Line
from mtloc_jax.report.comparison_cells import between_rounds, of_arm, seed_spread, wiped_label
from mtloc_jax.report.comparison_variants import Swept
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.stats import INTERVAL
from mtloc_jax.report.summary import summarise
from mtloc_jax.report.text_table import TextTable

_TITLE = "Comparison: test error (m)"
_TITLE_SCRATCH = "Comparison: transfer against scratch"
_TITLE_ROUNDS = "Comparison: mean test error (m) by test round"
_CELL_NOTE = "Metres. Mean and median over windows, then mean ± standard deviation over seeds."
_CLAIM_NOTE = (
    f"Differences: of mean errors, paired by seed, 95 % interval ({INTERVAL}); negative: the "
    "line's arm errs less. p (Holm): corrected for all differences of this table, each counted "
    "once; the sentences go by it."
)
_ONE_ROUND_NOTE = (
    "Seeds are resampled, not walks: with one test round, intervals say how training varies, not "
    "how another walk through the building would turn out."
)
_ROUNDS_NOTE = (
    "Seeds and test rounds are both resampled. Each round is held out in turn; as the training "
    "rounds of two turns overlap, the turns are not quite independent."
)
_RIVAL_NOTE = (
    "Against: scratch on the same share of the rounds where that was run, else on all; the "
    "reference's where a variant has none of its own."
)
_CLAIM = ("difference", "95 % interval", "p", "p (Holm)", "effect", "better in")
_CSV_CLAIM = ("difference_m", "low_m", "high_m", "p", "p_holm")


def comparison_texts(
    swept: Swept, found: Sequence[Line], scope: str, provenance: Provenance
) -> list[TextTable]:
    """Lay out errors and differences to the reference, then to scratch, then by test round."""
    by_round = len(swept.test_rounds) > 1
    notes = (_CLAIM_NOTE, _ROUNDS_NOTE if by_round else _ONE_ROUND_NOTE, provenance.footer())
    made = [_errors(swept, found, (_CELL_NOTE, *notes)), _scratch(swept, found, notes)]
    if by_round:
        made.append(_rounds(swept, found, (_CELL_NOTE, provenance.footer())))
    return [
        replace(table, title=provenance.title(table.title), scope=scope)
        for table in made
        if table.body
    ]


def comparison_csv(swept: Swept, found: Sequence[Line]) -> str:
    """Return one line an arm of each variant, and by test round where several are; metres."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keys = ("variant", *swept.names, "test_round", "wiped", "arm", "finetune_rate")
    counts = ("n_seeds", "n_test_rounds", "n_windows")
    errors = ("mean_m", "mean_spread_m", "mean_between_rounds_m", "median_m", "median_spread_m")
    claims = [f"{of}_{name}" for of in ("reference", "scratch") for name in _CSV_CLAIM]
    writer.writerow((*keys, *counts, *errors, *claims, "scratch"))
    by_round = len(swept.test_rounds) > 1
    for line in found:
        only = "all" if by_round else next(iter(line.contender.rounds))
        writer.writerow(
            (
                *_keys(line, only),
                *_figures(line),
                *_claimed(line.to_reference),
                *_claimed(line.to_scratch),
                line.to_scratch.theirs if line.to_scratch else "",
            )
        )
        if by_round:
            writer.writerows(_round_cells(line))
    return text.getvalue()


def _errors(swept: Swept, found: Sequence[Line], notes: tuple[str, ...]) -> TextTable:
    against = "against reference"
    header = ("variant", "wiped", "arm", "mean", "between rounds", "median", against)
    body = [
        (
            *_labels(line, swept),
            _cell(*seed_spread(line.mean_m)),
            _cell(between_rounds(line.mean_m)),
            _cell(*seed_spread(line.median_m)),
            *(claim_cells(line.to_reference)[:4] if line.to_reference else ("",) * 4),
            str(len(line.mean_m)),
            f"{line.n_windows:,}",
        )
        for line in found
    ]
    return _tidy(_TITLE, (*header, *_CLAIM[1:4], "seeds", "windows"), body, notes, 3)


def _scratch(swept: Swept, found: Sequence[Line], notes: tuple[str, ...]) -> TextTable:
    body = [
        (*_labels(line, swept), line.to_scratch.theirs, *claim_cells(line.to_scratch))
        for line in found
        if line.to_scratch
    ]
    header = ("variant", "wiped", "arm", "against", *_CLAIM)
    return _tidy(_TITLE_SCRATCH, header, body, (_RIVAL_NOTE, *notes), 4)


def _rounds(swept: Swept, found: Sequence[Line], notes: tuple[str, ...]) -> TextTable:
    """Lay out each contender's test rounds, one column an arm, and what they come to."""
    columns = list(dict.fromkeys((line.arm, line.wiped) for line in found))
    header = [", ".join(filter(None, (arms.arm_name(a), wiped_label(w)))) for a, w in columns]
    body = []
    for contender in swept.contenders:
        at = {(line.arm, line.wiped): line for line in found if line.contender is contender}
        lines = [at.get(column) for column in columns]
        for number in sorted(contender.rounds):
            cells = (_round_cell(line, number) if line else "" for line in lines)
            body.append((contender.label, str(number), *cells))
        means = (_cell(*seed_spread(line.mean_m)) if line else "" for line in lines)
        spreads = (_cell(between_rounds(line.mean_m)) if line else "" for line in lines)
        body += [(contender.label, "all", *means), (contender.label, "between rounds", *spreads)]
    return _tidy(_TITLE_ROUNDS, ("variant", "test round", *header), body, notes, 2)


def _tidy(
    title: str,
    header: Sequence[str],
    body: Sequence[tuple[str, ...]],
    notes: tuple[str, ...],
    n_labels: int,
) -> TextTable:
    """Return a table without the columns that are blank in every line."""
    kept = [at for at in range(len(header)) if any(row[at] for row in body)]
    cells = tuple(tuple(row[at] or "-" for at in kept) for row in body)
    labels = sum(at < n_labels for at in kept)
    return TextTable(title, "", tuple(header[at] for at in kept), cells, notes, labels)


def _labels(line: Line, swept: Swept) -> tuple[str, str, str]:
    is_reference = line.contender is swept.reference and len(swept.contenders) > 1
    label = line.contender.label + (" (reference)" if is_reference else "")
    return label, wiped_label(line.wiped), arms.arm_name(line.arm)


def _cell(value_m: float, spread_m: float = np.nan) -> str:
    if np.isnan(value_m):
        return ""
    return f"{value_m:.2f}" if np.isnan(spread_m) else f"{value_m:.2f} ± {spread_m:.2f}"


def _round_cell(line: Line, number: int) -> str:
    found = summarise(of_arm(line.contender, number, line.arm, line.wiped))
    return _cell(found.mean[0], found.spread[0]) if found else ""


def _keys(line: Line, test_round: object) -> tuple[object, ...]:
    held = line.contender
    return (held.label, *held.settings.values(), test_round, line.wiped, *line.arm)


def _figures(line: Line) -> tuple[object, ...]:
    errors = (*seed_spread(line.mean_m), between_rounds(line.mean_m), *seed_spread(line.median_m))
    return (*line.mean_m.shape, line.n_windows, *map(_number, errors))


def _claimed(claim: Claim | None) -> tuple[str, ...]:
    if claim is None:
        return ("",) * len(_CSV_CLAIM)
    found = claim.difference
    return tuple(
        map(_number, (found.mean_m, found.low_m, found.high_m, found.p_value, claim.p_holm))
    )


def _round_cells(line: Line) -> list[tuple[object, ...]]:
    """Return the cells of each test round of a line; they hold no claims."""
    rows = []
    for number in sorted(line.contender.rounds):
        found = summarise(of_arm(line.contender, number, line.arm, line.wiped))
        if found:
            errors = (found.mean[0], found.spread[0], np.nan, found.mean[2], found.spread[2])
            counts = (found.n_seeds, 1, found.n_windows)
            blank = (*_claimed(None), *_claimed(None), "")
            rows.append((*_keys(line, number), *counts, *map(_number, errors), *blank))
    return rows


def _number(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else ""
