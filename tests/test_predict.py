"""Logs located by a survey and no training: worked out by hand, and blind to their own truth."""

import csv
import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.logs.round import blind
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.command import locate, rounds_of
from mtloc_jax.prediction.live import located
from mtloc_jax.prediction.live_filter import LiveFilter, slotted
from mtloc_jax.prediction.located import Located
from mtloc_jax.prediction.locators import opened
from mtloc_jax.prediction.outputs import COLUMNS, TRUTH_COLUMNS, geojson, summary_row
from mtloc_jax.prediction.pretrained import part
from mtloc_jax.prediction.said import Said, thinned
from mtloc_jax.prediction.survey import Survey, open_survey
from mtloc_jax.sites.geo_map import GeoMap, published_map
from mtloc_jax.sites.lone_logs import found
from mtloc_jax.sites.site_folder import PLAN_IMAGE, PLAN_INFO, PLAN_MAP
from mtloc_jax.tracking import tracks
from mtloc_jax.tracking.radius import WITHIN_90
from mtloc_jax.tracking.ticks import Prior, arranged
from tests import walks as made_up
from tests.launched import launched
from tests.written_logs import write_csv


def line(number, y_m, *heard, end_ms=6000):
    """Return a walk of 6 s along x at 1 m/s, `y_m` beside the axis; heard: (t_ms, bssid)."""
    wifi = made_up.scans(*[(t_ms, bssid, -50.0, 0) for t_ms, bssid in heard]) if heard else None
    walk = made_up.walk(number, end_ms, name=f"walk{number}", wifi=wifi, level=9.0 + number)
    return replace(walk, waypoint_xy_m=walk.waypoint_xy_m + np.array([0.0, y_m]))


def two_surveyed():
    """Return lines that hear near at (2, 4) and (2, 8), far at (5, 4) and (5, 8)."""
    return [line(n, y_m, (2000, "near"), (5000, "far")) for n, y_m in ((2, 4.0), (3, 8.0))]


ASKED = line(1, 0.0, (1000, "near"), (4950, "far"))
SURVEY = Survey("toy", tuple(two_surveyed()))


def said_of(arm, log=ASKED, survey=SURVEY):
    return located(BySurvey(survey, ARMS[arm].locate), log)


def test_the_newest_scan_is_held_where_the_survey_heard_its_access_point():
    said = said_of("cosine-held")
    assert said.t_ms.tolist() == list(range(100, 6001, 100))
    near = (said.t_ms >= 1000) & (said.t_ms < 4950)
    assert said.xy_m[near] == pytest.approx(np.array([[2.0, 6.0]] * near.sum()))
    assert said.xy_m[said.t_ms >= 4950] == pytest.approx(np.array([[5.0, 6.0]] * 11))
    # Before the first: the mean of all that was surveyed.
    assert said.xy_m[said.t_ms < 1000] == pytest.approx(np.array([[3.5, 6.0]] * 9))


def test_each_row_says_who_spoke_and_how_old_the_newest_scan_is():
    said = said_of("cosine-held")
    assert [int(t) for t, word in zip(said.t_ms, said.spoke, strict=True) if word] == [1000, 5000]
    assert np.isnan(said.scan_age_s[said.t_ms < 1000]).all()
    assert said.scan_age_s[said.t_ms == 4900] == pytest.approx([3.9])
    assert said.scan_age_s[said.t_ms == 5000] == pytest.approx([0.05])


def test_the_radius_is_that_of_nine_phones_in_ten():
    said = said_of("cosine-held")
    # Neighbours 2 m apart on each side: the least sigma of an expert is 4 m.
    assert said.radius_m[said.t_ms >= 1000] == pytest.approx(4 * WITHIN_90)


def test_a_scan_that_shares_nothing_does_not_speak():
    log = line(1, 0.0, (1000, "elsewhere"))
    assert set(said_of("cosine-held", log).spoke) == {""}


