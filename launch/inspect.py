"""Say what a checkpoint holds: layers, counts, site, config, lineage; its digests are verified.

  python -m launch.inspect CKPT [--diff=OTHER]
  python -m launch.inspect WORKDIR

CKPT and OTHER are checkpoint folders, one run of a stack (FOLDER@3), a network that a study trained
(WORKDIR@ARM:RATE:SEED, as WORKDIR@finetuned:0.625:3), or weight files. Of a study's WORKDIR all its
networks are listed, with their errors.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from launch import cli, places
from mtloc_jax.escapes import printable

if TYPE_CHECKING:
    from mtloc_jax.surgery.network import Network

_DIFF = flags.DEFINE_string("diff", None, "Another network to compare with.")


def main(argv: list[str]) -> None:
    """Show one network, or how two differ."""
    from mtloc_jax.surgery.study_runs import is_study

    folder = places.place(argv[1])
    if is_study(folder) and not _DIFF.value:
        _list_runs(folder)
        return
    ours = _read(argv[1])
    if _DIFF.value:
        _show_differences(ours, _read(_DIFF.value))
    else:
        _show(ours, "files and leaves verified" if _is_folder(argv[1]) else "a file")


def _list_runs(folder: Path) -> None:
    from rich.console import Console

    from mtloc_jax.surgery.show import runs_view
    from mtloc_jax.surgery.study_runs import pretrained_of, runs_of

    Console().print(runs_view(runs_of(folder)))
    cli.say(f"name one of them: {folder}@NETWORK")
    begun = ", ".join(pretrained_of(folder)) or "nothing"
    cli.say(f"what they began from, in the same folder: {begun}")


def _show(ours: "Network", verified: str) -> None:
    from rich.console import Console

    from mtloc_jax.surgery.show import card_view, graft_view, lineage_view, network_view
    from mtloc_jax.surgery.tree import tree_digest

    console, runs = Console(), ours.card.get("runs")
    console.print(network_view(ours.params, None if runs is None else len(runs)), "")
    console.print(card_view(ours.card), "")
    lineage = lineage_view(ours.card)
    if lineage is not None:
        console.print(lineage, "")
    if ours.report is not None:
        console.print(graft_view(ours.report), "")
    console.print(f"digest {tree_digest(ours.params)} ({verified})")


def _show_differences(ours: "Network", theirs: "Network") -> None:
    from rich.console import Console

    from mtloc_jax.surgery.show import card_differences, difference_view

    console = Console()
    console.print(difference_view(ours.params, theirs.params))
    console.print("\n".join(map(printable, card_differences(ours.card, theirs.card))), markup=False)


def _is_folder(place: str) -> bool:
    from mtloc_jax.surgery.network import folder_and_run

    return Path(folder_and_run(str(places.place(place)))[0]).is_dir()


def _read(place: str) -> "Network":
    """Read a network, or a whole stack of runs."""
    from mtloc_jax.surgery import checkpoint
    from mtloc_jax.surgery.network import Network, read_network
    from mtloc_jax.surgery.study_runs import is_study

    folder = places.place(place)
    if folder.is_dir() and not is_study(folder) and "runs" in checkpoint.read_card(folder):
        params, card = checkpoint.load(folder)
        return Network(str(folder), params, card, checkpoint.read_report(folder))
    return read_network(str(folder))


if __name__ == "__main__":
    cli.run(main, arguments=("CKPT",))
