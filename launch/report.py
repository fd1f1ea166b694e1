"""Rebuild a study's tables and figures from its rows; nothing is trained.

  python -m launch.report --workdir=DIR
  python -m launch.report --workdir=DIR/variants/NAME
  python -m launch.report --workdir=DIR --floor_plan=plan.png --floor_size_m=236.7,219.7
  python -m launch.report --workdir=DIR --margin_m=0.5

DIR is the --workdir of any study. It gets report.html, tables/ and figures/; those of a swept study
compare its variants, and a variant gets its own when it is given as DIR. Data cards of the two
buildings are quoted where they lie in DIR as card_source.json and card_target.json.

--margin_m names the difference in mean error that counts as none, for a study whose config left
config.margin_m out; name it before looking. It is written into DIR/config.json, so that the report
stays what its folder says. --question does so with what the study asks, which heads its page: a
study has the first line of its config's docstring there.

A file that is not what the study wrote, by DIR/SHA256SUMS, is named and nothing is reported; with
--accept_altered it is reported as it is, and the report says so.
"""

from typing import TYPE_CHECKING

from absl import flags

from launch import cli, places
from mtloc_jax.errors import InputError

if TYPE_CHECKING:
    from mtloc_jax.sites.floor_plan import FloorPlan

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder with rows.csv.", required=True)
_FLOOR_PLAN = flags.DEFINE_string("floor_plan", None, "Image to draw the trajectories on.")
_FLOOR_SIZE_M = flags.DEFINE_list(
    "floor_size_m", None, "Width and height in metres that --floor_plan covers, as W,H."
)
_MARGIN_M = flags.DEFINE_float("margin_m", None, "Difference in metres that counts as none.")

_QUESTION = flags.DEFINE_string("question", None, "What the study asks, in words.")
_ACCEPT_ALTERED = flags.DEFINE_bool(
    "accept_altered", False, "Report files that are not what the study wrote, and say so."
)


def main(argv: list[str]) -> None:
    """Write the report and say where it is."""
    del argv
    from mtloc_jax.report.named import name_margin, name_question
    from mtloc_jax.report.write import write_report

    workdir, floor_plan = places.folder(_WORKDIR.value), _floor_plan()
    if _MARGIN_M.value is not None:
        name_margin(workdir, _MARGIN_M.value)
    if _QUESTION.value is not None:
        name_question(workdir, _QUESTION.value)
    write_report(workdir, floor_plan, accept_altered=bool(_ACCEPT_ALTERED.value))


def _floor_plan() -> "FloorPlan | None":
    from mtloc_jax.sites.floor_plan import FloorPlan

    if _FLOOR_PLAN.value is None and _FLOOR_SIZE_M.value is None:
        return None
    try:
        width_m, height_m = map(float, _FLOOR_SIZE_M.value or ())
        return FloorPlan(places.place(_FLOOR_PLAN.value or ""), width_m, height_m)
    except ValueError:
        raise InputError(
            "a floor plan needs its size in metres",
            remedy="give --floor_plan=PNG and --floor_size_m=WIDTH,HEIGHT",
        ) from None


if __name__ == "__main__":
    cli.run(main)
