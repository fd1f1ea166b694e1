"""How good the pretext is: a perfect network, a constant one, and what a study says of its own."""

import numpy as np
import pytest

from mtloc_jax.report import pretexts
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import COLUMNS, PRETEXT, read, select
from mtloc_jax.settings import Window
from mtloc_jax.sites.pretext import PRETEXTS, Lesson, lesson
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import build
from mtloc_jax.sites.splits import Split
from mtloc_jax.study.learnt import graded, learnt
from mtloc_jax.study.pretraining import untrained
from mtloc_jax.study.study import run_study
from tests.studies import ignore, small, tiny
from tests.test_pretext import around_the_corner
from tests.test_site import same

MEASURED = Provenance("pretext", "a -> b", False, "0123abc", "cpu")


def asked(target, mean):
    scaler = Scaler({}, np.array(mean, np.float32), np.float32(2))
    return Lesson(np.zeros((len(target), 10, 2)), np.array(target, np.float32), scaler)


def marks(pretext, found, told):
    return {
        row["quantity"]: (row["unit"], row["error"], row["constant_error"])
        for row in graded(pretext, PRETEXTS[pretext].quantities, found, np.array(told, np.float32))
    }


def test_a_perfect_network_errs_nothing_and_a_constant_by_its_distances():
    target = [[0, 0], [6, 8]]
    found = asked(target, (3, 4))
    assert marks("position", found, target) == {"position": ("m", 0, 5)}
    assert marks("position", found, [[3, 4], [3, 4]]) == {"position": ("m", 5, 5)}
    assert marks("displacement", found, [[0, 4], [6, 8]]) == {"displacement": ("m", 2, 5)}


def test_speed_and_turn_are_judged_each_in_its_unit():
    found = asked([[1, 0], [3, 1]], (2, 0.5))
    told = marks("motion", found, [[2, 0], [3, 0.5]])
    assert told == {"speed": ("m/s", 0.5, 1), "turn rate": ("rad/s", 0.25, 0.5)}


def test_samples_of_one_channel_are_judged_together():
    found = asked([[10, 1, 12, 3]], (11, 2, 11, 2))
    told = marks("reconstruction", found, [[10, 1, 10, 4]])
    assert told == {"acceleration": ("m/s^2", 1, 1), "rotation": ("rad/s", 0.5, 1)}


@pytest.fixture(scope="module")
def site():
    walks = [around_the_corner(number) for number in range(1, 5)]
    return build("corner", walks, Split((1, 2), (3,), (4,)), Window())


@pytest.mark.parametrize("pretext", ["position", "motion", "reconstruction"])
def test_a_network_that_says_nothing_errs_as_a_constant_does(site, pretext):
    settings = small(pretext=pretext)
    params = untrained(site, settings)
    params["head"] = {name: np.zeros_like(leaf) for name, leaf in params["head"].items()}
    found = learnt(site, settings, params, range(2))
    per_seed = 2 * (1 if pretext == "position" else 2)  # splits x quantities
    assert len(found) == 2 * per_seed
    for row in found:
        assert row["error"] == pytest.approx(row["constant_error"], rel=1e-4)
    windows = {row["split"]: row["n_windows"] for row in found}
    assert windows["train"] == 2 * windows["validation"]


def test_validation_is_examined_under_the_scaler_of_training(site):
    taught = lesson(site, site.rows("train"), Window(), "position", 0)
    rows = site.rows("validation")
    examined = lesson(site, rows, Window(), "position", 0, taught_on=site.rows("train"))
    assert same(examined.scaler, taught.scaler)
    np.testing.assert_array_equal(examined.target, site.arrays(rows).target)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learnt") / "work"
    run_study(tiny({"pretext": ("position", "motion", "random")}), folder, ignore)
    return folder


@pytest.mark.slow
def test_a_study_that_pretrains_keeps_what_its_networks_learnt(workdir):
    table = read(workdir / PRETEXT)
    assert tuple(table) == COLUMNS[PRETEXT]
    assert table["pretext"].tolist() == ["position"] * 2 + ["motion"] * 4
    assert table["split"].tolist() == ["train", "validation", *["train"] * 2, *["validation"] * 2]
    motion = read(workdir / "variants" / "pretext=motion" / PRETEXT)
    assert motion["unit"].tolist() == ["m/s", "rad/s"] * 2
    assert not (workdir / "variants" / "pretext=random" / PRETEXT).exists()


@pytest.mark.slow
def test_a_study_that_goes_on_has_it_still_though_nothing_is_pretrained_again(workdir, monkeypatch):
    before = (workdir / PRETEXT).read_bytes()
    (workdir / PRETEXT).unlink()
    monkeypatch.setattr("mtloc_jax.study.starts.pretraining", None)
    run_study(tiny({"pretext": ("position", "motion", "random")}), workdir, ignore)
    assert (workdir / PRETEXT).read_bytes() == before


@pytest.mark.slow
def test_a_study_without_pretraining_says_nothing_of_it(tmp_path):
    run_study(tiny(arms=("scratch",)), tmp_path / "work", ignore)
    assert not (tmp_path / "work" / PRETEXT).exists()


@pytest.mark.slow
def test_the_report_tells_the_pretexts_apart(workdir):
    write_report(workdir)
    text = (workdir / "tables" / "pretext.md").read_text()
    assert all(word in text for word in ("pretext motion", "turn rate", "rad/s", "a constant's"))


def test_variants_that_graft_from_one_network_are_told_once():
    rows = [
        {"study": f"pretext/wipe.fill={fill}", "site_pair": "a -> b", "pretext": "position"}
        | {"seed": seed, "split": split, "quantity": "position", "unit": "m", "n_windows": 9}
        | {"error": 51.0 + seed, "constant_error": 54.5}
        for fill in ("least", "zero")
        for seed in (0, 2)
        for split in ("train", "validation")
    ]
    table = {name: np.array([row[name] for row in rows]) for name in COLUMNS[PRETEXT]}
    said = "the branch pretrained on position errs 52 m on its own training windows, a constant "
    assert pretexts.sentences(table) == [
        f"{said}54.5 m; 52 m on its own validation windows, a constant 54.5 m"
    ]
    (shown,) = pretexts.pretext_table(table, MEASURED)
    assert len(shown.lines) == 2
    assert select(table, split="train")["error"].tolist() == [51, 53] * 2


def test_variants_are_told_apart_by_what_they_differ_in():
    rows = [
        {"study": f"readings/hidden={hidden}+forget_bias=1.0", "site_pair": "a -> b", "unit": "m"}
        | {"pretext": "position", "quantity": "position", "seed": 0, "split": "train"}
        | {"error": error, "constant_error": 54.5, "n_windows": 9}
        for hidden, error in ((64, 51.0), (128, 50.0))
    ]
    table = {name: np.array([row[name] for row in rows]) for name in COLUMNS[PRETEXT]}
    (shown,) = pretexts.pretext_table(table, MEASURED)
    assert [line[0].text() for line in shown.lines] == ["hidden 64", "hidden 128"]
    one = {name: column[:1] for name, column in table.items()}
    (alone,) = pretexts.pretext_table(one, MEASURED)
    assert alone.lines[0][0].text() in ("", "-")
