"""What needs no network, beside Table V: a trained model must beat it to have learnt anything."""

from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.text_table import TextTable

_NAMES = {
    "constant": "a constant (mean of the training positions)",
    "elapsed-time": "elapsed time alone (no sensor)",
    "wifi-knn": "WiFi nearest neighbours",
    "wifi-weighted-knn": "WiFi nearest neighbours, weighted",
}
_HEADER = ("baseline", "validation mean", "validation median", "test mean", "test median")
_SPLITS = ("validation", "test")


def rivals_text(cards: tuple[CardNotes, ...], provenance: Provenance) -> list[TextTable]:
    """Return the target's baselines as a table, metres; none where there is no card of it."""
    return [
        TextTable(
            title=provenance.title("Baselines: error (m) of predictors without a network"),
            scope=f"{card.building}, all training rounds",
            header=_HEADER,
            body=tuple(_line(name, by_split) for name, by_split in card.baselines_m.items()),
            notes=("Metres, from the data card of the target; fitted on the training rounds.",),
        )
        for card in cards
        if card.role == "target" and card.baselines_m
    ]


def rivals_csv(cards: tuple[CardNotes, ...]) -> str:
    """Return the same as CSV; the header alone where there is no card of the target."""
    lines = [("baseline", "split", "mean_m", "median_m")]
    for card in cards:
        if card.role == "target":
            lines += [
                (name, split, f"{found[split]['mean']:.2f}", f"{found[split]['median']:.2f}")
                for name, found in card.baselines_m.items()
                for split in _SPLITS
            ]
    return "".join(",".join(line) + "\n" for line in lines)


def _line(name: str, by_split: dict) -> tuple[str, ...]:
    figures = [f"{by_split[split][what]:.2f}" for split in _SPLITS for what in ("mean", "median")]
    return (_NAMES.get(name, name), *figures)
