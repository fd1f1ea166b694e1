"""The commands graft, inspect and export, as a user runs them."""

import json
import shutil
from dataclasses import replace

import jax
import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.files import sha256
from mtloc_jax.settings import Settings, Simulation, Window, plain
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites import buildings
from mtloc_jax.sites.prepare import prepare
from mtloc_jax.sites.site import build
from mtloc_jax.sites.views import without_modalities
from mtloc_jax.surgery.checkpoint import load, read_report, save
from mtloc_jax.surgery.checkpoint import plain as as_json
from mtloc_jax.surgery.graft import unchanged_since
from mtloc_jax.surgery.network import read_network
from mtloc_jax.surgery.network_card import cut_of, scaler_of, settings_of
from mtloc_jax.surgery.onto_site import graft_onto
from tests import networks
from tests.conftest import ROOT
from tests.launched import launched
from tests.test_prepare import write_csv


def run(command, *arguments):
    return launched(f"launch.{command}", *arguments)


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("donor") / "pretrained"
    head = {"kernel": np.ones((6, 2), np.float32), "bias": np.zeros(2, np.float32)}
    params = {"imu": networks.params(6, 3)["imu"], "head": head}
    stack = {branch: {k: v[None] for k, v in leaves.items()} for branch, leaves in params.items()}
    card = {
        "site": {"name": "simulated-a"},
        "config": plain(settings_of_donor()),
        "runs": [{"seed": 0}],
    }
    save(folder, stack, card)
    return folder


def settings_of_donor():
    return Settings(
        hidden=6,
        window=Window(hop_ms=1000),
        wifi_entry_max_age_ms=3000,
        branches="imu+wifi",
        forget_bias=0.5,
        simulation=Simulation(round_s=10.0),
    )


def _graft(donor, output, *more):
    flags = [f"--donor={donor}@0", "--site=simulated-b", "--rules=configs/graft/imu.py"]
    return run("graft", *flags, f"--output={output}", *more)


