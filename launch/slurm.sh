#!/bin/bash
# Run a study on a SLURM cluster; say after the script what you would say after launch.study.
#
#   sbatch --ntasks=4 --gpus-per-task=1 launch/slurm.sh --config=C --workdir=DIR   # joined
#   sbatch --array=0-7 launch/slurm.sh --config=C --workdir=DIR                    # one job a share
#
# DIR must be on a file system that all nodes see. Joined tasks run at the same time, and the first
# writes the report; jobs of an array run when there is room, and the last to finish writes it.
# Submitted again, either goes on where it was, also with another number of tasks.
#SBATCH --job-name=mtloc
#SBATCH --output=mtloc-%j.log
#SBATCH --requeue

set -euo pipefail
cd "${SLURM_SUBMIT_DIR:-.}"
python="${PYTHON:-.venv/bin/python}"

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
  first="${SLURM_ARRAY_TASK_MIN:-0}"
  exec srun "$python" -m launch.study --quiet "$@" \
    --num_processes="$SLURM_ARRAY_TASK_COUNT" --process_id="$((SLURM_ARRAY_TASK_ID - first))"
fi
exec srun "$python" -m launch.study --quiet "$@"
