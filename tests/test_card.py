"""Data cards: what they must find by themselves in the real sets, and their page and files."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtloc_jax.cards import card, card_page, card_words
from mtloc_jax.logs.round import no_wifi
from mtloc_jax.report import style
from mtloc_jax.settings import Settings, Window, replaced
from mtloc_jax.sites import buildings, site
from mtloc_jax.sites.floor_plan import FloorPlan, published_plan
from mtloc_jax.sites.plans import plan_of
from mtloc_jax.sites.recordings import Recordings, cut_by, dealt_by, open_recordings
from mtloc_jax.sites.splits import PAPER
from tests.launched import launched


def make(name, data_dir=""):
    walks, split = buildings.walks(name, str(data_dir), simulated_round_s=20.0)
    made = site.build(name, walks, split, Window(), simulated=name in buildings.SIMULATED)
    return card.make(walks, made, Settings())


def checks(found):
    return {check.name: check for check in found.checks}


def warned(found):
    return {check.name for check in found.checks if not check.passed}


@pytest.fixture(scope="module")
def simulated():
    walks, split = buildings.walks("simulated-a", "", simulated_round_s=20.0)
    made = site.build("simulated-a", walks, split, Window(), simulated=True)
    return walks, made, card.make(walks, made, Settings(), {"itself": walks})


def test_edinburgh_is_found_too_good_to_be_true(data_dir):
    found = make("mmloc/edinburgh", data_dir)
    by_name = checks(found)
    assert warned(found) >= {"repeated fingerprints", "predictable clock", "WiFi alone"}
    assert "99.6 % of 1,516 rows" in by_name["repeated fingerprints"].number
    assert by_name["WiFi absence"].value > 0.85
    assert by_name["WiFi absence"].number.startswith("34.5 % of windows")
    assert "round 9: accel 83.8 s, gyro 143.5 s, mag 131.9 s" in by_name["frozen sensors"].number
    assert "135 microtesla" in by_name["plausible units"].number
    assert "5 measured points a walk" in by_name["interpolated labels"].number
    recording = found.statistics["recording"]
    assert (recording["rounds"], recording["minutes"]) == (14, pytest.approx(43.3, abs=0.1))
    assert found.statistics["wifi"]["access_points"] == 102 - 6


def test_bucharest_keeps_one_timetable(data_dir):
    found = make("mmloc/bucharest", data_dir)
    by_name = checks(found)
    assert warned(found) == {"predictable clock", "plausible units"}
    assert by_name["predictable clock"].value < 0.25
    assert "264 microtesla" in by_name["plausible units"].number
    assert found.statistics["wifi"]["scans"] == 4682


@pytest.mark.parametrize(
    ("name", "scans", "access_points", "a_scan", "stale"),
    [("site1/B1", 552, 893, 79, 0.477), ("site2/F1", 481, 1980, 303, 0.509)],
)
def test_indoor_location_20_lists_stale_scans(data_dir, name, scans, access_points, a_scan, stale):
    found = make(f"location20/{name}", data_dir)
    wifi = found.statistics["wifi"]
    assert warned(found) == {"stale scans", "walks that follow on"}
    assert checks(found)["stale scans"].value == pytest.approx(stale, abs=0.001)
    assert (wifi["scans"], wifi["access_points"]) == (scans, access_points)
    assert wifi["access_points_a_scan"] == a_scan


def test_each_test_walk_of_the_malls_depends_on_one_round(data_dir):
    found = make("location20/site2/F1", data_dir)
    walks = found.statistics["coverage"]["test_walks"].values()
    assert sorted(number for walk in walks for number in walk["alone"]) == ["1", "4", "5"]
    words = dict(card_words.key_numbers(found))
    assert words["surveyed"] == "82 / 87 % of windows within 3 m (val / test), 88 / 92 % within 6 m"
    assert words["depend on one"] == "3 of 3 test walks, on round 1, 4, 5 alone"
    assert words["access points"].startswith("1,980 listed in all walks, ")
    assert words["vocabulary"].startswith("1,665: ")
    assert "; a scan " in words["WiFi k-NN"]


def test_a_card_tells_what_numbers_are_of_where_walks_are_not_split_by_round(simulated):
    walks, _, _ = simulated
    opened = Recordings("simulated-a", walks, PAPER, True, walks[0].source.parent)
    by_walk = Settings(unit="walk", folds=7, test_round=2)
    made = cut_by(opened, by_walk)
    found = card.make(walks, made, by_walk, dealt=dealt_by(opened, by_walk))
    assert dict(card_words.key_numbers(found))["rounds"] == "14 in 14 walks; split by walk"
    assert found.statistics["recording"]["train_walks"] == 10
    assert found.statistics["split"]["test"] == [2, 9]


def test_walks_of_a_round_that_the_split_leaves_out_are_in_no_card(simulated):
    walks, _, _ = simulated
    own = PAPER._replace(train=PAPER.train[1:])
    opened = Recordings("simulated-a", walks, own, True, walks[0].source.parent)
    by_walk = Settings(unit="walk", folds=4, test_round=2)
    dealt, made = dealt_by(opened, by_walk), cut_by(opened, by_walk)
    recording = card.make(walks, made, by_walk, dealt=dealt).statistics["recording"]
    assert (recording["rounds"], recording["walks"]) == (13, 13)
    assert recording["windows_left_out"] == 0


def test_a_card_of_walks_that_are_tested_in_turn_is_of_the_buildings_own_split(simulated):
    walks, made, _ = simulated
    opened = Recordings("simulated-a", walks, PAPER, True, walks[0].source.parent)
    in_turn = Settings(survey="others", unit="walk", folds=3)
    dealt, site_of = card.apart(opened, dealt_by(opened, in_turn), cut_by(opened, in_turn), in_turn)
    found = card.make(walks, site_of, in_turn, dealt=dealt)
    assert found.to_json() == card.make(walks, made, Settings()).to_json()


def test_what_is_no_number_is_null_in_a_cards_json(simulated):
    walks, made, _ = simulated
    found = card.make(walks, made, Settings())
    found.statistics["recording"]["rounds"] = float("nan")
    said = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert said["statistics"]["recording"]["rounds"] is None
    assert said["warnings"] == found.warnings


def test_a_page_names_its_unit_and_of_many_how_many_they_are(simulated):
    walks, _, _ = simulated
    walks = [*walks, *(replace(walk, name=f"{walk.name} again") for walk in walks)]
    opened = Recordings("simulated-a", walks, PAPER, True, walks[0].source.parent)
    for folds, validation in ((14, "walks 3, 17"), (3, "9 walks")):
        by_walk = Settings(unit="walk", folds=folds, test_round=2)
        dealt, made = dealt_by(opened, by_walk), cut_by(opened, by_walk)
        found = card.make(walks, made, by_walk, dealt=dealt)
        with style.drawing():
            drawn = card_page.page(found, dealt.walks, made, None)
        on_map = next(axes for axes in drawn.axes if axes.get_xlabel() == "x (m)")
        labels = [text.get_text() for text in on_map.get_legend().get_texts()]
        assert f"validation ({validation})" in labels
        assert "walk" in [axes.get_ylabel() for axes in drawn.axes]


def test_a_published_floor_plan_is_found(data_dir, tmp_path):
    plan = published_plan(data_dir / "indoor_location_20/site1/B1")
    assert isinstance(plan, FloorPlan)
    assert (round(plan.width_m, 1), round(plan.height_m, 1)) == (320.1, 231.8)
    assert published_plan(tmp_path) is None


def test_a_simulated_building_draws_its_floor_plan_itself():
    opened = open_recordings("simulated-a", "", simulated_round_s=5.0)
    plan = plan_of(opened)
    assert (plan.width_m, plan.height_m) == (56, 36)
    assert plan.paper().shape == (36 * 8, 56 * 8)
    assert plan_of(opened._replace(simulated=False, plan_folder=Path("nowhere"))) is None


def test_a_card_is_plain_data(simulated):
    _, _, found = simulated
    again = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert again == found.plain()
    assert again["simulated"] is True
    assert again["warnings"] == len(warned(found))
    assert again["statistics"]["split"]["train"] == list(PAPER.train)


def test_only_settings_that_are_not_the_defaults_are_told(simulated):
    walks, made, found = simulated
    assert "cut by" not in dict(card_words.key_numbers(found))
    changed = replaced(Settings(), {"window.hop_ms": 200, "wifi_entry_max_age_ms": 9000})
    words = dict(card_words.key_numbers(card.make(walks, made, changed)))
    assert words["cut by"] == "scan entries at most 9 s old, window hop 200 ms"


def test_predictors_are_those_of_the_arms_and_without_wifi_those_that_need_none(simulated):
    walks, _, found = simulated
    by_name = found.statistics["baselines_m"]
    assert list(by_name) == ["constant", "elapsed-time", "wifi-knn", "wifi-weighted-knn"]
    assert [name for name in by_name if "each_round_left_out" in by_name[name]] == [
        "constant",
        "elapsed-time",
    ]
    silent = [replace(walk, wifi=no_wifi()) for walk in walks]
    made = site.build("silent", silent, PAPER, Window())
    without = card.make(silent, made, Settings()).statistics["baselines_m"]
    assert list(without) == ["constant", "elapsed-time"]
    assert without["constant"] == by_name["constant"]


def test_a_predictors_error_is_summed_up_by_hand(simulated):
    _, made, found = simulated
    xy_m = made.windows.xy_m
    error_m = np.linalg.norm(
        xy_m[made.rows("test")] - xy_m[made.rows("train")].mean(axis=0), axis=1
    )
    told = found.statistics["baselines_m"]["constant"]["test"]
    assert told == {"mean": round(error_m.mean(), 2), "median": round(np.median(error_m), 2)}


def test_access_points_shared_with_another_building_are_counted(simulated):
    _, _, found = simulated
    points = found.statistics["access_points"]
    assert points["also_in"] == {"itself": found.statistics["wifi"]["access_points"]}
    assert points["also_in_train"]["test"] <= points["heard"]["test"]


def test_files_left_out_make_the_card_warn(simulated):
    walks, made, _ = simulated
    found = card.make(walks, made, Settings(), skipped=["a.txt:3: cut line"])
    assert checks(found)["skipped files"].number == "1 left out"
    assert found.statistics["skipped_files"]["reasons"] == ["a.txt:3: cut line"]


def test_the_words_name_the_simulation(simulated):
    _, _, found = simulated
    assert card_words.title(found) == "Data card: simulated-a (simulated)"
    assert dict(card_words.key_numbers(found))["rounds"] == "14 in 14 walks"


def test_a_card_without_wifi_is_drawn_too(simulated, tmp_path):
    walks, _, _ = simulated
    silent = [replace(walk, wifi=no_wifi()) for walk in walks]
    made = site.build("silent", silent, PAPER, Window())
    found = card.make(silent, made, Settings())
    assert dict(card_words.key_numbers(found))["WiFi"] == "none"
    with style.drawing():
        style.save(card_page.page(found, silent, made, None), tmp_path / "card.png")
    with Image.open(tmp_path / "card.png") as image:
        assert np.asarray(image.convert("L")).std() > 5


@pytest.mark.slow
def test_the_command_writes_the_same_files_each_time(tmp_path):
    written = []
    for name in ("one", "two"):
        folder = tmp_path / name
        done = launched("launch.card", "--site=simulated-a", f"--output={folder}")
        written.append([(folder / file).read_bytes() for file in ("card.json", "card.png")])
    assert "Data card: simulated-a (simulated)" in done.stdout
    assert "WARN" in done.stdout
    assert written[0] == written[1]


def test_the_command_cuts_a_site_as_a_studys_config_says(tmp_path):
    config = tmp_path / "study.py"
    config.write_text(
        """
