"""Networks that start from a given checkpoint: bit for bit its branch, and of its site alone."""

import shutil

import jax
import numpy as np
import pytest

from configs.graft.imu import get_rules
from mtloc_jax.errors import InputError
from mtloc_jax.rows import LEAVES, ROWS, read, select
from mtloc_jax.settings import Settings, portable
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.surgery import checkpoint, new_network
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.network import read_network
from tests import networks
from tests.studies import ignore, tiny


def asked(start, **changes):
    return tiny(start=str(start), wipe__drop_rates=(), **changes)


def written(place, donor_hidden=8, **changes):
    """Write the network that launch.graft would: a fresh one with a donor's IMU branch."""
    settings = tiny(hidden=donor_hidden, **changes)
    sites = Study(tiny(arms=("scratch",), **changes), place, ignore).sites[0]
    donor_folder = place.with_name(f"{place.name}-donor")
    head = {"kernel": np.ones((donor_hidden, 2), np.float32), "bias": np.zeros(2, np.float32)}
    checkpoint.save(
        donor_folder,
        {"imu": networks.params(donor_hidden, 3, seed=9)["imu"], "head": head},
        {
            "site": {"name": "simulated-a", "bssids": []},
            "config": portable(Settings()),
            "run": {"seed": 0},
        },
    )
    donors = {"donor": read_network(str(donor_folder))}
    target = new_network.fresh(sites.target, settings, seed=0)
    trees = {name: donor.params for name, donor in donors.items()}
    params, report = graft(target.params, trees, get_rules(target, donors))
    lineage = {name: donor.lineage() for name, donor in donors.items()}
    checkpoint.save(place, params, {**target.card, "lineage": lineage}, report)
    return place


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return written(tmp_path_factory.mktemp("given") / "net")


@pytest.fixture(scope="module")
def finished(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "work"
    study = Study(asked(given), folder, ignore)
    study.run()
    return folder, study


def runs_of(folder):
    """Return each trained network by its arm."""
    found = {}
    for chunk in sorted((folder / "chunks").glob("[0-9]*")):
        stacked, card = checkpoint.load(chunk / "checkpoint")
        for k, run in enumerate(card["runs"]):
            found[run["arm"]] = jax.tree.map(lambda leaf, k=k: leaf[k], stacked)
    return found


def test_the_frozen_branch_stays_that_of_the_checkpoint_to_the_bit(given, finished):
    theirs = checkpoint.load(given)[0]["imu"]
    found = runs_of(finished[0])
    assert found.keys() == {"scratch", "transferred", "finetuned"}
    for arm, same in {"transferred": True, "finetuned": False, "scratch": False}.items():
        for name, leaf in theirs.items():
            assert np.array_equal(found[arm]["imu"][name], leaf) == same


def test_every_leaf_starts_as_the_checkpoint_has_it(given, finished):
    study = finished[1]
    theirs = checkpoint.load(given)[0]
    for group in study.plan.groups:
        for job in group.jobs:
            start = study.starts.of(job, study.plan.of(job), study.sites[0])
            same = jax.tree.map(np.array_equal, start, theirs)
            assert all(jax.tree.leaves(same)) == (job.spec.arm != "scratch")


def test_the_rows_say_what_became_of_the_leaves_it_had_taken(finished):
    table = read(finished[0] / LEAVES)
    assert set(table["taken"]) == {"imu/bias imu/kernel imu/recurrent_kernel"}
    still, tuned = (select(table, arm=arm) for arm in ("transferred", "finetuned"))
    assert still["unchanged"].tolist() == still["taken"].tolist()
    assert tuned["unchanged"].tolist() == [""]


def test_nothing_is_pretrained_and_the_pair_names_the_donors_site(finished):
    folder, study = finished
    assert study.sites[0].opened.keys() == {"target"}
    assert not [*folder.glob("pretrained*"), *folder.glob("grafted*")]
    assert set(read(folder / ROWS)["site_pair"]) == {"simulated-a->simulated-b"}


def test_a_checkpoint_whose_name_holds_an_at_sign_is_found(given, tmp_path):
    shutil.copytree(given, tmp_path / "me@home")
    study = Study(asked(tmp_path / "me@home"), tmp_path / "work", ignore)
    assert study.sites[0].pair == "simulated-a->simulated-b"


def test_another_checkpoint_at_the_same_place_is_not_mixed_in(given, finished, tmp_path):
    folder, place = tmp_path / "work", tmp_path / "net"
    shutil.copytree(given, place)
    settings = asked(place, arms=("transferred",))
    run_study(settings, folder, ignore)
    before = (folder / ROWS).read_bytes()
    params, card = checkpoint.load(place)
    params["imu"]["bias"] = params["imu"]["bias"] + 1
    checkpoint.save(place, params, card)
    with pytest.raises(InputError, match="the checkpoint that networks start from is not what"):
        run_study(settings, folder, ignore)
    assert (folder / ROWS).read_bytes() == before


def refused(settings, folder, match):
    with pytest.raises(InputError, match=match) as caught:
        run_study(settings, folder, ignore)
    assert "\n" not in str(caught.value)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "simulated-a"}, r"net: this network is for another site: site\.name is"),
        ({"simulation__seed": 1}, "another site"),
        ({"window__hop_ms": 200}, r"config\.window\.hop_ms is 100, not 200"),
        ({"branches": "imu+wifi"}, r"config\.branches is 'all', not 'imu\+wifi'"),
        ({"hidden": 16}, r"fusion/fc3/bias is \(8,\) there, .* \(16,\); set --config\.hidden"),
    ],
)
def test_a_checkpoint_of_another_site_or_size_is_refused(given, changes, said, tmp_path):
    refused(asked(given, **changes), tmp_path / "work", said)


def test_scratch_alone_asks_nothing_of_the_checkpoint(given, tmp_path):
    settings = asked(given, arms=("scratch",), target="simulated-a")
    assert Study(settings, tmp_path / "work", ignore).plan.chunks


def test_variants_that_differ_in_their_checkpoint_are_refused(given, tmp_path):
    for starts in (("from_pretrained", str(given)), (str(given), "from_transferred")):
        settings = tiny({"start": starts})
        refused(settings, tmp_path / "work", "in some variants alone; give each checkpoint a stud")


def test_a_stack_must_say_which_run_is_meant(finished, tmp_path):
    stack = finished[0] / "chunks" / "0000" / "checkpoint"
    refused(asked(stack), tmp_path / "work", r"this checkpoint holds \d runs; say which one")


def test_a_run_of_a_finished_study_can_be_trained_on(finished, tmp_path):
    stack = finished[0] / "chunks" / "0000" / "checkpoint"
    run_study(asked(f"{stack}@0", arms=("finetuned",)), tmp_path / "work", ignore)
    assert np.isfinite(read(tmp_path / "work" / ROWS)["mean_m"]).all()


def test_what_locates_walks_learns_of_the_source_whatever_networks_start_from(given, tmp_path):
    arms = ("finetuned", "cosine-held", "matcher-held")
    study = Study(asked(given, arms=arms), tmp_path / "work", ignore)
    by_arm = {
        group.example.arm: sites.opened.keys()
        for group, sites in zip(study.plan.groups, study.sites, strict=True)
    }
    assert "source" in by_arm["cosine-held"]
