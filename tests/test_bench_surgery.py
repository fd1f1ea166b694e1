"""What the surgery benchmark times: a whole import, by each way a donor is stored."""

import numpy as np
import pytest

from bench import surgery
from bench.surgery import CASES, STAGES, Timing
from mtloc_jax.surgery.checkpoint import load, read_report
from mtloc_jax.surgery.tree import leaves
from tests import networks

HIDDEN, APS = 6, 20


@pytest.fixture(scope="module")
def donors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("donors")
    network = surgery.trained(APS, HIDDEN)
    surgery.write_donors(folder, network)
    return folder, network


def test_the_donor_is_the_papers_network():
    sizes = [leaf.size for leaf in leaves(networks.params(surgery.HIDDEN, surgery.N_APS)).values()]
    assert sum(sizes) == 295_810


@pytest.mark.parametrize(("donor", "rules"), CASES.items())
def test_every_way_a_donor_is_stored_ends_in_a_saved_graft(donors, tmp_path, donor, rules):
    folder, network = donors
    site = surgery.surveyed(APS, APS // 2)
    seconds = surgery.staged(folder / donor, rules, site, HIDDEN, tmp_path / "net")
    assert tuple(seconds) == STAGES
    assert all(x > 0 for x in seconds.values())
    params, card = load(tmp_path / "net")
    assert card["site"]["name"] == site.name
    if rules == "imu.py":
        assert np.array_equal(params["imu"]["kernel"], network.params["imu"]["kernel"])
        return
    taken = [entry.details.get("n_carried") for entry in read_report(tmp_path / "net").entries]
    assert APS // 2 in taken  # half of the access points are known


def test_a_report_says_whether_the_promise_is_kept():
    stages = dict.fromkeys(STAGES, 0.25)
    quick, slow = (Timing("donor.npz", "imu.py", stages, 1.0, worst) for worst in (1.2, 2.1))
    assert surgery.report([quick], 5)["promise"]["kept"]
    told = surgery.report([quick, slow], 5)["promise"]
    assert (told["slowest_s"], told["kept"]) == (2.1, False)
