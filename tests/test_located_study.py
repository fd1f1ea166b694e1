"""A study that locates whole walks: its rows, its second life, and the report of it."""

import json
import shutil

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.report.write import write_report
from mtloc_jax.rows import CHOSEN, COVERAGE, ROWS, WALKS, read, select
from mtloc_jax.settings import replaced
from mtloc_jax.sites.survey import BEFORE_SCAN
from mtloc_jax.study import chunks
from mtloc_jax.study.equipment import variants_of
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.surgery import checkpoint
from tests.studies import LOCATED, LOST, ignore
from tests.studies import located as small

ARMS = LOCATED["arms"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "located"
    run_study(small(), folder, ignore)
    return folder


def test_every_arm_has_a_row_of_all_walks_and_one_of_each_loss(finished):
    table = read(finished / ROWS)
    held = list(zip(table["arm"].tolist(), table["modality"].tolist(), strict=True))
    assert held == [("constant", "none"), *((a, m) for a in ARMS[1:] for m in ("none", LOST))]
    assert set(table["split"]) == {"test"}
    assert len(set(table["n_windows"].tolist())) == 1


def test_the_errors_of_walks_sum_up_to_their_row_whatever_is_lost(finished):
    table, walks = read(finished / ROWS), read(finished / WALKS)
    for at in range(len(table["seed"])):
        of_run = select(walks, arm=table["arm"][at], modality=table["modality"][at])
        assert of_run["n_windows"].sum() == table["n_windows"][at]
        mean_m = np.average(of_run["mean_m"], weights=of_run["n_windows"])
        assert mean_m == pytest.approx(table["mean_m"][at], abs=2e-4)
    assert len(set(walks["walk"].tolist())) == 14  # every round of the simulated building


def test_windows_before_a_scan_stand_apart_and_are_counted_with_the_coverage(finished):
    held = select(read(finished / ROWS), arm="cosine-held", modality="none")
    near = select(read(finished / COVERAGE), arm="cosine-held", nearest="position")
    before = select(near, band=BEFORE_SCAN)["n_windows"].sum()
    assert before > 0
    assert near["n_windows"].sum() == held["n_windows"][0] + before


def test_what_is_lost_half_way_costs_metres(finished):
    held = select(read(finished / ROWS), arm="cosine-held")
    mean_m = dict(zip(held["modality"].tolist(), held["mean_m"].tolist(), strict=True))
    assert mean_m[LOST] > mean_m["none"]


def test_a_stopped_study_goes_on_to_the_same_rows(finished, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(finished, folder)
    before = {name: (folder / name).read_bytes() for name in (ROWS, WALKS, COVERAGE)}
    located = [
        chunk.name
        for chunk in sorted((folder / "chunks").iterdir())
        if "cosine-held" in (chunk / "chunk.json").read_text()
    ]
    shutil.rmtree(folder / "chunks" / located[0])
    run_study(small(), folder, ignore)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_its_report_holds_the_ladder(finished, capsys):
    written = {path.name for path in write_report(finished)}
    assert {"ladder.csv", "ladder_ratios.md", "ladder.png", "survey_distance.png"} <= written
    said = capsys.readouterr().out
    assert "least offline: 5-NN cosine with no motion, offline" in said
    assert "Ladder: mean test error (m), and its ratio to 5-NN held (simulated)" in said


def test_the_card_is_of_the_buildings_own_split(finished):
    card = json.loads((finished / "card_target.json").read_text())
    assert card["statistics"]["split"]["test"] == [14]


def test_a_target_that_is_among_the_sources_is_refused(tmp_path):
    settings = small(arms=("cosine-held", "matcher-held"), source="simulated-b")
    with pytest.raises(InputError, match="source and target: every round of it is tested"):
        Study(settings, tmp_path / "none", ignore)


def test_a_chunk_is_judged_under_the_losses_of_its_own_variants_alone(tmp_path):
    held = "wifi: a scan in 30 s, held 4 s"
    axis = {"arm": ("scratch", "cosine-held"), "wipe.losses": ((held,), (LOST,))}
    study = Study(
        small(arms=("scratch", "cosine-held"), survey="once", before_scan="counted", sweep=(axis,)),
        tmp_path / "none",
        ignore,
    )
    losses = {
        chunk.jobs[0].spec.arm: study.chunks.equipment.losses(variants_of(chunk))
        for chunk in study.plan.chunks
    }
    assert losses == {"scratch": [held], "cosine-held": [LOST]}


@pytest.mark.slow
def test_a_sweep_of_windows_goes_on_with_the_matchers_that_it_pretrained(tmp_path):
    settings = small(arms=("cosine-held", "matcher-held"), sweep=({"window.steps": (5, 10)},))
    run_study(settings, tmp_path / "work", ignore)
    before = (tmp_path / "work" / ROWS).read_bytes()
    _, second = sorted((tmp_path / "work" / "chunks").iterdir())
    shutil.rmtree(second)  # the first variant's, whose windows the matchers' card names, is done
    run_study(settings, tmp_path / "work", ignore)
    assert (tmp_path / "work" / ROWS).read_bytes() == before


MATCHED = ("cosine-held", "v3-held", "matcher-held", "matcher-scratch-held", "matcher-tuned-held")


@pytest.mark.slow
def test_matchers_are_pretrained_once_trained_on_surveys_and_kept(tmp_path):
    settings = small(
        arms=(*MATCHED, "chosen-held"),
        survey="once",
        unit="walk",
        folds=3,
        test_round=1,
        wipe__losses=(),
        walks=4,
    )
    folder = tmp_path / "work"
    run_study(settings, folder, ignore)
    rows = read(folder / ROWS)
    table, validated = (select(rows, split=split) for split in ("test", "validation"))
    assert table["arm"].tolist() == [*MATCHED, "chosen-held"]
    assert np.isfinite(table["mean_m"]).all()
    # Of three experts that which erred least on validation was chosen, and is what is judged.
    best = MATCHED[int(np.argmin(validated["mean_m"][:3]))]
    (chosen,) = read(folder / CHOSEN)["value"].tolist()
    assert f"{chosen}-held" == best
    of_arm = dict(zip(table["arm"].tolist(), table["mean_m"].tolist(), strict=True))
    assert of_arm["chosen-held"] == of_arm[best]
    pretrained, card = checkpoint.load(folder / "pretrained-matcher")
    assert card["site"]["name"] == "simulated-a"
    (chunk,) = (folder / "chunks").iterdir()
    trained, card = checkpoint.load(chunk / f"{chunks.NETWORKS}-matcher")
    assert [run["name"] for run in card["runs"]] == ["matcher-scratch", "matcher-tuned"]
    source = pretrained["standard"]["mean"]
    # A tuned matcher keeps the source's standardisation, one from scratch has its own.
    assert np.array_equal(trained["standard"]["mean"][1], source[0])
    assert not np.array_equal(trained["standard"]["mean"][0], source[0])
    before = (folder / ROWS).read_bytes()
    digest = folder / "pretrained-matcher/digest.json"
    of_source = digest.read_bytes()
    shutil.rmtree(chunk)
    run_study(settings, folder, ignore)
    assert (folder / ROWS).read_bytes() == before
    assert digest.read_bytes() == of_source
    again = replaced(settings, {"arms": MATCHED[:3], "pretrained": str(folder)})
    run_study(again, tmp_path / "second", ignore)
    ours = select(read(tmp_path / "second" / ROWS), arm="matcher-held", split="test")
    assert ours["mean_m"].tolist() == [of_arm["matcher-held"]]
    # Targets that are swept have recordings of their own, which are no matter to what is taken.
    pair = {"target": ("simulated-b",), "source": ("simulated-a",)}
    swept = replaced(again, {"arms": MATCHED[:3], "sweep": (pair,), "unit": "round", "folds": 0})
    run_study(replaced(swept, {"test_round": 0}), tmp_path / "swept", ignore)
    other = replaced(again, {"matcher.epochs": 2})
    with pytest.raises(
        InputError, match=r"pretrained there as this study would \(matcher.epochs\)"
    ):
        run_study(other, tmp_path / "third", ignore)


@pytest.mark.slow
def test_several_targets_are_one_study_with_all_of_them_pooled(tmp_path, capsys):
    pair = {"target": ("simulated-b", "simulated-a"), "source": ("simulated-a", "simulated-b")}
    folder = tmp_path / "work"
    run_study(
        small(arms=("cosine-held", "constant"), wipe__losses=(), sweep=(pair,)), folder, ignore
    )
    table = read(folder / ROWS)
    pairs = ["simulated-a->simulated-b", "simulated-b->simulated-a"]
    assert sorted(set(table["site_pair"].tolist())) == pairs
    records = [
        json.loads(path.read_text()) for path in sorted(folder.glob("variants/*/config.json"))
    ]
    assert sorted(record["site_pair"] for record in records) == pairs
    whole = json.loads((folder / "config.json").read_text())
    assert whole["site_pair"] == f"{pairs[0]} and 1 more"
    assert set(whole["data"]) == {"target", "target simulated-a"}
    write_report(folder)
    said = capsys.readouterr().out
    held = select(table, arm="cosine-held")
    mean_m = np.average(held["mean_m"], weights=held["n_windows"])
    assert f"{mean_m:.2f} (1.00)" in said
    by_target = (folder / "tables" / "ladder_by_target.md").read_text()
    assert all(f"{m:.2f} (1.00)" in by_target for m in held["mean_m"])
    assert not (
        folder / "tables" / "comparison.md"
    ).exists()  # errors in two targets do not compare
