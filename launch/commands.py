"""The command `mtloc`: `mtloc study ...` is `python -m launch.study ...`, and so on."""

import runpy
import sys

from launch import cli, interrupts
from mtloc_jax import __version__
from mtloc_jax.registry import meant

COMMANDS = {
    "study": "train every network of a grid, judge it, write its report",
    "predict": "locate logs, by a survey and no training or by a network",
    "prepare": "turn a folder of recordings into a site folder",
    "card": "say whether to trust a data set",
    "fetch": "get public recordings",
    "report": "rebuild a study's tables and figures",
    "inspect": "say what a checkpoint, or a study's folder, holds",
    "graft": "take what a network knows into a new site",
    "export": "ship a trained network",
    "bench": "measure the speed",
    "aot": "check every program for a GPU or TPU that is not there",
}


def main() -> None:
    """Run the command that is named first; exit 2 where there is none such."""
    interrupts.install()
    name, rest = (sys.argv[1:2] or ["--help"])[0], sys.argv[2:]
    if name in COMMANDS:
        sys.argv = [f"mtloc {name}", *rest]
        cli.called_as("mtloc ")
        runpy.run_module(f"launch.{name}", run_name="__main__", alter_sys=True)
    elif name in ("--help", "-h"):
        width = max(map(len, COMMANDS))
        told = (f"  mtloc {name:{width}}  {what}" for name, what in COMMANDS.items())
        print("\n".join(["MTLoc: transfer learning for indoor positioning.", "", *told]))
        print("\nmtloc COMMAND --help shows a command.")
    elif name == "--version":
        print(__version__)
    else:
        cli.say(f"error: there is no command {name!r}; {meant(name, COMMANDS)}", to_stderr=True)
        sys.exit(cli.WRONG_INPUT)
