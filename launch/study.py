"""Run a study: recordings -> trained networks -> rows -> tables and figures.

  python -m launch.study --config=configs/quickstart.py --workdir=DIR
  python -m launch.study --config=configs/location20.py --config.data_dir=DATA --workdir=DIR
  python -m launch.study --config=configs/quickstart.py --workdir=DIR --dry_run \\
    --config.sweep="({'learning_rate': (0.001, 0.005)}, {'batch_size': (50, 100)})"

Any setting can be changed on the command line: --config.seeds=5 --config.epochs=100. Started again
with the same --workdir, a stopped study goes on where it was. Several processes share a study when
each is told its place (docs/clusters.md); under srun, they find it themselves.
"""

import logging
import os
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import jax
from absl import flags
from ml_collections import config_flags

from launch import cli
from launch.events import Events
from launch.progress import Progress
from mtloc_jax.report.comparison_write import write_comparison
from mtloc_jax.report.write import write_report
from mtloc_jax.sweep import processes
from mtloc_jax.sweep.study import Study
from mtloc_jax.sweep.variants import report_folders

logging.getLogger("jax._src.xla_bridge").setLevel(logging.WARNING)  # it lists absent backends

_CONFIG = config_flags.DEFINE_config_file("config", None, "The study's settings.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for rows, tables and figures.")
_QUIET = flags.DEFINE_bool("quiet", False, "Print lines instead of a live view (for logs).")
_TENSORBOARD = flags.DEFINE_bool(
    "tensorboard", False, "Also write event files to WORKDIR/tensorboard."
)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print the plan and what it will take; no more.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of the first process; 'auto' where JAX finds it."
)
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "How many processes share the study.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Which of them this is, from 0.")
_MEET_S = flags.DEFINE_integer("meet_s", 300, "How long joined processes wait for each other.")
flags.mark_flags_as_required(["config", "workdir"])


def main(argv: list[str]) -> None:
    """Print the plan, run the study, then write its report."""
    del argv
    share = _started()
    folder = Path(str(_WORKDIR.value))
    with ExitStack() as views:
        show = views.enter_context(Progress(quiet=_QUIET.value))
        tells = [show.tell]
        if _TENSORBOARD.value:
            events = Events(folder / "tensorboard" / f"process-{share.index}")
            tells.append(views.enter_context(closing(events)).tell)
        study = Study(_CONFIG.value, folder, show, share)
        expected = "\n".join(study.estimate().lines())
        if not _DRY_RUN.value:
            show.say(expected)
            merged = study.run(lambda live: [tell(live) for tell in tells])
    if _DRY_RUN.value:
        print(expected)
    elif merged:
        folders = report_folders(folder)
        write_report(folder) if folders == [folder] else write_comparison(folder, folders)


def _started() -> processes.Share:
    """Wake JAX up, with the other processes where there are any."""
    # One device a core, before JAX wakes up: each takes its share of the runs.
    jax.config.update("jax_num_cpu_devices", len(os.sched_getaffinity(0)))
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
