"""Turn a folder of recordings into a site folder that studies and data cards open.

  python -m launch.prepare --input=DIR --format=csv --output=sites/office
  python -m launch.prepare --input=DATA/indoor_location_20/site1/B1 --format=location20 \\
      --output=sites/site1-B1 --split=fold:1/5

Killed and called again it goes on where it was; called once more it changes nothing. It stops at
the first damaged file; with --keep_going it leaves damaged files out, and says so in the card.
"""

from pathlib import Path
from typing import Any

from absl import flags
from rich.console import Console
from rich.progress import Progress

from launch import cli, places
from mtloc_jax.cores import usable_cores
from mtloc_jax.sites.formats import FORMATS
from mtloc_jax.sites.prepare import prepare
from mtloc_jax.sites.splits import ranges

_INPUT = flags.DEFINE_string("input", None, "Folder of recordings.", required=True)
_FORMAT = flags.DEFINE_enum("format", None, list(FORMATS), "Their format.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.", required=True)
_NAME = flags.DEFINE_string("name", None, "Name of the site; default the folder's.")
_SPLIT = flags.DEFINE_string(
    "split",
    "ratio",
    "How rounds are dealt to training, validation and test: ratio (8 : 5 : 1, in their order), "
    "fold:2/5 (the second of five folds tests, the next validates), leave-out:7 (round 7 tests, "
    "the next validates), days:2026-11-24,2026-11-26 (validates from the first day, tests from "
    "the second), or a split of your own, FILE.json or FILE.csv.",
)
_KEEP_GOING = flags.DEFINE_bool("keep_going", False, "Leave damaged files out.")
_WORKERS = flags.DEFINE_integer(
    "workers", usable_cores(), "Files read at the same time.", lower_bound=1
)


def main(argv: list[str]) -> None:
    """Prepare the site and say what it holds."""
    del argv
    output = places.folder(_OUTPUT.value)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        card = prepare(
            _FORMAT.value,
            places.place(_INPUT.value),
            output,
            name=_NAME.value or output.name,
            split=_SPLIT.value,
            keep_going=_KEEP_GOING.value,
            workers=int(_WORKERS.value),
            on_progress=lambda done, of: bar.update(task, completed=done, total=of),
            on_skipped=lambda problem: cli.say(f"skipped: {problem}", to_stderr=True),
        )
    _say(card, output)


def _say(card: dict[str, Any], output: Path) -> None:
    """Say what a site holds, how its rounds are dealt, and what may be done with it."""
    if card["skipped"]:
        cli.say(f"{len(card['skipped'])} left out as damaged", to_stderr=True)
    words = ("train on", "choose on", "test on")
    dealt = ", ".join(
        f"{word} {len(rounds)} ({ranges(rounds)})" if rounds else f"{word} none"
        for word, rounds in zip(words, card["split"].values(), strict=True)
    )
    told = (
        f"{card['name']}: {card['rounds']} rounds in {card['walks']} walks, "
        f"{card['access_points']} access points, digest {card['digest'][:16]}, in {output}",
        f"of {card['rounds']} rounds, studies {dealt}; dealt by --split={_SPLIT.value}",
        "next:",
        f"  launch.card --site={output}  (whether to trust it)",
        f"  launch.predict --survey={output} --log=NEW ...  (a phone, located by all rounds)",
        f"  launch.study --config=quickstart --config.target={output} ...  (what a survey takes)",
    )
    for line in told:
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
