"""Run a study: train every network of a grid, judge it, write its tables, figures and page.

  python -m launch.study --config=quickstart --workdir=DIR
  python -m launch.study --config=table5:mmloc --config.data_dir=DATA --workdir=DIR
  python -m launch.study --config=mine.py --dry_run --workdir=DIR
  python -m launch.study --settings

A bare name is a config that comes with the package. Started again with the same --workdir, a
stopped study goes on where it was. With --num_processes and --process_id several processes share
the study (docs/clusters.md).
"""

import ast
import logging
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags
from ml_collections import config_flags

from launch import cli, places
from mtloc_jax.cores import usable_cores
from mtloc_jax.settings import Settings, listed, parsed

if TYPE_CHECKING:
    from launch.progress import Progress
    from mtloc_jax.study.processes import Share
    from mtloc_jax.study.study import Study

logging.getLogger("jax._src.xla_bridge").setLevel(logging.WARNING)  # it lists absent backends

_CONFIG = config_flags.DEFINE_config_file("config", None, "The study's settings.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for rows, tables and figures.")
_SETTINGS = flags.DEFINE_bool("settings", False, "List every setting; no more.")
_QUIET = flags.DEFINE_bool("quiet", False, "Print lines instead of a live view (for logs).")
_TENSORBOARD = flags.DEFINE_bool(
    "tensorboard", False, "Also write event files to WORKDIR/tensorboard."
)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print the plan and what it will take; no more.")
_ACCEPT_CHANGES = flags.DEFINE_bool(
    "accept_changes", False, "Go on under other code or package versions, and record them."
)
_COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of the first process; 'auto' where JAX finds it."
)
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "How many processes share the study.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Which of them this is, from 0.")
_MEET_S = flags.DEFINE_integer("meet_s", 300, "How long joined processes wait for each other.")


def main(argv: list[str]) -> None:
    """List the settings, or run the study that was asked for."""
    del argv
    if _SETTINGS.value:
        _list_settings()
        return
    _run(parsed(cli.given(_CONFIG)), places.folder(cli.given(_WORKDIR)))


def _run(settings: Settings, folder: Path) -> None:
    """Print the plan, run the study, write its report."""
    from launch.progress import Progress
    from mtloc_jax.report.write import make_report
    from mtloc_jax.study.compiling import compiled_s
    from mtloc_jax.study.study import Study

    share = _started()
    with ExitStack() as held:
        with ExitStack() as views:
            show = views.enter_context(Progress(quiet=_QUIET.value, compiled_s=compiled_s))
            tells = [show.tell, *_events(views, folder, share)]
            study, made = Study(settings, folder, show, share, _question()), None
            lines = _begun(study, show)
            if not _DRY_RUN.value:
                held.enter_context(study.claimed())
                changes = bool(_ACCEPT_CHANGES.value)
                if study.run(lambda live: [t(live) for t in tells], accept_changes=changes):
                    made = make_report(folder, told=show)
        if _DRY_RUN.value:
            cli.say(lines)
        elif made:
            made.show()
            cli.say(show.took())
            study.check_diverged()


def _begun(study: "Study", show: "Progress") -> str:
    """Return the plan and what it will take, as lines; shown where it is about to be done."""
    from mtloc_jax.report.pace import expected_s

    estimate = study.estimate(expected_s(study.settings))
    lines = "\n".join(estimate.lines())
    if not _DRY_RUN.value:
        show.begin(lines, estimate.expected)
    return lines


def _events(views: ExitStack, folder: Path, share: "Share") -> list[Callable]:
    """Return what writes event files, if that was asked for."""
    if not _TENSORBOARD.value:
        return []
    from launch.events import Events

    events = Events(folder / "tensorboard" / f"process-{share.index}")
    return [views.enter_context(closing(events)).tell]


def _question() -> str:
    """Return what the study asks: the first line of its config's docstring, if it has one."""
    place = config_flags.get_config_filename(flags.FLAGS["config"])
    text = Path(place.partition(":")[0]).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0].strip()


def _list_settings() -> None:
    """Print every setting with its default, what it is and may be."""
    from rich.console import Console
    from rich.table import Table

    from mtloc_jax.escapes import rich

    table = Table("setting", "default", "what it is", box=None, pad_edge=False)
    for cells in listed():
        table.add_row(*map(rich, cells))
    Console().print(table)


def _started() -> "Share":
    """Wake JAX up, with the other processes where there are any."""
    import jax

    from mtloc_jax.study import processes

    # One device a core, before JAX wakes up: each takes its share of the runs.
    jax.config.update("jax_num_cpu_devices", usable_cores())
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_compilation_cache_dir", str(Path(".jax_cache").absolute()))
    flagged = (_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value)
    share = processes.share_of(*flagged, os.environ)
    if share.joined:
        print(
            f"waiting up to {_MEET_S.value} s (--meet_s) for the other processes; if one stays "
            "away or dies, JAX aborts the rest: run them all again, finished chunks are kept",
            file=sys.stderr,
        )
    return processes.meet(share, _COORDINATOR.value, _MEET_S.value)


if __name__ == "__main__":
    cli.run(main)
