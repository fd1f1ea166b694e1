"""Study whether WiFi rows are worth carrying by BSSID between two surveys of a building.

  python -m launch.wifi_rows --config=configs/wifi_rows.py --config.data_dir=DATA --workdir=DIR

Started again with the same --workdir, a stopped study goes on where it was.
"""

import os
from pathlib import Path

import jax
from absl import flags
from ml_collections import config_flags

from launch import cli
from launch.progress import Progress
from mtloc_jax.report.carry_report import write_report
from mtloc_jax.sweep.carry_study import run_study

_CONFIG = config_flags.DEFINE_config_file("config", None, "The study's settings.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for rows, tables and figures.")
_QUIET = flags.DEFINE_bool("quiet", False, "Print no progress bar (for logs).")
flags.mark_flags_as_required(["config", "workdir"])


def main(argv: list[str]) -> None:
    """Run the study, then write its report."""
    del argv
    # One device a core, before JAX wakes up: each takes its share of the runs.
    jax.config.update("jax_num_cpu_devices", len(os.sched_getaffinity(0)))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_compilation_cache_dir", str(Path(".jax_cache").absolute()))
    folder = Path(str(_WORKDIR.value))
    with Progress(quiet=_QUIET.value) as report:
        run_study(_CONFIG.value, folder, report)
    for path in write_report(folder):
        print(path)


if __name__ == "__main__":
    cli.run(main)
