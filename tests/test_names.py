"""A site whose names hold all that a medium could take for a command, from recordings to report."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from mtloc_jax.report.write import write_report
from mtloc_jax.rows import ROWS, WALKS, read
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites.prepare import prepare
from mtloc_jax.study.study import run_study
from tests.studies import ignore, tiny
from tests.test_prepare import write_csv

WALK_NAMES = (
    "a,b",
    'q"x',
    "new\nline",
    "$x$ $_$",
    "[b]",
    "=cmd|1",
    "esc\x1b[31mred",
    "cr\rx",
    "_under",
    "'=q",
    "back\\slash",
    "<script>",
    "%d&~^",
)
SITE = 'odd, "site" $_$ [/b] <script>alert(1)</script>\x1b[31m\n=x'


@pytest.mark.slow
def test_a_study_of_odd_names_keeps_them_and_obeys_none(tmp_path, capsys):
    walks = simulate(building_a(0), 0, n_rounds=len(WALK_NAMES), round_s=8.0)
    for walk, name in zip(walks, WALK_NAMES, strict=True):
        heard = np.array([f'{bssid} "q" $_' for bssid in walk.wifi.bssid])
        odd = replace(walk, wifi=replace(walk.wifi, bssid=heard))
        write_csv(tmp_path / "csv" / name, odd)
    prepare("csv", tmp_path / "csv", tmp_path / "$_$ [b]", name=SITE)
    settings = tiny(target=str(tmp_path / "$_$ [b]"), arms=("scratch", "wifi-knn"))
    run_study(settings, tmp_path / "work", ignore)
    write_report(tmp_path / "work")
    assert set(read(tmp_path / "work" / WALKS)["walk"]) <= set(WALK_NAMES)
    assert read(tmp_path / "work" / ROWS)["site_pair"][0].endswith(f"->{SITE}")
    page = (tmp_path / "work" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "\x1b" not in page + capsys.readouterr().out
    for drawn in (tmp_path / "work" / "figures").glob("*.svg"):
        ElementTree.parse(drawn)
