"""Rebuild a study's tables and figures from its rows; nothing is trained.

  python -m launch.report --workdir=DIR
  python -m launch.report --workdir=DIR/variants/NAME
  python -m launch.report --workdir=DIR --floor_plan=plan.png --floor_size_m=236.7,219.7

DIR is the --workdir of any study. It gets report.html, tables/ and figures/; those of a swept study
compare its variants, and a variant gets its own when it is given as DIR. Data cards of the two
buildings are quoted where they lie in DIR as card_source.json and card_target.json.
"""

from pathlib import Path

from absl import flags

from launch import cli
from mtloc_jax.errors import InputError
from mtloc_jax.report.write import write_report
from mtloc_jax.sites.floor_plan import FloorPlan

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder with rows.csv.", required=True)
_FLOOR_PLAN = flags.DEFINE_string("floor_plan", None, "Image to draw the trajectories on.")
_FLOOR_SIZE_M = flags.DEFINE_list(
    "floor_size_m", None, "Width and height in metres that --floor_plan covers, as W,H."
)


def main(argv: list[str]) -> None:
    """Write the report and say where it is."""
    del argv
    write_report(Path(_WORKDIR.value), _floor_plan())


def _floor_plan() -> FloorPlan | None:
    if _FLOOR_PLAN.value is None and _FLOOR_SIZE_M.value is None:
        return None
    try:
        width_m, height_m = map(float, _FLOOR_SIZE_M.value or ())
        return FloorPlan(Path(_FLOOR_PLAN.value or ""), width_m, height_m)
    except ValueError:
        raise InputError(
            "a floor plan needs its size in metres",
            remedy="give --floor_plan=PNG and --floor_size_m=WIDTH,HEIGHT",
        ) from None


if __name__ == "__main__":
    cli.run(main)
