"""One network, read from wherever it lies, knows its site, its scaler and its ancestors."""

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings, Window
from mtloc_jax.surgery.checkpoint import plain, save
from mtloc_jax.surgery.graft import Take, graft, unchanged_since
from mtloc_jax.surgery.grafting import check_output, only, read_rules
from mtloc_jax.surgery.network import Network, folder_and_run, read_network
from mtloc_jax.surgery.network_card import (
    ancestors,
    bssids_of,
    cut_of,
    ordered_scaler_of,
    problem_of,
    scaler_of,
    settings_of,
    shapes_of,
)
from mtloc_jax.surgery.tree import leaves, tree_digest
from tests import networks


@pytest.fixture
def checkpoint(tmp_path):
    params, report = graft(networks.params(6, 3), {"d": networks.params(6, 3, 1)}, [Take("*", "*")])
    save(tmp_path / "net", params, networks.card("abc"), report)
    return tmp_path / "net"


def test_a_checkpoint_is_read_with_its_card_and_report(checkpoint):
    network = read_network(str(checkpoint))
    assert tree_digest(network.params) == tree_digest(networks.params(6, 3, 1))
    assert bssids_of(network.card) == ["a", "b", "c"]
    assert network.report.donors == {"d": tree_digest(network.params)}


def test_the_scaler_comes_back_from_the_card(checkpoint):
    found, wanted = scaler_of(read_network(str(checkpoint)).card), networks.scaler(3)
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        assert np.array_equal(ours, theirs)


def test_the_settings_and_the_problem_come_back_from_the_card(checkpoint):
    card = read_network(str(checkpoint)).card
    assert settings_of(card) == Settings(hidden=6)
    assert problem_of(card).network.hidden == 6
    assert settings_of({}) == Settings()
    with pytest.raises(InputError, match="there is no problem 'maze'; choose from mtloc"):
        problem_of(card | {"run": {"problem": "maze"}})


def test_a_card_of_settings_of_another_version_is_refused():
    says = r"\(no site\) is of another version: no setting is called 'hiden'; take a network of"
    with pytest.raises(InputError, match=says):
        settings_of({"config": {"hiden": 6}})


def test_a_building_is_cut_by_the_settings_of_its_role():
    settings = Settings(window=Window(steps=20), test_round=3, scaling="round")
    source, target = (cut_of(settings, role) for role in ("source", "target"))
    assert source["window"]["steps"] == target["window"]["steps"] == 20
    assert source["scaling"] == "round"
    assert source["modalities"] == ("imu", "mag", "wifi")
    assert target["test_round"] == 3
    assert source.keys() < target.keys()
    assert target.keys() - source.keys() == {
        "test_round",
        "unit",
        "folds",
        "survey",
        "removed_share",
        "branches",
    }


def test_one_run_of_a_stack_is_read_by_its_number(tmp_path):
    stack = jax.tree.map(
        lambda *runs: np.stack(runs), networks.params(6, 3, 0), networks.params(6, 3, 1)
    )
    save(tmp_path / "runs", stack, {"runs": [{"seed": 0}, {"seed": 1}]})
    network = read_network(f"{tmp_path}/runs@1")
    assert tree_digest(network.params) == tree_digest(networks.params(6, 3, 1))
    assert network.card == {"run": {"seed": 1}}
    assert network.report is None
    with pytest.raises(InputError, match=r"holds 2 runs; say which one, .*runs@0 to .*runs@1"):
        read_network(f"{tmp_path}/runs")
    with pytest.raises(InputError, match="'last' is not the number of a run"):
        read_network(f"{tmp_path}/runs@last")


def test_a_run_is_parted_at_an_at_sign_that_is_of_no_name(tmp_path):
    home, stack = tmp_path / "me@home", {"a": np.arange(2.0)}
    save(home / "net@3", stack, {"runs": [{"seed": 0}, {"seed": 1}]})
    assert folder_and_run(f"{home}/net@3") == (f"{home}/net@3", "")
    assert folder_and_run(f"{home}/net@3@1") == (f"{home}/net@3", "1")
    assert folder_and_run(f"{home}@finetuned:1:0:a@b") == (f"{home}", "finetuned:1:0:a@b")
    assert folder_and_run("absent@0@1") == ("absent", "0@1")
    assert folder_and_run("absent") == ("absent", "")
    assert read_network(f"{home}/net@3@1").params["a"] == 1
    with pytest.raises(InputError, match=r"say which one, \S*me@home/net@3@0 to \S*net@3@1"):
        read_network(f"{home}/net@3")


def test_one_run_of_a_grafted_stack_knows_its_graft(tmp_path):
    ours, theirs = (
        jax.tree.map(lambda *runs: np.stack(runs), *(networks.params(6, 3, k) for k in pair))
        for pair in ((0, 1), (2, 3))
    )
    params, report = graft(ours, {"d": theirs}, [Take("*", "*")], stacked=True)
    save(tmp_path / "runs", params, {"runs": [{"seed": 0}, {"seed": 1}]}, report)
    network = read_network(f"{tmp_path}/runs@1")
    assert all(same.all() for same in unchanged_since(network.report, network.params).values())
    other = unchanged_since(network.report, networks.params(6, 3, 2))
    assert not any(same.any() for same in other.values())