@pytest.mark.parametrize("arm", ["v3-held", "cosine-none-filter", "cosine-none-smoother"])
def test_the_truth_of_a_log_changes_nothing_of_its_track(arm):
    seeing, unseeing = said_of(arm), said_of(arm, blind(ASKED))
    for one, other in zip(seeing, unseeing, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_walk_of_the_survey_is_located_by_the_others():
    own = line(1, 0.0, (1000, "near"), (4950, "far"))
    with_it = replace(SURVEY, walks=(own, *SURVEY.walks))
    np.testing.assert_array_equal(
        said_of("cosine-held", survey=with_it).xy_m, said_of("cosine-held").xy_m
    )
    with pytest.raises(InputError, match="holds no walk but the one to locate"):
        said_of("cosine-held", survey=replace(SURVEY, walks=(own,)))


def test_a_filter_fed_live_agrees_with_the_one_that_studies_use():
    rng = np.random.default_rng(0)
    n = 150
    moves = Moves(100 * np.arange(n + 1), rng.normal(0.1, 0.02, (n, 2)), np.full(n, 0.05))
    at_ms = np.sort(rng.integers(0, 15_000, 12))
    at_ms[3:6] = at_ms[3]  # three at once
    fixes = Fixes(at_ms, at_ms - 400, rng.normal(10, 3, (12, 2)), rng.uniform(4, 8, 12))
    prior = Prior(np.array([7.0, 9.0]), 12.0)
    t_ms = moves.t_ms[1:]
    studied = tracks.located([tracks.Walk(t_ms, fixes, moves, prior)])[0].causal
    live = LiveFilter(prior, motion=True).take(moves, fixes, slice(0, n))
    np.testing.assert_allclose(live.xy_m, studied.xy_m, atol=2e-4)
    np.testing.assert_allclose(live.sigma_m, studied.sigma_m, atol=2e-4)


def test_a_tick_of_three_fixes_goes_on_in_one_without_time():
    moves = Moves(np.array([0, 100, 200]), np.array([[1.0, 0.0], [2.0, 0.0]]), np.ones(2))
    fixes = Fixes(np.full(3, 50), np.full(3, 50), np.array([[1.0, 0], [2, 0], [3, 0]]), np.ones(3))
    laid, ends = slotted(arranged(moves, fixes, fixes.arrived_ms, Prior(np.zeros(2), 5.0)))
    assert ends.tolist() == [1, 2]
    assert laid.seconds.tolist() == [0.1, 0.0, 0.1]
    assert laid.moved_m[:, 0].tolist() == [1.0, 0.0, 2.0]
    assert laid.weight.tolist() == [[1, 1], [1, 0], [0, 0]]
    assert laid.fix_m[..., 0].tolist() == [[1, 2], [3, 0], [0, 0]]


def test_rows_are_thinned_without_losing_who_spoke():
    t_ms = np.array([100, 200, 300, 400, 500])
    spoke = np.array(["a", "b+c", "", "b", "a"])
    said = Said(t_ms, np.zeros((5, 2)), np.zeros(5), spoke, np.zeros(5))
    kept = thinned(said, 200)
    assert kept.t_ms.tolist() == [100, 300, 500]
    assert kept.spoke.tolist() == ["a", "b+c", "b+a"]


def test_errors_are_measured_between_the_waypoints_alone():
    log = replace(
        ASKED, waypoint_t_ms=np.array([2000, 4000]), waypoint_xy_m=np.array([[2.0, 2.0]] * 2)
    )
    row = summary_row(Located(log, said_of("cosine-held", log), "toy"))
    assert row["mean_error_m"] == row["median_error_m"] == pytest.approx(4.0)  # held at (2, 6)
    assert (row["rows"], row["seconds"], row["scans"], row["within"]) == (60, 5.9, 2, 1.0)
    assert row["mean_after_scan_m"] == row["mean_error_m"]  # it was heard before the waypoints
    unseeing = Located(blind(ASKED), said_of("cosine-held"), "toy")
    assert summary_row(unseeing)["mean_error_m"] is None
    assert np.isnan(unseeing.mean_error_m)


def test_a_map_of_the_floor_turns_metres_into_degrees():
    geo = GeoMap(np.array([120.0, 30.0]), np.array([120.2, 30.1]), np.array([200.0, 50.0]))
    drawn = json.loads(geojson(Located(ASKED, said_of("cosine-held"), "toy"), geo))
    track, truth = drawn["features"]
    assert track["geometry"]["coordinates"][-1] == pytest.approx([120.005, 30.012])  # (5, 6) m
    assert truth["properties"] == {"kind": "waypoints", "log": "walk1"}
    assert len(truth["geometry"]["coordinates"]) == 2


def floor_with_map(folder, *coordinates):
    """Write a floor of 20 m x 10 m whose map holds geometries of these coordinates."""
    (folder / PLAN_IMAGE).touch()
    (folder / PLAN_INFO).write_text('{"map_info": {"width": 20, "height": 10}}')
    features = [{"geometry": {"coordinates": one}} for one in coordinates]
    (folder / PLAN_MAP).write_text(json.dumps({"features": features}))
    return folder


def test_an_empty_geometry_of_a_map_covers_nothing(tmp_path):
    ring = [[120.0, 30], [120.2, 30, 5.5], [120.2, 30.1]]
    geo = published_map(floor_with_map(tmp_path, [], [[]], [ring, []], [120.1, 30.05]))
    assert (geo.west_south.tolist(), geo.east_north.tolist()) == ([120.0, 30.0], [120.2, 30.1])


@pytest.mark.parametrize(
    "coordinates", [[], [[]], [120.1], "120.1,30", ["120.1", "30"], [None], {}]
)
def test_a_map_without_a_position_is_named(tmp_path, coordinates):
    with pytest.raises(InputError, match=r"geojson_map\.json: is no GeoJSON map of a floor; copy"):
        published_map(floor_with_map(tmp_path, coordinates))


def test_the_map_of_a_published_floor_covers_its_plan(data_dir):
    geo = published_map(data_dir / "indoor_location_20/site1/B1")
    assert geo.size_m == pytest.approx([320.08, 231.77], abs=0.01)
    # A degree of latitude is 110.85 km there, one of longitude 96.2 km.
    span = geo.east_north - geo.west_south
    assert span * [96_200, 110_850] == pytest.approx(geo.size_m, rel=0.01)


def survey_folder(folder):
    for number, walk in enumerate(two_surveyed()):
        write_csv(folder / f"walk{number + 2}", walk)
    return folder


def test_a_folder_of_walks_locates_a_log_without_waypoints(tmp_path):
    survey = survey_folder(tmp_path / "survey")
    log = write_csv(tmp_path / "new", ASKED, truth=False)
    told = launched(
        "launch.predict",
        f"--survey={survey}",
        "--survey_format=csv",
        f"--log={log}",
        "--format=csv",
        "--arm=cosine-held",
        f"--output={tmp_path / 'out'}",
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert "1 log(s) in survey\nby 5-NN cosine, newest scan held\n" in told.stdout
    with (tmp_path / "out" / "new.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[-1]["t_s"], rows[-1]["x_m"], rows[-1]["y_m"]) == ("6.000", "5.000", "6.000")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "new.csv",
        "new.png",
        "summary.csv",
    }


def test_a_folder_of_logs_is_located_one_by_one_with_errors_where_truth_is(tmp_path):
    survey_folder(tmp_path / "survey")
    write_csv(tmp_path / "logs" / "blind", ASKED, truth=False)
    write_csv(tmp_path / "logs" / "true", ASKED)
    said = []
    ready = opened(str(tmp_path / "survey"), None, survey_form="csv", arm="cosine-held")
    locate(ready, tmp_path / "logs", "csv", tmp_path / "out", said.append, every_ms=1000)
    with (tmp_path / "out" / "summary.csv").open() as file:
        blind_row, true_row = csv.DictReader(file)
    assert (blind_row["log"], blind_row["mean_error_m"], blind_row["rows"]) == ("blind", "", "6")
    assert float(true_row["mean_error_m"]) > 0
    with (tmp_path / "out" / "true.csv").open() as file:
        assert next(csv.reader(file)) == [*COLUMNS, *TRUTH_COLUMNS]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"network": "x"}, "by a survey or by a network"),
        ({"survey": None}, "by a survey or by a network"),
        ({"arm": "cosine-network-filter"}, "the motion 'network' is a network"),
        (
            {"arm": "matcher-scratch-held"},
            "is trained on the survey; name one that is not: cosine, v3, matcher, radio-map",
        ),
        ({"arm": "cosine-network-tuned-filter"}, "is trained on the survey; name one that is not"),
        ({"arm": "finetuned"}, "is a network of windows"),
        ({"arm": "chosen-held", "rounds": (1,)}, "no two walks of survey have a scan"),
        ({"arm": "cosine-heard"}, "did you mean 'cosine-held'"),
        ({"rounds": (1, 2, 9)}, "has no round 9; it has 1, 2"),
    ],
)
def test_a_wrong_question_is_one_line(tmp_path, changes, says):
    survey = survey_folder(tmp_path / "survey")
    asked = {"survey": str(survey), "network": None, "survey_form": "csv", "arm": "cosine-held"}
    with pytest.raises(InputError, match=says):
        opened(**(asked | changes))


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (
            ["--network=x", "--arm=cosine-held", "--rounds=1"],
            "nothing reads --rounds, --arm with --network; "
            "leave them out, or give --survey in its place",
        ),
        (
            ["--network=x", "--calibrated"],
            "nothing reads --calibrated with --network; "
            "leave it out, or give --survey in its place",
        ),
        (
            ["--survey=x", "--lag_ms=0"],
            "nothing reads --lag_ms without --follow; leave it out, or add --follow",
        ),
        (
            ["--survey=x", "--network=y", "--arm=cosine-held"],
            "a log is located by a survey or by a network; give --survey or --network",
        ),
    ],
)
def test_a_flag_that_nothing_would_read_is_refused(tmp_path, flags, says):
    asked = [f"--log={tmp_path}", "--format=csv", f"--output={tmp_path / 'out'}", *flags]
    told = launched("launch.predict", *asked)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", f"error: {says}\n")
    assert not (tmp_path / "out").exists()


