"""Baselines beside Table V, from the target's data card."""

from mtloc_jax.report.card_notes import CardNotes
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rivals import rivals_csv, rivals_text

STUDY = Provenance("tiny", "a->b", True, "abc", "cpu")
FOUND = {
    "constant": {
        "validation": {"mean": 8.0, "median": 7.5},
        "test": {"mean": 9.25, "median": 9.0},
    }
}


def test_the_targets_baselines_are_a_table_that_says_simulated():
    cards = (CardNotes("source", "a", (), 3, {}), CardNotes("target", "b", (), 3, FOUND))
    (text,) = rivals_text(cards, STUDY)
    assert "simulated" in text.title
    assert text.scope.startswith("b")
    assert text.body[0][1:] == ("8.00", "7.50", "9.25", "9.00")
    assert rivals_csv(cards).splitlines()[1:] == [
        "constant,validation,8.00,7.50",
        "constant,test,9.25,9.00",
    ]


def test_without_a_card_of_the_target_there_is_no_table():
    assert rivals_text((CardNotes("source", "a", (), 3, FOUND),), STUDY) == []
    assert rivals_csv(()) == "baseline,split,mean_m,median_m\n"
