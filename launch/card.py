"""Print a site's data card and write it as card.json and card.png.

  python -m launch.card --site=simulated-a
  python -m launch.card --site=location20/site1/B1 --data_dir=DATA --compare=location20/site2/F1
  python -m launch.card --site=location20/site1/B1 --data_dir=DATA \\
    --config=configs/location20.py --config.window.steps=20
  python -m launch.card --site=sites/office

With a study's config, the site is recorded, cut and split as that study's target is; without, as
the defaults say. A check that warns says what is too good to be true, or missing. Nothing is
trained.
"""

from typing import TYPE_CHECKING

from absl import flags
from ml_collections import config_flags
from rich.console import Console

from launch import cli, places
from mtloc_jax.escapes import file_name, rich
from mtloc_jax.files import write_whole
from mtloc_jax.settings import Settings, parsed

if TYPE_CHECKING:
    from mtloc_jax.cards.card import Card
    from mtloc_jax.sites.recordings import Recordings

_SITE = flags.DEFINE_string(
    "site", None, "Name of a building, or a folder made by launch.prepare.", required=True
)
_DATA_DIR = flags.DEFINE_string("data_dir", "", "Folder of recordings, for buildings read there.")
_CONFIG = config_flags.DEFINE_config_file(
    "config",
    None,
    "A study whose target the site is recorded, cut and split as: its window, modalities, "
    "wifi_entry_max_age_ms, test_round, unit, folds, survey, simulation and data_dir are used.",
    lock_config=True,
)
_COMPARE = flags.DEFINE_list("compare", [], "Other sites, to count access points in common.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the card's files; default cards/SITE.")


def main(argv: list[str]) -> None:
    """Make, print and write the card."""
    del argv
    settings = parsed(_CONFIG.value) if _CONFIG.value else Settings()
    from mtloc_jax.cards import card, card_page
    from mtloc_jax.report import style
    from mtloc_jax.sites import recordings
    from mtloc_jax.sites.plans import plan_of

    opened = _opened(_SITE.value, settings)
    dealt, site = card.apart(
        opened,
        recordings.dealt_by(opened, settings),
        recordings.cut_by(opened, settings),
        settings,
    )
    others = {name: _opened(name, settings).walks for name in _COMPARE.value}
    found = card.make(opened.walks, site, settings, others, opened.skipped, dealt)
    _show(found, Console())
    output = places.folder(_OUTPUT.value or f"cards/{file_name(opened.name)}")
    write_whole(output / "card.json", found.to_json())
    with style.drawing():
        page = card_page.page(found, dealt.walks, site, plan_of(opened))
        style.save(page, output / "card.png")
    cli.say(f"written to {output}: card.json, card.png")


def _opened(name: str, settings: Settings) -> "Recordings":
    from mtloc_jax.sites.recordings import open_recordings

    return open_recordings(
        name,
        _DATA_DIR.value or settings.data_dir,
        simulation_seed=settings.simulation.seed,
        simulated_round_s=settings.simulation.round_s,
    )


def _show(found: "Card", console: Console) -> None:
    from rich.table import Table

    from mtloc_jax.cards import card_words

    console.rule(rich(f"{card_words.title(found)}, {card_words.outcome(found)}"))
    numbers = Table(box=None, show_header=False)
    for what, number in card_words.key_numbers(found):
        numbers.add_row(f"[dim]{rich(what)}[/dim]", rich(number))
    console.print(numbers)
    checks = Table("", "check", "number", "meaning")
    for check in found.checks:
        mark = "[green]pass[/green]" if check.passed else "[bold red]WARN[/bold red]"
        checks.add_row(mark, *map(rich, (check.name, check.number, check.meaning)))
    console.print(checks)


if __name__ == "__main__":
    cli.run(main)
