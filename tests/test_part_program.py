"""What is exported of a matcher or of a network on motion tells what a study is told by it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.experts import matcher_fixes
from mtloc_jax.experts.pair_features import FEATURES, pairs
from mtloc_jax.motion import learned, network
from mtloc_jax.motion.phone_frame import framed
from mtloc_jax.study import replicas
from mtloc_jax.surgery.export import CARD, read_program, write_export
from mtloc_jax.surgery.grafting import check_donors
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.part_program import PART
from tests.networks import untrained_matcher
from tests.phone_walk import straight_walk
from tests.scan_tables import hall


@pytest.fixture(scope="module")
def matcher():
    return untrained_matcher()


def card(part):
    return {PART: part, "site": {"name": "somewhere"}, "config": {}, "run": {"seed": 0}}


def test_a_matcher_that_is_exported_places_scans_as_a_study_does(matcher, tmp_path):
    write_export(tmp_path / "out", matcher, card("matcher"))
    found = pairs(hall(0), hall(1))
    program = read_program(tmp_path / "out")
    origin = found.xy_m[:, :1]
    near = (found.xy_m - origin).astype(np.float32)
    xy_m, sigma_m = program(found.features.astype(np.float32), near, found.mask)
    (expected,), (spread,) = matcher_fixes.place(replicas.stack([matcher]), found)
    assert np.asarray(xy_m) + origin[:, 0] == pytest.approx(expected, abs=1e-3)
    assert np.asarray(sigma_m) == pytest.approx(spread, rel=1e-4)
    said = json.loads((tmp_path / "out" / CARD).read_text())
    assert tuple(said["features"]) == FEATURES
    assert "metres" in said["tells"]


def test_a_network_on_motion_that_is_exported_moves_as_a_study_does(tmp_path):
    params = network.fresh(0)
    write_export(tmp_path / "out", params, card("motion"))
    walk = straight_walk(seconds=6, turned_rad=0.4)
    seen, expected = framed(walk), learned.moves(params, walk)
    moved_m, sigma_m = read_program(tmp_path / "out")(seen.inputs[None], seen.yaw_rad[None])
    assert moved_m[0] == pytest.approx(expected.moved_m, abs=1e-5)
    assert sigma_m[0] == pytest.approx(expected.sigma_m, rel=1e-5)


def test_what_is_no_such_network_is_not_exported(matcher, tmp_path):
    with pytest.raises(InputError, match="by its card it would be absent"):
        write_export(tmp_path / "out", matcher, card("motion"))
    with pytest.raises(InputError, match=r"no part of what locates walks 'matchers'; did you mean"):
        write_export(tmp_path / "out", matcher, card("matchers"))
    broken = {**matcher, "score": {"kernel": matcher["score"]["kernel"] * np.nan}}
    with pytest.raises(InputError, match="score/kernel holds a value that is not a finite number"):
        write_export(tmp_path / "out", broken, card("matcher"))
    assert not (tmp_path / "out").exists()


def test_a_matcher_is_no_donor_of_a_network_of_windows(matcher):
    donor = Network("work/pretrained-matcher@0", matcher, card("matcher"), None)
    with pytest.raises(InputError, match=r"matcher of whole walks.*--config.pretrained"):
        check_donors({"donor": donor})
    check_donors({"donor": replace(donor, card={})})
