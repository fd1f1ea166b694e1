"""TensorBoard event files of a study's progress, written without TensorFlow."""

import math
import re
from contextlib import closing
from pathlib import Path
from typing import Any

from mtloc_jax.errors import InputError
from mtloc_jax.study.curves import GroupCurve
from mtloc_jax.study.progress import Live

_UNSAFE = re.compile(r"[^\w.=+,% -]+")


class Events:
    """Write what a live view shows to `folder`, by the training steps taken since the start.

    Raises InputError where tensorboardX is not installed.
    """

    def __init__(self, folder: Path) -> None:
        """Write nothing yet: the folder is the study's, which has not claimed it so far."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise InputError(
                "tensorboardX is not installed", remedy="pip install -e '.[tensorboard]'"
            ) from error
        self._open, self._folder = SummaryWriter, folder
        self._writer: Any = None

    def tell(self, live: Live) -> None:
        """Write how far the study is."""
        if self._writer is None:
            self._writer = self._open(str(self._folder))
        shown = {
            "study/runs_done": live.runs_done,
            "study/best_validation_error_m": live.best_m,
            "speed/steps_per_s": live.steps_per_s if live.gflop else None,
            "speed/gflop_per_s": live.gflop_per_s if live.gflop else None,
        }
        for name, value in shown.items():
            if value is not None:
                self._writer.add_scalar(name, value, round(live.steps))
        for curve in live.curves:
            self._write(curve)

    def _write(self, curve: GroupCurve) -> None:
        """Write how runs trained, by epoch: each group is what TensorBoard calls a run."""
        folder = _UNSAFE.sub("-", curve.name)
        with closing(self._open(str(self._folder / "curves" / folder))) as writer:
            for at, epoch in enumerate(curve.epoch.tolist()):
                for name, values in curve.figures.items():
                    if math.isfinite(values[at]):
                        writer.add_scalar(f"curves/{name}", values[at], epoch)

    def close(self) -> None:
        """Put the last events on the disk."""
        if self._writer is not None:
            self._writer.close()