def test_the_help_of_an_arm_names_what_there_is():
    told = " ".join(launched("launch.predict", "--help").stdout.split()).replace("- ", "-")
    experts, joins = "cosine, v3, matcher, radio-map, matcher-and-map, chosen", "filter, smoother"
    assert f"EXPERT-held or EXPERT-steps-JOIN. EXPERT: {experts} (whichever" in told
    assert f"JOIN: {joins}, grid, grid-smoother. For steps also none or network, with" in told
    for expert, motion in product(experts.split(", "), ("none", "steps", "network")):
        there = motion == "steps" or expert in ("cosine", "matcher")
        assert (f"{expert}-{motion}-filter" in ARMS) == there


def test_rounds_are_named_one_by_one_or_in_a_row():
    assert rounds_of(["1-3", "10"]) == (1, 2, 3, 10)
    with pytest.raises(InputError, match="'one' is no round"):
        rounds_of(["one"])


def test_a_place_without_a_log_is_an_error(tmp_path):
    (tmp_path / "logs").mkdir()
    with pytest.raises(InputError, match="no log in the format location20"):
        found("location20", tmp_path / "logs")
    with pytest.raises(InputError, match="no such file or folder"):
        found("csv", tmp_path / "absent")
    with pytest.raises(InputError, match="scenario-a is of windows"):
        found("scenario-a", tmp_path)


def test_a_survey_of_some_rounds_holds_these_alone(tmp_path):
    survey = survey_folder(tmp_path / "survey")
    assert [w.name for w in open_survey(str(survey), form="csv", rounds=(2,)).walks] == ["walk3"]


def test_a_folder_without_pretrained_networks_has_none(tmp_path):
    assert part(str(tmp_path), "matcher") is None
    (tmp_path / "me@home").mkdir()
    assert part(f"{tmp_path}/me@home@1", "matcher") is None
    with pytest.raises(InputError, match="no such folder of a study"):
        part(str(tmp_path / "absent"), "matcher")
