"""Data cards: what they must find by themselves in the real sets, and their page and files."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mtloc_jax.cards import card, card_page, card_words
from mtloc_jax.logs.round import no_wifi
from mtloc_jax.report import look
from mtloc_jax.report.floor_plan import FloorPlan
from mtloc_jax.sites import buildings, site
from mtloc_jax.sites.floor_info import published_plan
from mtloc_jax.sites.splits import PAPER
from mtloc_jax.sites.windows import WindowSpec
from tests.conftest import ROOT


def make(name, data_dir=""):
    walks, split = buildings.walks(name, str(data_dir), simulated_round_s=20.0)
    made = site.build(name, walks, split, WindowSpec(), simulated=name in buildings.SIMULATED)
    return card.make(walks, made, WindowSpec())


def checks(found):
    return {check.name: check for check in found.checks}


def warned(found):
    return {check.name for check in found.checks if not check.passed}


@pytest.fixture(scope="module")
def simulated():
    walks, split = buildings.walks("simulated-a", "", simulated_round_s=20.0)
    made = site.build("simulated-a", walks, split, WindowSpec(), simulated=True)
    return walks, made, card.make(walks, made, WindowSpec(), {"itself": walks})


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
    assert warned(found) == {"stale scans"}
    assert checks(found)["stale scans"].value == pytest.approx(stale, abs=0.001)
    assert (wifi["scans"], wifi["access_points"]) == (scans, access_points)
    assert wifi["access_points_a_scan"] == a_scan


def test_a_published_floor_plan_is_found(data_dir, tmp_path):
    plan = published_plan(data_dir / "indoor_location_20/site1/B1")
    assert isinstance(plan, FloorPlan)
    assert (round(plan.width_m, 1), round(plan.height_m, 1)) == (320.1, 231.8)
    assert published_plan(tmp_path) is None


def test_a_card_is_plain_data(simulated):
    _, _, found = simulated
    again = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert again == found.plain()
    assert again["simulated"] is True
    assert again["warnings"] == len(warned(found))
    assert again["statistics"]["split"]["train"] == list(PAPER.train)


def test_access_points_shared_with_another_building_are_counted(simulated):
    _, _, found = simulated
    points = found.statistics["access_points"]
    assert points["also_in"] == {"itself": found.statistics["wifi"]["access_points"]}
    assert points["also_in_train"]["test"] <= points["heard"]["test"]


def test_files_left_out_make_the_card_warn(simulated):
    walks, made, _ = simulated
    found = card.make(walks, made, WindowSpec(), skipped=["a.txt:3: cut line"])
    assert checks(found)["skipped files"].number == "1 left out"
    assert found.statistics["skipped_files"]["reasons"] == ["a.txt:3: cut line"]


def test_the_words_name_the_simulation(simulated):
    _, _, found = simulated
    assert card_words.title(found) == "Data card: simulated-a (simulated)"
    assert dict(card_words.key_numbers(found))["rounds"] == "14 in 14 walks"


def test_a_card_without_wifi_is_drawn_too(simulated, tmp_path):
    walks, _, _ = simulated
    silent = [replace(walk, wifi=no_wifi()) for walk in walks]
    made = site.build("silent", silent, PAPER, WindowSpec())
    found = card.make(silent, made, WindowSpec())
    assert dict(card_words.key_numbers(found))["WiFi"] == "none"
    with look.drawing():
        look.save(card_page.page(found, silent, made, None), tmp_path / "card.png")
    with Image.open(tmp_path / "card.png") as image:
        assert np.asarray(image.convert("L")).std() > 5


def test_the_command_writes_the_same_files_each_time(tmp_path):
    written = []
    for name in ("one", "two"):
        command = [sys.executable, "-m", "launch.card", "--site=simulated-a"]
        folder = tmp_path / name
        done = subprocess.run(
            [*command, f"--output={folder}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        written.append([(folder / file).read_bytes() for file in ("card.json", "card.png")])
    assert "Data card: simulated-a (simulated)" in done.stdout
    assert "WARN" in done.stdout
    assert written[0] == written[1]


def test_the_command_answers_an_unknown_site_in_one_line():
    command = [sys.executable, "-m", "launch.card", "--site=nowhere"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no building 'nowhere'; choose one of")
