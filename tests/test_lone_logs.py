"""Logs by themselves: found, read in every format, and their truth in the survey's metres."""

import os
from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.getsensordata import metres_from
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.round import blind
from mtloc_jax.prediction.survey import open_survey
from mtloc_jax.sites import formats
from mtloc_jax.sites.lone_logs import LONE, found
from mtloc_jax.sites.prepare import prepare
from mtloc_jax.sites.splits import ranges
from tests.phone_walk import straight_walk
from tests.test_follow import phone
from tests.written_logs import getsensordata, write_csv

ORIGIN = (49.4, 11.1)


def with_marks(walk, first_deg):
    """Return a log with two positions: where it began, and a ten-thousandth of a degree north."""
    marks = [
        f"POSI;{t_s};{n};{latitude:.8f};{first_deg[1]:.8f};0;1"
        for n, t_s, latitude in ((1, 0.0, first_deg[0]), (2, 8.0, first_deg[0] + 1e-4))
    ]
    return getsensordata(walk).replace("% end", "\n".join(marks))


@pytest.fixture
def surveyed(tmp_path):
    """Write three logs; the second and third begin further east."""
    folder = tmp_path / "survey"
    folder.mkdir()
    for number in (1, 2, 3):
        begins = (ORIGIN[0], ORIGIN[1] + 1e-4 * (number - 1))
        (folder / f"walk{number}.txt").write_text(with_marks(phone(number), begins))
    return folder


def test_a_log_in_degrees_has_its_truth_in_the_metres_of_its_survey(tmp_path, surveyed):
    log = tmp_path / "new.txt"
    log.write_text(with_marks(phone(7), (ORIGIN[0] + 2e-4, ORIGIN[1])))
    prepare("getsensordata", surveyed, tmp_path / "site", name="site")
    for survey in (
        open_survey(str(surveyed), form="getsensordata"),
        open_survey(str(tmp_path / "site")),
    ):
        assert survey.origin_deg == pytest.approx(ORIGIN)
        walk = LONE["getsensordata"].read(log, "new", survey.origin_deg, False)
        # 0.0001 degree of latitude is 11.1217 m there.
        assert walk.waypoint_xy_m == pytest.approx(np.array([[0, 22.243], [0, 33.365]]), abs=2e-3)
    east_m = metres_from(ORIGIN, np.array([[ORIGIN[0], ORIGIN[1] + 1e-4]]))
    assert survey.walks[1].waypoint_xy_m[0] == pytest.approx(east_m[0], abs=1e-4)


def test_where_nobody_says_where_metres_begin_a_log_in_degrees_has_no_truth(tmp_path):
    log = tmp_path / "new.txt"
    log.write_text(with_marks(phone(7), ORIGIN))
    assert len(LONE["ipin2023"].read(log, "new", None, False).waypoint_t_ms) == 0


def test_a_survey_in_metres_has_no_origin(tmp_path):
    write_csv(tmp_path / "walk", phone(1))
    assert open_survey(str(tmp_path), form="csv").origin_deg is None
    assert formats.origin_deg("csv", tmp_path) is None


def test_a_walk_of_a_survey_must_say_where_it_was(tmp_path):
    write_csv(tmp_path / "walk", phone(1), truth=False)
    with pytest.raises(InputError, match=r"0 waypoint\(s\), .*launch.predict locates logs without"):
        read_all(formats.jobs("csv", tmp_path))


def test_a_log_without_waypoints_counts_from_its_first_reading_to_its_last():
    walk = blind(straight_walk(seconds=4.0))
    assert walk.used_ms == (0, 4000)
    late = replace(walk.wifi, t_ms=np.array([4500]), scan=np.zeros(0, np.int32))
    assert replace(walk, wifi=late).used_ms == (0, 4500)
    assert straight_walk(seconds=4.0, waypoint_s=1.0).used_ms == (0, 4000)


def test_two_logs_of_one_name_are_told_apart_by_hand(tmp_path):
    for name in ("walk.txt", "walk.txt.gz"):
        (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match="two logs are called walk"):
        found("location20", tmp_path)


def test_a_log_whose_name_no_table_could_say_is_refused(tmp_path):
    named = tmp_path / os.fsdecode(b"caf\xe9.txt")
    named.write_text("x")
    for place in (named, tmp_path):
        with pytest.raises(InputError, match=r"txt: the name is not UTF-8; give another name"):
            found("location20", place)


@pytest.mark.parametrize(
    ("form", "place", "name"),
    [
        ("mmloc-bucharest", "mmloc/bucharest", "8"),
        ("mmloc-edinburgh", "mmloc/edinburgh", "14"),
        ("mmloc-xml", "mmloc/edinburgh_raw/Smartisan", "11"),
        ("ipin2023", "ipin2023_track3/floor_0", "IPIN2023_T3_TrainingTrial01_repetition01"),
    ],
)
def test_published_logs_read_by_themselves(data_dir, form, place, name):
    path = found(form, data_dir / place)[name]
    assert found(form, path) == {name: path}
    walk = LONE[form].read(path, name, ORIGIN, False)
    assert len(walk.waypoint_t_ms) >= 2
    assert len(walk.wifi.t_ms) > 0


def test_rounds_are_written_shortly():
    assert ranges((1, 2, 3, 5, 8, 9)) == "1-3, 5, 8-9"
    assert ranges(()) == ""
