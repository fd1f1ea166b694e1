"""A site without any access point ends in one line, or works without WiFi."""

from dataclasses import replace

import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import no_wifi
from mtloc_jax.rows import ROWS, read
from mtloc_jax.settings import Settings, replaced
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites.prepare import prepare
from mtloc_jax.sites.recordings import open_recordings
from mtloc_jax.study.study import Study
from mtloc_jax.surgery.new_network import cut
from tests.studies import ignore, tiny
from tests.test_prepare import write_csv

SAYS = (
    r"no access point was heard in the training rounds of silent; run it without WiFi: "
    r"--config\.modalities=\"\('imu', 'mag'\)\""
)


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("silent")
    for walk in simulate(building_a(0), 0, n_rounds=6, round_s=6.0):
        write_csv(folder / "csv" / walk.name, replace(walk, wifi=no_wifi()))
    prepare("csv", folder / "csv", folder / "silent", name="silent")
    return str(folder / "silent")


@pytest.mark.parametrize("branches", ["all", "imu+mag"])
def test_a_study_says_what_to_set(silent, tmp_path, branches):
    with pytest.raises(InputError, match=SAYS):
        Study(tiny(target=silent, branches=branches), tmp_path / "work", ignore)


def test_a_graft_says_what_to_set(silent):
    with pytest.raises(InputError, match=SAYS):
        cut(open_recordings(silent, ""), Settings(target=silent))


def test_a_network_without_wifi_is_made_for_it(silent):
    settings = replaced(Settings(target=silent), {"modalities": ("imu", "mag")})
    assert cut(open_recordings(silent, ""), settings).shapes() == {"imu": (10, 2), "mag": (10, 1)}


def test_what_needs_no_network_is_judged_on_it(silent, tmp_path):
    study = Study(tiny(target=silent, arms=("constant",)), tmp_path / "work", ignore)
    study.run()
    assert set(read(tmp_path / "work" / ROWS)["arm"]) == {"constant"}
