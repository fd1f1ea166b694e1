"""The parts of a report: which there are, and what is in each, follows from the rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, SCRATCH
from mtloc_jax.report import (
    charts,
    comparison_tables,
    error_tables,
    figures,
    ladder,
    paper_tables,
    questions,
    walks_tables,
)
from mtloc_jax.report import comparison_sentences as compared
from mtloc_jax.report import needed_tables as needed
from mtloc_jax.report.card_tables import card_predictors
from mtloc_jax.report.chosen_tables import chosen
from mtloc_jax.report.claim_sentences import sentence
from mtloc_jax.report.claim_tables import claims_table
from mtloc_jax.report.claims import Claim
from mtloc_jax.report.comparison_figure import comparison_figure
from mtloc_jax.report.demand import data_demand
from mtloc_jax.report.differences import differences
from mtloc_jax.report.error_map import error_map
from mtloc_jax.report.headline import arms_in, labels_of, models
from mtloc_jax.report.ingredients import worth_table, worths
from mtloc_jax.report.lost import losses_figure, losses_table
from mtloc_jax.report.measured import Measured
from mtloc_jax.report.page import Live
from mtloc_jax.report.part_curves import part_figure, part_table
from mtloc_jax.report.pretexts import pretext_table
from mtloc_jax.report.pretexts import sentences as pretext_sentences
from mtloc_jax.report.radius_table import radius_table
from mtloc_jax.report.replay import replay
from mtloc_jax.report.rungs import Rung
from mtloc_jax.report.survey_distance import distance_figure, distance_table
from mtloc_jax.report.table import ReportTable
from mtloc_jax.report.training_curves import of_part, training_figure, training_table
from mtloc_jax.report.trajectory import trajectory
from mtloc_jax.report.walks_figure import walks_figure
from mtloc_jax.report.walks_needed import needed as needed_walks
from mtloc_jax.report.wiped_variants import fig5_variants, missed_most
from mtloc_jax.rows import Selection, of_losses, select

_MOST_DRAWN = 16

Tables = Callable[[Measured], list[ReportTable]]
Drawing = Callable[[Measured], Figure | None]


@dataclass(frozen=True)
class Section:
    """Name a part of a report.

    needs:   whether the rows hold what it is about
    tables:  name of the files -> what is in them; figures: the same. Each may find that the rows
             lack it, and is then left out
    printed: the tables that are shown on the terminal too
    live:    name of a figure -> what the page's script lets a reader switch or follow in it, as
             `series.Curves`; called where the figure was drawn
    """

    name: str
    needs: Callable[[Measured], bool]
    tables: Mapping[str, Tables]
    figures: Mapping[str, Drawing]
    printed: tuple[str, ...] = ()
    live: Mapping[str, Callable[[Measured], Live | None]] = field(default_factory=dict)


def answers(found: Measured) -> list[str]:
    """Return the sentences that a reader looks for first."""
    learnt = pretext_sentences(found.pretext)
    if found.walk_curves:
        said = walks_tables.needed_sentences(needed_walks(found.walk_curves))
        return [*said, *walks_tables.transfer_sentences(_transfer(found)), *learnt]
    if found.swept and found.is_one_ladder:
        return [*ladder.sentences(found.rungs), *learnt]
    if found.swept:
        return [*compared.sentences(found.lines), *missed_most(found.lines), *learnt]
    leading = labels_of(models(found.together))
    every = [claim for family in found.families.values() for claim in family]
    said = [sentence(c) for c in every if c.ours in leading or c.n_rates > 1]
    said += ladder.sentences(found.rungs)
    return [*dict.fromkeys(said), *needed.sentences(found.needed, found.survey), *learnt]


def _has_table5(found: Measured) -> bool:
    """Say whether an arm of Table V was run that another study would not have: scratch is."""
    clean = select(found.rows, modality="none")
    run = set(arms_in(clean)) & set(paper_tables.PAPER_TABLE_V)
    return any(name != SCRATCH for name, _ in run)


def _by_share(split: str) -> Tables:
    def made(found: Measured) -> list[ReportTable]:
        run = set(arms_in(select(found.together, split=split, modality="none")))
        if _has_table5(found) and run <= set(paper_tables.PAPER_TABLE_V):
            return []  # Table V says it all
        beside = found.beside and found.beside.provenance
        return error_tables.by_share(found.together, split, found.survey, found.provenance, beside)

    return made


def _claims(found: Measured) -> list[ReportTable]:
    leading = labels_of(models(found.together))
    twice = questions.surveyed_twice(found.together, "validation", found.margin_m)
    by_split = {"test": found.families, "validation": twice}
    return [
        claims_table(
            question if split == "test" else f"{question}, {split}",
            claims,
            leading,
            _scope(found, *{claim.split for claim in claims}),
            found.provenance,
        )
        for split, families in by_split.items()
        for question, claims in families.items()
    ]


def _differences(found: Measured) -> Figure | None:
    """Draw every claim; of a question with too many to read, those of the leading arms."""
    leading = labels_of(models(found.together))
    shown = {
        question: [c for c in claims if c.ours in leading or len(claims) <= _MOST_DRAWN]
        for question, claims in found.families.items()
    }
    drawn = {question: claims for question, claims in shown.items() if claims}
    splits = {claim.split for claims in drawn.values() for claim in claims}
    return differences(drawn, _scope(found, *splits), found.provenance)


def _scope(found: Measured, *splits: str) -> str:
    kept = np.isin(found.together["split"], splits)
    return found.provenance.scope(Selection(found.together, kept))


def _rounds_needed(found: Measured) -> list[ReportTable]:
    scope = found.provenance.scope(select(found.rows, split="test", modality="none"))
    return needed.needed_table(found.needed, found.survey, scope, found.provenance)


def _chosen(found: Measured) -> list[ReportTable]:
    return chosen(found.chosen, found.provenance)


def _has_networks(found: Measured) -> bool:
    return any(name in ARMS and ARMS[name].of_problem for name, _ in arms_in(found.rows))


def _compared(make: Callable[..., list[ReportTable]]) -> Tables:
    def made(found: Measured) -> list[ReportTable]:
        return make(found.swept, found.lines, found.scope, found.provenance)

    return made


def _compares(found: Measured) -> bool:
    """Say whether there are variants that are compared with each other."""
    return found.swept is not None and not (found.is_one_ladder or found.walk_curves)


def _transfer(found: Measured) -> list[Claim]:
    return walks_tables.transfer_claims(found.rungs, found.walks, found.margin_m)


def _rungs_of_targets(found: Measured) -> list[Rung]:
    """Return the rungs of each target, where several are pooled."""
    last = ladder.last_variant(found.rungs)
    return [r for r in found.rungs if r.variant != last] if found.is_one_ladder else []


def _leading_rungs(found: Measured) -> list[Rung]:
    """Return the rungs that a reader asks for first: of several targets, of all together."""
    apart = {rung.variant for rung in _rungs_of_targets(found)}
    return [rung for rung in found.rungs if rung.variant not in apart]


def _ladder_drawn(found: Measured) -> Figure | None:
    """Draw the ladder of one target, or of all; comparable variants have their own."""
    if not found.is_one_ladder:
        return None
    return ladder.ladder_figure(found.rungs, found.scope, found.provenance)


def _variants(found: Measured) -> Figure | None:
    if found.swept is None:
        return None
    return comparison_figure(found.swept, found.lines, found.scope, found.provenance, found.survey)


SECTIONS = (
    Section(
        "Ladder",
        lambda found: bool(found.rungs),
        {
            "ladder_ratios": lambda found: ladder.ratio_table(
                _leading_rungs(found), found.scope, found.provenance
            ),
            "ladder_by_target": lambda found: ladder.ratio_table(
                _rungs_of_targets(found), found.scope, found.provenance
            ),
            "ingredients": lambda found: worth_table(
                worths(found.rungs, found.walks, found.margin_m), found.scope, found.provenance
            ),
            "ladder": lambda found: ladder.ladder_table(found.rungs, found.scope, found.provenance),
        },
        {"ladder": _ladder_drawn},
        printed=("ladder_ratios",),
    ),
    Section(
        "Walks surveyed",
        lambda found: bool(found.walk_curves),
        {
            "walks_needed": lambda found: walks_tables.needed_table(
                needed_walks(found.walk_curves), found.scope, found.provenance
            ),
            "transfer": lambda found: walks_tables.transfer_table(
                _transfer(found), found.scope, found.provenance
            ),
        },
        {"walks": lambda found: walks_figure(found.walk_curves, found.scope, found.provenance)},
        printed=("walks_needed", "transfer"),
    ),
    Section(
        "Fine-tuning",
        _has_table5,
        {
            "table5": lambda found: paper_tables.table5(found.rows, "test", found.provenance),
            "table5_validation": lambda found: paper_tables.table5(
                found.rows, "validation", found.provenance
            ),
        },
        {"fig4": lambda found: figures.fig4(found.cdf, found.rows, found.provenance)},
        printed=("table5",),
        live={"fig4": lambda found: charts.cdfs(found.cdf)},
    ),
    Section(
        "Sensors wiped",
        lambda found: bool((found.rows["drop_rate"] > 0).any()),
        {"table6": lambda found: paper_tables.table6(found.rows, found.provenance)},
        {
            "fig5": lambda found: figures.fig5(found.rows, found.provenance),
            "fig6": lambda found: figures.fig6(found.cdf, found.rows, found.provenance),
        },
        printed=("table6",),
        live={
            "fig5": lambda found: charts.drops(found.rows, found.provenance),
            "fig6": lambda found: charts.wiped_cdfs(found.cdf),
        },
    ),
    Section(
        "Lost in life",
        lambda found: len(of_losses(found.rows)["seed"]) > 0,
        {"losses": lambda found: losses_table(found.rows, found.provenance)},
        {"losses": lambda found: losses_figure(found.rows, found.provenance)},
        printed=("losses",),
    ),
    Section(
        "Claims",
        lambda found: bool(found.families),
        {"claims": _claims},
        {"differences": _differences},
    ),
    Section(
        "Survey size",
        lambda found: len(found.rows["seed"]) > 0,
        {
            "errors_test": _by_share("test"),
            "errors_validation": _by_share("validation"),
            "rounds_needed": _rounds_needed,
            "chosen": _chosen,
        },
        {"data_demand": lambda found: data_demand(found.together, found.provenance, found.survey)},
        printed=("errors_test",),
        live={"data_demand": lambda found: charts.demand(found.together)},
    ),
    Section(
        "Chosen",  # of test rounds or targets in turn, which have no rows in one
        lambda found: len(found.chosen["seed"]) > 0 and not len(found.rows["seed"]),
        {"chosen": _chosen},
        {},
    ),
    Section(
        "Distance to the survey",
        lambda found: len(found.coverage["seed"]) > 0,
        {
            "survey_distance": lambda found: distance_table(
                found.coverage, found.scope, found.provenance
            )
        },
        {
            "survey_distance": lambda found: distance_figure(
                found.coverage, found.scope, found.provenance
            )
        },
    ),
    Section(
        "Radius",
        lambda found: len(found.radius["seed"]) > 0,
        {"radius": lambda found: radius_table(found.radius, found.scope, found.provenance)},
        {},
    ),
    Section(
        "Pretext",
        lambda found: len(found.pretext["seed"]) > 0,
        {"pretext": lambda found: pretext_table(found.pretext, found.provenance)},
        {},
        printed=("pretext",),
    ),
    Section(
        "Training",
        lambda found: len(found.history["seed"]) > 0,
        {
            "history": lambda found: training_table(of_part(found.history), found.provenance),
            "history_parts": lambda found: part_table(found.history, found.provenance),
        },
        {
            "history": lambda found: training_figure(of_part(found.history), found.provenance),
            "history_parts": lambda found: part_figure(found.history, found.provenance),
        },
        live={"history": lambda found: charts.training(of_part(found.history))},
    ),
    Section(
        "Predictors",
        _has_networks,
        {"predictors": lambda found: card_predictors(found.cards, found.provenance)},
        {},
    ),
    Section(
        "Paths",
        lambda found: len(found.tracks["seed"]) > 0,
        {},
        {
            "trajectory": lambda found: trajectory(found.tracks, found.provenance, found.plan),
            "error_map": lambda found: error_map(found.tracks, found.provenance, found.plan),
        },
        live={"trajectory": lambda found: replay(found.tracks, found.plan)},
    ),
    Section(
        "Comparison",
        _compares,
        {
            "comparison": _compared(comparison_tables.against_reference),
            "against_scratch": _compared(comparison_tables.against_scratch),
            "by_round": _compared(comparison_tables.by_round),
        },
        {
            "comparison": _variants,
            "fig5_variants": lambda found: fig5_variants(
                found.swept, found.scope, found.provenance
            ),
        },
        printed=("comparison", "against_scratch", "by_round"),
    ),
)
"""Every part of a report, in the order of the page."""
