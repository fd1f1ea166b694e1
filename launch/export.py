"""Export a trained network: weights with card, and a program that runs without this package.

  python -m launch.export CKPT --output=DIR

CKPT is a checkpoint folder or one run of a stack (FOLDER@3). DIR gets network.safetensors,
network.stablehlo (any number of windows in physical units -> metres, on CPU, GPU or TPU) and
card.json. Of a matcher or a network on motion (DIR/pretrained-matcher@0) the card says what the
program reads and tells.
"""

from absl import flags

from launch import cli, places
from mtloc_jax.errors import naming

_OUTPUT = flags.DEFINE_string("output", None, "New folder to write.", required=True)


def main(argv: list[str]) -> None:
    """Write the export."""
    from mtloc_jax.surgery.export import write_export
    from mtloc_jax.surgery.network import read_network

    network = read_network(str(places.place(argv[1])))
    with naming(network.place):
        write_export(places.place(_OUTPUT.value), network.params, network.card)
    cli.say(_OUTPUT.value)


if __name__ == "__main__":
    cli.run(main, arguments=("CKPT",))
