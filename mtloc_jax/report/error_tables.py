"""Errors by arm and share of the training rounds, with their spreads over seeds."""

from collections.abc import Callable, Sequence

from mtloc_jax.arms import ARMS, percent
from mtloc_jax.predictors import MOST_SCANS
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.headline import ArmAtRate, arms_in
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.summary import Summary, summarise
from mtloc_jax.report.table import Column, Reach, ReportTable
from mtloc_jax.report.values import BLANK, Cell, Count, Label, Number, Value
from mtloc_jax.rows import METRICS, Table, of_arm, select

CELL_NOTE = (
    "Metres. A cell is the mean over seeds ± the standard deviation over seeds (none for one "
    "seed); STD is the spread over windows within a run."
)
_ERRORS = (
    "Metres: mean over windows, then mean ± standard deviation over seeds. A seed draws the "
    "rounds of a rate; at 100 % all seeds see the same, and only what is random by itself varies."
)
_KNN = "chosen on validation, seed by seed, among the numbers of the settings."
_PREDICTORS = {
    "constant": "Constant: mean training position.",
    "elapsed-time": "Elapsed time: where the training walks were by then, no sensor.",
    "wifi-knn": f"k of k-NN: {_KNN}",
    "wifi-weighted-knn": f"k of weighted k-NN: {_KNN}",
    "wifi-gaussian-process": f"Gaussian process: at most {MOST_SCANS:,} scans, drawn where there "
    "are more.",
}
_MINUTES = "Minutes: that share of the training rounds' minutes; drawn rounds differ a little."
_NETWORKS = "Networks: same windows; study {}, git revision {}."
_IN_BRIEF = ("mean", "STD", "median")
"""Metrics that a terminal has room for."""


def by_share(
    table: Table,
    split: str,
    survey: Survey | None,
    provenance: Provenance,
    networks: Provenance | None = None,
) -> list[ReportTable]:
    """Return the mean errors of each arm, a line a rate; a CSV file holds every metric.

    table:    rows of a study, and of the networks beside its predictors
    survey:   all training rounds, for their number and minutes
    networks: where those beside come from
    """
    rows = select(table, split=split, modality="none")
    arms = [arm for arm in arms_in(rows) if not _is_fixed(arm)]
    if not arms:
        return []
    unit = f"{survey.unit}s" if survey else ""
    size = (Column(unit, (), Reach.PAPER, True), Column("minutes", (), Reach.PAPER, True))
    columns = (
        *KEY_COLUMNS,
        Column("rate", (), label=True),
        *(size if survey else ()),
        Column("arm", (), label=True),
        *metric_columns(lambda name: Reach.TERMINAL if name == "mean" else Reach.DATA),
        *counted_columns(Reach.DATA),
    )
    names = dict.fromkeys(name for name, _ in arms)
    notes = [_ERRORS, *(_PREDICTORS[name] for name in names if name in _PREDICTORS)]
    notes += [_MINUTES] if survey else []
    notes += [_NETWORKS.format(networks.study, networks.git_revision)] if networks else []
    title = "Error (m) by share of the training rounds"
    return [
        ReportTable(
            provenance.title(f"{title}, {split}"),
            provenance.scope(rows),
            columns,
            tuple(_line(rows, split, arm, survey) for arm in _by_rate(arms)),
            (*notes, provenance.footer()),
            across="arm",
        )
    ]


KEY_COLUMNS = (
    Column("split", ("split",), Reach.DATA, True),
    Column("wiped", ("wiped",), Reach.DATA, True),
    Column("drop rate", ("drop_rate",), Reach.DATA, True),
    Column("arm and rate", ("arm", "finetune_rate"), Reach.DATA, True),
)
"""What a line of errors is of, for programs."""


def keys(split: str, wiped: str, drop_rate: float, arm: ArmAtRate) -> tuple[Cell, ...]:
    """Return the cells of KEY_COLUMNS."""
    return (split, wiped, str(drop_rate), Label(arm[0], (arm[0], str(arm[1]))))


def counted_columns(reach: Reach = Reach.PAGE) -> tuple[Column, ...]:
    """Return the columns of how many seeds and windows an error was measured on."""
    return Column("seeds", ("n_seeds",), reach), Column("windows", ("n_windows",), reach)


def metric_columns(reach: Callable[[str], Reach] | None = None) -> tuple[Column, ...]:
    """Return a column a metric, with its spread; `reach` says by its label how far it goes."""
    far = reach or (lambda name: Reach.TERMINAL if name in _IN_BRIEF else Reach.PAPER)
    return tuple(
        Column(metric.label, (name, f"{name}_spread"), far(metric.label))
        for name, metric in METRICS.items()
    )


def measured(summary: Summary | None) -> tuple[Value, ...]:
    """Return the cells of `metric_columns` and `counted_columns`; blank ones of nothing."""
    if summary is None:
        return (BLANK,) * (len(METRICS) + 2)
    pairs = zip(summary.mean, summary.spread, strict=True)
    figures = (Number(float(mean), float(spread)) for mean, spread in pairs)
    return (*figures, Count(summary.n_seeds), Count(summary.n_windows))


def _line(rows: Table, split: str, arm: ArmAtRate, survey: Survey | None) -> tuple[Cell, ...]:
    name, rate = arm
    size = (f"{rate * survey.rounds:g}", f"{rate * survey.minutes:.1f}") if survey else ()
    label = ARMS[name].label if name in ARMS else name
    found = measured(summarise(of_arm(rows, arm)))
    return (*keys(split, "none", 0.0, arm), percent(rate), *size, label, *found)


def _by_rate(arms: Sequence[ArmAtRate]) -> list[ArmAtRate]:
    """Return arms by their rate, all rounds first; of one rate, in the order they came."""
    return sorted(arms, key=lambda arm: -arm[1])


def _is_fixed(arm: ArmAtRate) -> bool:
    return arm[0] in ARMS and ARMS[arm[0]].fixed
