"""Print a site's data card and write it as card.json and card.png.

  python -m launch.card --site=simulated-a
  python -m launch.card --site=location20/site1/B1 --data_dir=DATA --compare=location20/site2/F1
  python -m launch.card --site=sites/office

A check that warns says what is too good to be true, or missing. Nothing is trained.
"""

import json
from pathlib import Path

from absl import flags
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launch import cli
from mtloc_jax.cards import card, card_page, card_words
from mtloc_jax.cards.card import Card
from mtloc_jax.report import look
from mtloc_jax.sites import site
from mtloc_jax.sites.floor_info import published_plan
from mtloc_jax.sites.recordings import open_recordings
from mtloc_jax.sites.windows import WindowSpec

_SITE = flags.DEFINE_string(
    "site", None, "Name of a building, or a folder made by launch.prepare.", required=True
)
_DATA_DIR = flags.DEFINE_string("data_dir", "", "Folder of recordings, for buildings read there.")
_COMPARE = flags.DEFINE_list("compare", [], "Other sites, to count access points in common.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the card's files; default cards/SITE.")


def main(argv: list[str]) -> None:
    """Make, print and write the card."""
    del argv
    spec, opened = WindowSpec(), open_recordings(_SITE.value, _DATA_DIR.value)
    made = site.build(opened.name, opened.walks, opened.split, spec, simulated=opened.simulated)
    others = {name: open_recordings(name, _DATA_DIR.value).walks for name in _COMPARE.value}
    found = card.make(opened.walks, made, spec, others, opened.skipped)
    _show(found, Console())
    output = Path(_OUTPUT.value or f"cards/{opened.name.replace('/', '-')}")
    output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found.plain(), indent=1, ensure_ascii=False)
    (output / "card.json").write_text(f"{text}\n", encoding="utf-8")
    with look.drawing():
        page = card_page.page(found, opened.walks, made, published_plan(opened.plan_folder))
        look.save(page, output / "card.png")
    print(f"written to {output}: card.json, card.png")


def _show(found: Card, console: Console) -> None:
    console.rule(f"{card_words.title(found)}, {card_words.outcome(found)}")
    numbers = Table(box=None, show_header=False)
    for what, number in card_words.key_numbers(found):
        numbers.add_row(f"[dim]{what}[/dim]", escape(number))
    console.print(numbers)
    checks = Table("", "check", "number", "meaning")
    for check in found.checks:
        mark = "[green]pass[/green]" if check.passed else "[bold red]WARN[/bold red]"
        checks.add_row(mark, check.name, escape(check.number), check.meaning)
    console.print(checks)


if __name__ == "__main__":
    cli.run(main)