@pytest.fixture(scope="module")
def grafted(donor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("grafted") / "net"
    done = _graft(donor, folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_graft_shows_what_came_from_where_and_saves_it(grafted):
    folder, done = grafted
    assert done.stderr == ""
    assert "kernel [2, 24] take donor:imu/kernel" in done.stdout
    assert "donor:head/kernel [6, 2] leave" in done.stdout
    params, card = load(folder)
    assert np.array_equal(params["imu"]["kernel"], networks.params(6, 3)["imu"]["kernel"])
    assert card["site"]["name"] == "simulated-b"
    assert card["lineage"]["donor"]["site"] == "simulated-a"
    assert all(same.all() for same in unchanged_since(read_report(folder), params).values())


def test_a_graft_is_cut_and_made_by_the_settings_of_its_donor(grafted):
    folder, _ = grafted
    network = read_network(str(folder))
    assert network.card.keys() == {"site", "config", "run", "lineage"}
    assert network.card["run"].keys() == {"seed", "scaler"}
    settings = replace(settings_of_donor(), target="simulated-b")
    assert settings_of(network.card) == settings
    walks, split = buildings.walks("simulated-b", "", simulated_round_s=10.0)
    whole = build(
        "simulated-b",
        walks,
        split,
        settings.window,
        wifi_entry_max_age_ms=3000,
        simulated=True,
    )
    assert network.card["site"] == as_json(whole.card())
    site = without_modalities(whole, ("imu", "wifi"))
    wanted, found = site.scaler(site.rows("train")), scaler_of(network.card)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert np.array_equal(ours, theirs)
    assert network.params["mag"]["bias"].tolist() == [0] * 6 + [0.5] * 6 + [0] * 12
    load(folder, {"site": site.card(), "config": cut_of(settings)})
    with pytest.raises(InputError, match=r"config\.window\.hop_ms is 1000, not 100"):
        load(folder, {"site": site.card(), "config": cut_of(Settings())})


def test_a_config_and_flags_come_before_the_donor(donor, tmp_path):
    (tmp_path / "ours.py").write_text(
        "from ml_collections import ConfigDict\n"
        "def get_config():\n"
        "    return ConfigDict({'window': {'hop_ms': 2000}, 'output': 'relu', 'hidden': 5})\n"
    )
    config = [f"--config={tmp_path}/ours.py", "--config.window.hop_ms=3000", "--hidden=6"]
    done = _graft(donor, tmp_path / "net", *config)
    assert done.returncode == 0, done.stderr
    settings = settings_of(read_network(str(tmp_path / "net")).card)
    ours = Settings(target="simulated-b", window=Window(hop_ms=3000), output="relu", hidden=6)
    assert settings == ours


def test_a_config_that_cannot_be_is_refused(donor, tmp_path):
    (tmp_path / "ours.py").write_text(
        "from ml_collections import ConfigDict\n"
        "def get_config():\n"
        "    return ConfigDict({'hiden': 5})\n"
    )
    done = _graft(donor, tmp_path / "net", f"--config={tmp_path}/ours.py")
    assert done.returncode == 2
    assert "no setting is called 'hiden'; did you mean 'hidden'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_inspect_shows_table_1s_view_and_the_lineage(grafted):
    folder, _ = grafted
    done = run("inspect", folder)
    assert done.returncode == 0, done.stderr
    assert "IMU-LSTM" in done.stdout
    assert "simulated-b" in done.stdout
    assert "pretrained@0" in done.stdout
    assert "verified" in done.stdout


def test_inspect_knows_a_folder_whose_name_holds_an_at_sign(donor, tmp_path):
    shutil.copytree(donor, tmp_path / "me@home")
    done = run("inspect", f"{tmp_path}/me@home@0")
    assert done.returncode == 0, done.stderr
    assert "leaves verified" in done.stdout


def test_inspect_compares_two_networks(grafted, donor):
    folder, _ = grafted
    done = run("inspect", folder, f"--diff={donor}@0")
    assert done.returncode == 0, done.stderr
    same = next(line for line in done.stdout.splitlines() if line.startswith("imu/kernel"))
    assert "bit for bit" in same
    assert "only in the other" in done.stdout
    assert "site.name: simulated-b / simulated-a" in done.stdout


def test_a_grafted_network_can_be_exported(grafted, tmp_path):
    done = run("export", grafted[0], f"--output={tmp_path}/out")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_dry_run_writes_the_report_alone(donor, tmp_path):
    done = _graft(donor, tmp_path / "net", "--dry_run", f"--report={tmp_path}/graft.json")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["graft.json"]
    assert len(json.loads((tmp_path / "graft.json").read_text())["entries"]) == 18


def test_a_site_may_be_a_folder_made_by_prepare(donor, tmp_path):
    for walk in simulate(building_a(0), 0, n_rounds=6, round_s=6.0):
        write_csv(tmp_path / "recordings" / walk.name, walk)
    prepare("csv", tmp_path / "recordings", tmp_path / "office", name="office")
    flags = [f"--donor={donor}@0", f"--site={tmp_path}/office", "--rules=configs/graft/imu.py"]
    done = run("graft", *flags, f"--output={tmp_path}/net")
    assert done.returncode == 0, done.stderr
    params, card = load(tmp_path / "net")
    assert card["site"]["name"] == "office"
    assert card["site"]["bssids"] == (tmp_path / "office/vocabulary.txt").read_text().split()
    assert params["wifi"]["fc1"]["kernel"].shape == (len(card["site"]["bssids"]), 6)


def test_a_site_that_is_neither_building_nor_folder_is_refused(donor, tmp_path):
    flags = [f"--donor={donor}@0", f"--site={tmp_path}/venice", "--rules=configs/graft/imu.py"]
    done = run("graft", *flags, f"--output={tmp_path}/net")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "launch.prepare" in done.stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["inspect"], "error: CKPT is missing"),
        (["inspect", "nowhere", "else"], "error: unexpected argument 'else'"),
        (["export", "nowhere", "--output=x"], "error: nowhere: no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(command, says):
    done = run(*command)
    assert done.returncode == 2
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1


def test_a_stack_without_a_run_is_refused(donor, tmp_path):
    flags = [f"--donor={donor}", "--site=simulated-b", "--rules=configs/graft/imu.py"]
    done = run("graft", *flags, f"--output={tmp_path}/net")
    assert done.returncode == 2
    assert "holds 1 runs; say which one" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_grafted_network_is_saved_to_a_new_folder_alone(donor, tmp_path):
    shutil.copytree(donor, tmp_path / "net")
    rules, before = ROOT / "configs/graft/imu.py", sha256(tmp_path / "net" / "digest.json")
    grafted = graft_onto([f"{tmp_path}/net@0"], "simulated-b", rules)
    with pytest.raises(InputError, match="net: this is donor, which the new network would descend"):
        grafted.save(tmp_path / "net")
    assert sha256(tmp_path / "net" / "digest.json") == before
    grafted.save(tmp_path / "new")
    with pytest.raises(InputError, match="new: this is there already"):
        grafted.save(tmp_path / "new")


def test_a_graft_onto_layers_of_another_width_says_so_and_not_which_leaf(donor):
    rules = ROOT / "configs/graft/imu.py"
    with pytest.raises(InputError, match=r"new network has 8 units a layer, donor has 6: imu/bias"):
        graft_onto([f"{donor}@0"], "simulated-b", rules, changes={"hidden": 8})
