"""Say what a checkpoint holds: layers, counts, site, config, lineage; its digests are verified.

  python -m launch.inspect CKPT [--diff=OTHER]

CKPT and OTHER are checkpoint folders, one run of a stack (FOLDER@3), or weight files.
"""

from absl import flags
from rich.console import Console

from launch import cli, places
from mtloc_jax.escapes import printable
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.network import Network, read_network
from mtloc_jax.surgery.show import (
    card_differences,
    card_view,
    difference_view,
    graft_view,
    lineage_view,
    network_view,
)
from mtloc_jax.surgery.tree import tree_digest

_DIFF = flags.DEFINE_string("diff", None, "Another network to compare with.")


def main(argv: list[str]) -> None:
    """Show one network, or how two differ."""
    ours = _read(argv[1])
    console = Console()
    if _DIFF.value:
        theirs = _read(_DIFF.value)
        console.print(difference_view(ours.params, theirs.params))
        for line in card_differences(ours.card, theirs.card):
            console.print(printable(line), markup=False)
        return
    runs = ours.card.get("runs")
    console.print(network_view(ours.params, None if runs is None else len(runs)), "")
    console.print(card_view(ours.card), "")
    lineage = lineage_view(ours.card)
    if lineage is not None:
        console.print(lineage, "")
    if ours.report is not None:
        console.print(graft_view(ours.report), "")
    verified = (
        "files and leaves verified"
        if places.place(argv[1].partition("@")[0]).is_dir()
        else "a file"
    )
    console.print(f"digest {tree_digest(ours.params)} ({verified})")


def _read(place: str) -> Network:
    """Read a network, or a whole stack of runs."""
    folder = places.place(place)
    if folder.is_dir() and "runs" in checkpoint.read_card(folder):
        params, card = checkpoint.load(folder)
        return Network(str(folder), params, card, checkpoint.read_report(folder))
    return read_network(str(folder))


if __name__ == "__main__":
    cli.run(main, arguments=("CKPT",))
