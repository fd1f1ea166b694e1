"""What a reader of the page may switch or follow: curves by arm and seed, walks in time."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.escapes import script_json
from mtloc_jax.report import charts
from mtloc_jax.report.page import Part
from mtloc_jax.report.replay import replay
from mtloc_jax.report.series import Chart, Curves, Series, by_seed
from mtloc_jax.rows import CDF, TRACKS
from mtloc_jax.sites.floor_plan import FloorPlan, keep_plan, published_plan
from tests import test_page
from tests.synthetic_rows import as_table, cdf_rows, track_rows, whole_grid

BLUE = {"color": "#0072B2", "linestyle": (0, (5, 1.5))}
GREY = {"color": (0.5, 0.5, 0.5, 1.0), "linestyle": "--"}
AT = np.arange(4.0)


def chart(*series: Series) -> Chart:
    return Chart("test", "epoch", "error (m)", series)


def test_an_arm_has_its_mean_and_each_seed_and_of_one_seed_the_mean_alone():
    curves = list(by_seed("ours", BLUE, AT, [3, 5], np.array([AT, AT + 2])))
    assert [one.seed for one in curves] == [None, 3, 5]
    assert curves[0].value.tolist() == [1, 2, 3, 4]
    assert [one.seed for one in by_seed("ours", BLUE, AT, [3], AT[None])] == [None]


def test_curves_are_told_by_arm_with_shared_arrays_once_and_gaps_as_nothing():
    gap = np.array([1.0, np.nan, np.inf, 1.23456])
    data = Curves([chart(Series("a", None, AT, gap, BLUE), Series("b", 7, AT, AT, GREY))]).plain()
    assert data["kind"] == "curves"
    assert data["arms"] == [
        {"name": "a", "color": "#0072b2", "dashes": "10 3"},
        {"name": "b", "color": "#808080", "dashes": "7.4 3.2"},
    ]
    [panel] = data["panels"]
    assert panel["arrays"] == [[0, 1, 2, 3], [1, None, None, 1.235]]
    assert panel["series"] == [[0, None, 0, 1], [1, 7, 0, 0]]
    assert json.loads(script_json(data)) == data


def test_many_points_are_thinned_with_both_ends_kept():
    long = np.arange(10_001.0)
    [panel] = Curves([chart(Series("a", None, long, long, BLUE))]).plain()["panels"]
    kept = panel["arrays"][0]
    assert (kept[0], kept[1], kept[-1]) == (0, 2, 10_000)
    assert len(kept) == 5001


def test_of_too_many_seeds_the_first_are_kept_and_every_mean():
    seeds = list(range(2000))
    some = list(by_seed("a", BLUE, np.arange(12.0), seeds, np.zeros((2000, 12))))
    [panel] = Curves([chart(*some)]).plain()["panels"]
    shown = [seed for _, seed, _, _ in panel["series"]]
    assert shown[:3] == [None, 0, 1]
    assert 500 < len(shown) < 700


@pytest.fixture(scope="module")
def cdf():
    return as_table(cdf_rows(whole_grid()), CDF)


def test_fig_4_has_each_rate_on_both_splits_and_its_errors_along_x(cdf):
    found = charts.cdfs(cdf)
    assert [one.title for one in found.charts] == ["validation", "test"]
    assert all(one.sideways for one in found.charts)
    scratch = [one for one in found.charts[1].series if one.arm == "scratch"]
    assert [one.seed for one in scratch] == [None, 0, 1]
    assert scratch[1].value[-1] == 4.0  # twice the mean error of 2 m
    assert scratch[0].value[-1] == 4.5


def test_fig_6_has_a_panel_a_modality(cdf):
    assert [one.title for one in charts.wiped_cdfs(cdf).charts] == [
        "IMU wiped",
        "MAG wiped",
        "WiFi wiped",
    ]


def test_data_demand_lies_along_the_share_of_rounds():
    panel = charts.demand(as_table(whole_grid())).charts[1]
    assert (panel.title, panel.at_label) == ("mean error, test", "training rounds used (%)")
    tuned = next(one for one in panel.series if one.arm == "fine-tuned" and one.seed == 0)
    assert tuned.at.tolist() == [12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100]
    assert tuned.value[[0, -1]].tolist() == [3.75, 2.0]


def test_a_walk_is_told_in_tenths_of_a_second_and_centimetres():
    data = replay(as_table(track_rows(), TRACKS), None).plain()
    assert [arm["name"] for arm in data["arms"]] == ["scratch", "transferred", "fine-tuned 62.5 %"]
    first = data["traces"][0]
    assert (first["name"], first["t"][:3], first["y"][:3]) == ("first", [0, 1, 2], [0, 50, 100])
    assert first["of"][2]["x"][:2] == [100, 100]
    assert data["box"] == [-200, 3300, -200, 1150]
    assert data["plan"] is None


def test_long_walks_are_thinned_and_a_model_that_saw_other_windows_is_left_out():
    tracks = as_table(track_rows() * 40, TRACKS)
    kept = np.ones(len(tracks["t_s"]), bool)
    kept[np.flatnonzero(tracks["arm"] == "transferred")[0]] = False
    data = replay({name: values[kept] for name, values in tracks.items()}, None).plain()
    assert [arm["name"] for arm in data["arms"]] == ["scratch", "fine-tuned 62.5 %"]
    assert len(data["traces"][0]["t"]) == 267  # every third of 800
    assert data["gap"] == 60


def test_the_plan_lies_below_a_walk_cut_to_what_is_shown(tmp_path):
    drawn = np.ones((100, 200), np.float32)
    drawn[:, 100:] = 0.0  # black in the east
    plan = FloorPlan(tmp_path / "hall", 100.0, 50.0, drawn)
    data = replay(as_table(track_rows(), TRACKS), plan).plain()
    assert data["plan"]["href"].startswith("data:image/webp;base64,")
    assert data["plan"]["box"] == [0, 3300, 0, 1150]
    far = replace(replay(as_table(track_rows(), TRACKS), plan), plan=replace(plan, width_m=0.001))
    assert far.plain()["plan"] is None or far.plain()["plan"]["box"][1] <= 1


def test_a_plan_that_is_kept_is_found_again_as_it_was(tmp_path):
    drawn = np.linspace(0, 1, 200 * 100, dtype=np.float32).reshape(100, 200)
    keep_plan(FloorPlan(tmp_path / "hall", 40.0, 20.0, drawn), tmp_path)
    found = published_plan(tmp_path)
    assert (found.width_m, found.height_m) == (40.0, 20.0)
    assert found.paper().shape == (100, 200)
    assert np.abs(found.paper() - drawn).max() < 0.05


def test_a_walk_named_like_the_end_of_a_script_stays_data_on_the_page():
    hostile = "</script><img src=//x onerror=alert(1)>"
    tracks = as_table(track_rows(), TRACKS)
    tracks["trace"] = np.where(tracks["trace"] == "first", hostile, tracks["trace"])
    picture = replace(test_page.PICTURE, live=replay(tracks, None))
    tags = test_page.read(replace(test_page.CONTENTS, parts=[Part("Paths", [], [picture])]))
    data = json.loads(tags.within("script")[0])
    assert [trace["name"] for trace in data["traces"]] == [hostile, "second"]
    assert not any("onerror" in attributes for _, attributes in tags.found)
    assert len([tag for tag, _ in tags.found if tag == "script"]) == 2