from ml_collections import ConfigDict


def get_config():
    return ConfigDict(
        {
            "simulation": {"seed": 0, "round_s": 20.0},
            "window": {"steps": 10, "hop_ms": 100},
            "wifi_entry_max_age_ms": 4000,
            "test_round": 0,
        }
    )
"""
    )
    told = []
    changes = {"window.hop_ms": 500, "test_round": 3, "wifi_entry_max_age_ms": 100}
    for settings in ([], [f"--config.{name}={value}" for name, value in changes.items()]):
        flags = ["--site=simulated-a", f"--config={config}", *settings, f"--output={tmp_path}"]
        launched("launch.card", *flags).check_returncode()
        told.append(json.loads((tmp_path / "card.json").read_text(encoding="utf-8")))
    plain, changed = (one["statistics"] for one in told)
    assert changed["split"]["test"] == [3]
    assert plain["split"]["test"] == list(PAPER.test)
    windows = [sum(one["recording"]["windows"].values()) for one in (plain, changed)]
    assert 0 <= 5 * windows[1] - windows[0] <= 4 * 14  # a walk's last windows may be cut off
    assert (changed["cut_by"]["window.hop_ms"], plain["cut_by"]["window.hop_ms"]) == (500, 100)
    # No simulated scan lists an entry as young as 100 ms: nothing is left to compare.
    assert (
        changed["baselines_m"].keys() == {"constant", "elapsed-time"} < plain["baselines_m"].keys()
    )


TWO_WALKS_A_ROUND = """
from dataclasses import replace
from launch import card, cli
from mtloc_jax.cards import card_page
from mtloc_jax.sites import recordings
from mtloc_jax.sites.splits import Split

