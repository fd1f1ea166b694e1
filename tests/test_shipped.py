"""The matcher of the package: whole, as its card says, and what locates where none is named."""

import numpy as np
import pytest

from mtloc_jax import rows
from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.prediction import live, locators, shipped
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.surgery.foreign import read_with_card
from mtloc_jax.surgery.part_program import PART, PARTS
from mtloc_jax.surgery.tree import leaves
from tests.conftest import ROOT
from tests.test_follow import LOG, SURVEY

CARD = shipped.matcher_card()
FILE = shipped.WEIGHTS / "matcher.safetensors"
LARGEST_BYTES = 300_000


def test_its_weights_are_those_of_todays_network_and_small():
    wanted = leaves(PARTS["matcher"].leaves())
    found = leaves(shipped.matcher())
    assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in wanted.items()}
    assert all(np.isfinite(leaf).all() for leaf in found.values())
    assert FILE.stat().st_size < LARGEST_BYTES


def test_its_card_names_the_training_that_it_came_from():
    params, card = read_with_card(FILE)
    assert leaves(params).keys() == leaves(shipped.matcher()).keys()
    assert (card[PART], card["run"]["seed"]) == ("matcher", 0)
    assert card["site"]["name"] == "location20-whole/site1/B1+F1+F2+F3"
    assert card["identity"]["maker"]["git_revision"] in CARD["how"]
    assert card["sources"].keys() == {"source", "source_2", "source_3", "source_4"}


def test_an_altered_file_is_an_error(tmp_path, monkeypatch):
    content = bytearray(FILE.read_bytes())
    content[-1] ^= 1
    (tmp_path / FILE.name).write_bytes(content)
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)
    with pytest.raises(InputError, match="not what was exported"):
        shipped.matcher.__wrapped__()


@pytest.mark.parametrize("row", CARD["measured"]["rows"], ids=lambda row: row["target"])
def test_it_measured_what_its_card_says(row):
    study = f"{row['results']}/target={row['target']}"
    folder = ROOT / "results" / row["results"]
    of = {"study": study, "seed": 0, "split": "test", "modality": "none"}
    for expert in ("cosine", "v3", "matcher"):
        asked = of | {"arm": f"{expert}-steps-filter", "drop_rate": 0.0}
        (found,) = rows.select(rows.read(folder / "rows.csv"), **asked)["mean_m"]
        assert row[expert] == pytest.approx(float(found), abs=0.00501), expert
    walks = rows.select(rows.read(folder / "walks.csv"), **of, arm="matcher-steps-filter")
    assert row["walks"] == len(set(walks["walk"]))
    assert not any(study.partition("=")[2].startswith(f"{at}/") for at in CARD["trained_in"])


def test_it_locates_where_nothing_is_named_and_says_so():
    ready = locators.by_survey(SURVEY)
    assert ready.how == "the package's matcher, transferred with steps, causal"
    assert ready.note == "the matcher is the package's, trained on four floors of a mall"
    by = BySurvey(SURVEY, ARMS["matcher-steps-filter"].locate, matcher=shipped.matcher())
    for one, other in zip(live.located(ready.locator, LOG), live.located(by, LOG), strict=True):
        np.testing.assert_array_equal(one, other)


def test_in_the_building_it_was_trained_in_its_errors_are_flattered():
    flattered = "of this building, so errors are flattered"
    assert flattered in shipped.matcher_note("location20-whole/site1/F2")
    assert flattered not in shipped.matcher_note("location20-whole/site2/F1")
    assert flattered not in shipped.matcher_note("sites/office")


def test_an_arm_of_its_own_or_a_named_study_takes_its_place(tmp_path):
    assert locators.by_survey(SURVEY, "cosine-held").note == ""
    with pytest.raises(InputError, match=r"is a network; leave --pretrained out"):
        locators.by_survey(SURVEY, pretrained=str(tmp_path))