def test_a_foreign_file_has_no_card(tmp_path):
    save_file(leaves(networks.params(6, 3)), tmp_path / "net.safetensors")
    network = read_network(f"{tmp_path}/net.safetensors")
    assert network.card == {}
    with pytest.raises(InputError, match=r"this network \(no site\) holds no scaler"):
        scaler_of(network.card)
    with pytest.raises(InputError, match="holds no WiFi vocabulary"):
        bssids_of(network.card)


def test_a_card_without_the_scaler_of_this_version_is_refused():
    with pytest.raises(InputError, match=r"this network \(site1/B1\) holds no scaler"):
        scaler_of({"site": {"name": "site1/B1"}, "run": {"scaler": {"imu_mean": [0, 0]}}})
    short = networks.scaler(3).plain()
    del short["inputs"]["mag"]["std"]
    with pytest.raises(InputError, match="holds no scaler"):
        scaler_of({"run": {"scaler": short}})


def test_a_card_that_does_not_say_once_what_its_network_reads_is_refused():
    card = networks.card("abc")
    with pytest.raises(InputError, match=r"this network \(no site\) does not say what it reads"):
        shapes_of({})
    assert list(ordered_scaler_of(card).inputs) == ["imu", "mag", "wifi"]
    for part in (card["site"]["shapes"], card["run"]["scaler"]["inputs"]):
        of_mag = part.pop("mag")
        with pytest.raises(InputError, match=r"\(site1/B1\) says in several ways what it reads"):
            ordered_scaler_of(card)
        part["mag"] = of_mag
    assert list(ordered_scaler_of(card).inputs) == ["imu", "wifi", "mag"]
    with pytest.raises(InputError, match="says in several ways what it reads"):
        ordered_scaler_of(networks.card("abc", modalities=["imu", "wifi"]))


def _child(name, lineage):
    return Network(name, networks.params(2, 3, len(name)), {"lineage": lineage}, None)


def test_a_lineage_names_every_ancestor():
    grandmother = _child("grandmother", {})
    mother = _child("mother", {"donor": grandmother.lineage()})
    child = _child("child", {"donor1": mother.lineage(), "donor2": grandmother.lineage()})
    found = [(names, donor["path"]) for names, donor in ancestors(child.card)]
    assert found == [
        (("donor1",), "mother"),
        (("donor1", "donor"), "grandmother"),
        (("donor2",), "grandmother"),
    ]


def test_a_cyclic_lineage_is_refused():
    looped = {"donor": {"path": "b", "digest": "2", "lineage": {}}}
    cycle = {"a": {"path": "a", "digest": "1", "lineage": looped}}
    cycle["a"]["lineage"]["donor"]["lineage"] = {"a": {"path": "a", "digest": "1"}}
    with pytest.raises(InputError, match="a <- donor <- a is its own ancestor"):
        list(ancestors({"lineage": cycle}))


def test_an_ancestor_is_never_overwritten(tmp_path):
    donor = _child(f"{tmp_path}/new@3", {"donor": _child(f"{tmp_path}/old", {}).lineage()})
    card = {"lineage": {"donor": donor.lineage()}}
    check_output(tmp_path / "free", card)
    with pytest.raises(InputError, match="old: this is donor <- donor, which the new network"):
        check_output(tmp_path / "old", card)
    with pytest.raises(InputError, match="new: this is donor, which the new network"):
        check_output(tmp_path / "new", card)
    (tmp_path / "me@home").mkdir()
    at_home = {"lineage": {"donor": _child(f"{tmp_path}/me@home@2", {}).lineage()}}
    with pytest.raises(InputError, match="home: this is donor, which the new network"):
        check_output(tmp_path / "me@home", at_home)
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="other: this is there already"):
        check_output(tmp_path / "other", card)


def test_a_rules_file_must_have_rules(tmp_path):
    with pytest.raises(InputError, match=r"none\.py: no such rules file"):
        read_rules(tmp_path / "none.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(InputError, match=r"folder\.py: is no Python file of rules"):
        read_rules(tmp_path / "folder.py")
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(InputError, match=r"empty\.py: has no get_rules"):
        read_rules(tmp_path / "empty.py")
    (tmp_path / "rules.py").write_text("def get_rules(target, donors): return ()")
    assert read_rules(tmp_path / "rules.py")(None, {}) == ()


def test_rules_for_one_donor_refuse_two():
    assert only({"donor": _child("a", {})}).place == "a"
    with pytest.raises(InputError, match="for one donor, not 2"):
        only({"donor1": _child("a", {}), "donor2": _child("b", {})})


def test_a_card_is_plain_data():
    assert plain(networks.card("abc")) == networks.card("abc")