opened, page = recordings.open_recordings, card_page.page


def of_seven_rounds(*args, **how):
    found = opened(*args, **how)
    walks = [replace(walk, number=(walk.number + 1) // 2) for walk in found.walks]
    return found._replace(walks=walks, split=Split((1, 2, 3, 4), (5,), (6, 7)))


def told(found, walks, site, plan):
    print("DRAWN", {walk.name: walk.number for walk in walks})
    return page(found, walks, site, plan)


recordings.open_recordings, card_page.page = of_seven_rounds, told
cli.run(card.main)
"""


@pytest.mark.parametrize(
    ("settings", "n_numbers", "unit"),
    [
        ({"unit": "walk", "folds": 7, "test_round": 2}, 14, "walk"),
        ({"unit": "walk", "folds": 7, "survey": "others"}, 7, "round"),
    ],
)
def test_the_command_draws_walks_as_they_are_split(tmp_path, settings, n_numbers, unit):
    (tmp_path / "show.py").write_text(TWO_WALKS_A_ROUND)
    (tmp_path / "study.py").write_text(
        "from ml_collections import ConfigDict\n\n\ndef get_config():\n"
        f"    return ConfigDict({settings | {'simulation': {'round_s': 20.0}}})\n"
    )
    flags = ["--site=simulated-a", f"--config={tmp_path}/study.py", f"--output={tmp_path}"]
    done = launched("show.py", *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("DRAWN"))
    assert len(set(re.findall(r": (\d+)", line))) == n_numbers
    written = json.loads((tmp_path / "card.json").read_text(), parse_constant=pytest.fail)
    assert written["statistics"]["recording"]["unit"] == unit


def test_the_command_refuses_a_config_that_holds_what_nothing_reads(tmp_path):
    config = tmp_path / "study.py"
    config.write_text(
        "from ml_collections import ConfigDict\n\n\n"
        "def get_config():\n    return ConfigDict({'test_rund': 3})\n"
    )
    done = launched("launch.card", "--site=simulated-a", f"--config={config}")
    assert done.returncode == 2
    assert done.stderr == ("error: no setting is called 'test_rund'; did you mean 'test_round'?\n")


def test_a_name_is_printed_as_it_is_on_the_terminal(simulated, tmp_path):
    _, _, found = simulated
    name = "[red]roof[/]"
    told = found._replace(name=name).plain()
    told["statistics"]["access_points"]["also_in"] = {name: 7}
    (tmp_path / "card.json").write_text(json.dumps(told))
    (tmp_path / "show.py").write_text(
        "import json; from rich.console import Console; from launch import card\n"
        "from mtloc_jax.cards.card import Card; from mtloc_jax.cards.checks import Check\n"
        "told = json.load(open('card.json')); checks = told['checks']\n"
        "made = Card(told['name'], True, told['statistics'], tuple(Check(**c) for c in checks))\n"
        "card._show(made, Console(width=200))"
    )
    done = launched("show.py", cwd=tmp_path)
    assert f"Data card: {name} (simulated)" in done.stdout
    assert f"{name}: 7" in done.stdout


def test_the_command_answers_an_unknown_site_in_one_line():
    done = launched("launch.card", "--site=nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no building 'nowhere'; choose one of")
