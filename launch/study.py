"""Run a study: recordings -> trained networks -> rows -> tables and figures.

  python -m launch.study --config=configs/quickstart.py --workdir=DIR
  python -m launch.study --config=configs/location20.py --config.data_dir=DATA --workdir=DIR

Any setting can be changed on the command line: --config.seeds=5 --config.epochs=100. Started again
with the same --workdir, a stopped study goes on where it was.
"""

import logging
import os
from pathlib import Path

import jax
from absl import flags
from ml_collections import config_flags

from launch import cli
from launch.progress import Progress
from mtloc_jax.report import write_report
from mtloc_jax.study import run_study

logging.getLogger("jax._src.xla_bridge").setLevel(logging.WARNING)  # it lists absent backends

_CONFIG = config_flags.DEFINE_config_file("config", None, "The study's settings.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for rows, tables and figures.")
_QUIET = flags.DEFINE_bool("quiet", False, "Print no progress bar (for logs).")
flags.mark_flags_as_required(["config", "workdir"])


def main(argv: list[str]) -> None:
    """Run the study, then write its report."""
    del argv
    # One device a core, before JAX wakes up: runs are dealt out to devices (mtloc_jax/replicas.py).
    jax.config.update("jax_num_cpu_devices", len(os.sched_getaffinity(0)))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_compilation_cache_dir", str(Path(".jax_cache").absolute()))
    folder = Path(str(_WORKDIR.value))
    with Progress(quiet=_QUIET.value) as report:
        run_study(_CONFIG.value, folder, report)
    write_report(folder)


if __name__ == "__main__":
    cli.run(main)
