"""Every test that the table of attacks names is there."""

import re

from tests.conftest import ROOT

TABLE = ROOT / "results" / "attack" / "README.md"


def test_each_item_of_the_table_of_attacks_names_tests_that_exist():
    items = re.findall(r"^\| (?:\d+|[a-z])\. .*$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    named = [re.findall(r"`(test_\w+)`", item) for item in items]
    assert len(items) == 10 + 9
    assert all(named)
    files = (ROOT / "tests").rglob("test_*.py")
    there = {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    assert not {name for of_item in named for name in of_item} - there
