"""When a study's runs were done, and how long they took: what its record says, never the clock."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mtloc_jax.errors import InputError

TIMES = "times.json"
"""Its file in a workdir; studies of earlier versions have none."""
_MINUTE_S, _HOUR_S = 60, 3600


@dataclass(frozen=True)
class Times:
    """Hold when some runs were begun and finished, in whole seconds of UTC.

    work_s: what they took, added up over processes and without the time a study lay still
    """

    begun: datetime
    finished: datetime
    work_s: float

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"begun": _text(self.begun), "finished": _text(self.finished), "work_s": self.work_s}

    def words(self) -> str:
        """Return '2026-11-26, 09:16 to 10:20 UTC, 58 min of work'."""
        first, last = (f"{at:%Y-%m-%d}" for at in (self.begun, self.finished))
        until = f"{self.finished:%H:%M}" if first == last else f"{last}, {self.finished:%H:%M}"
        return f"{first}, {self.begun:%H:%M} to {until} UTC, {_lasting(self.work_s)} of work"


def between(begun_s: float, finished_s: float) -> Times:
    """Return the times of work between two seconds since 1970."""
    begun, finished = (datetime.fromtimestamp(int(at_s), UTC) for at_s in (begun_s, finished_s))
    return Times(begun, finished, round(finished_s - begun_s, 1))


def together(found: Iterable[Times]) -> Times | None:
    """Return the times of several pieces of work as one; None of none."""
    every = list(found)
    if not every:
        return None
    return Times(
        min(one.begun for one in every),
        max(one.finished for one in every),
        round(sum(one.work_s for one in every), 1),
    )


def from_plain(said: Mapping[str, Any]) -> Times:
    """Return what `Times.plain` wrote; raises KeyError, TypeError or ValueError of other data."""
    begun, finished = (datetime.fromisoformat(str(said[name])) for name in ("begun", "finished"))
    return Times(begun, finished, float(said["work_s"]))


def read_times(folder: Path) -> Times | None:
    """Read DIR/times.json; None where a study has none. Raises InputError where it is damaged."""
    path = folder / TIMES
    if not path.is_file():
        return None
    try:
        return from_plain(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError):
        raise InputError(
            "does not say when the study was run",
            remedy="delete it; launch.study with this --workdir writes it again",
            path=path,
        ) from None


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def _lasting(s: float) -> str:
    """Write how long something took: '42 s', '58 min', '3 h 20 min'."""
    if s < 2 * _MINUTE_S:
        return f"{s:.0f} s"
    minutes = round(s / _MINUTE_S)
    hours, rest = divmod(minutes, _HOUR_S // _MINUTE_S)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
