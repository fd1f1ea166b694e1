"""Judge predictors without a network at every survey size, beside networks where there are some.

  python -m launch.baselines --config=configs/baselines.py:smoke --workdir=DIR
  python -m launch.baselines --config=configs/baselines.py:location20 --config.data_dir=DATA \\
    --config.networks=results/location20 --workdir=DIR

Started again with the same --workdir, a stopped study goes on where it was. With --report_only,
tables and figures are rebuilt from the rows; no recording is read.
"""

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli
from launch.progress import Progress
from mtloc_jax.report.baseline_report import write_report
from mtloc_jax.sweep.baseline_study import run_study

_CONFIG = config_flags.DEFINE_config_file("config", None, "The study's settings.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for rows, tables and figures.")
_QUIET = flags.DEFINE_bool("quiet", False, "Print no progress bar (for logs).")
_REPORT_ONLY = flags.DEFINE_bool("report_only", False, "Rebuild the report from the rows.")
flags.mark_flags_as_required(["config", "workdir"])


def main(argv: list[str]) -> None:
    """Fit and judge what is missing, then write the report."""
    del argv
    folder, networks = Path(str(_WORKDIR.value)), _CONFIG.value.networks
    if not _REPORT_ONLY.value:
        with Progress(quiet=_QUIET.value) as report:
            run_study(_CONFIG.value, folder, report)
    for path in write_report(folder, Path(networks) if networks else None):
        print(path)


if __name__ == "__main__":
    cli.run(main)
