"""What the target's data card says of predictors without a network: a model must beat them."""

from collections.abc import Sequence

from mtloc_jax.arms import arm_label
from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Label, Number

_SPLITS = ("validation", "test")
_MEASURES = ("mean", "median")


def card_predictors(cards: Sequence[CardNotes], provenance: Provenance) -> list[ReportTable]:
    """Return their errors, metres; none where no card of the target says them."""
    figures = [(split, measure) for split in _SPLITS for measure in _MEASURES]
    return [
        ReportTable(
            provenance.title("Predictors without a network: error (m)"),
            f"{card.building}, all training rounds",
            (
                Column("predictor", ("arm",), label=True),
                *(Column(" ".join(one), (f"{'_'.join(one)}_m",)) for one in figures),
            ),
            tuple(
                (
                    Label(arm_label(name, 1.0), (name,)),
                    *(Number(by_split[split][measure]) for split, measure in figures),
                )
                for name, by_split in card.baselines_m.items()
            ),
            ("Metres, from the data card of the target; fitted on the training rounds.",),
        )
        for card in cards
        if card.role == "target" and card.baselines_m
    ]
