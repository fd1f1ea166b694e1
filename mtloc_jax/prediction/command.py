"""Locate logs and write what came out: what `launch.predict` does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.escapes import file_name
from mtloc_jax.files import write_whole
from mtloc_jax.prediction import live, outputs
from mtloc_jax.prediction.located import Located
from mtloc_jax.prediction.locators import TICK_MS, Ready
from mtloc_jax.prediction.picture import picture
from mtloc_jax.prediction.said import Said, joined
from mtloc_jax.report import style
from mtloc_jax.sites.lone_logs import LONE, found, named

Say = Callable[[str], None]
SUMMARY = "summary.csv"


def locate(
    ready: Ready, place: Path, form: str, output: Path, say: Say, *, every_ms: int = TICK_MS
) -> None:
    """Locate a log, or all logs of a folder; write tables, pictures, maps and the summary.

    Raises InputError at the first log that cannot be read or located: those before are written.
    """
    logs = found(form, place)
    _say_how(ready, f"{len(logs)} log(s)", say)
    rows = []
    for name, path in logs.items():
        log = LONE[form].read(path, name, ready.origin, False)
        located = ready.located(log, every_ms=every_ms)
        rows.append(written(located, output))
        say(_line(rows[-1]))
        if located.note:
            say(located.note)
    write_whole(output / SUMMARY, outputs.summary(rows))
    say(f"written to {output}")


def follow(
    ready: Ready,
    place: Path,
    form: str,
    output: Path,
    say: Say,
    *,
    every_ms: int = TICK_MS,
    lag_ms: int = 0,
    idle_s: float = 10.0,
) -> None:
    """Locate one log while it is written: its table grows with it, the rest follows at its end.

    lag_ms, idle_s: as live.follow takes them

    Raises InputError where `place` is not one log that can be followed.
    """
    lone = named(form)
    name = lone.name(place) or place.name.partition(".")[0]
    live.check_follow(ready.locator, lone, place)
    _say_how(ready, name, say)
    table = write_whole(output / f"{file_name(name)}.csv", outputs.header(truth=False))
    parts: list[Said] = []
    notes: list[str] = []
    for update in live.follow(
        ready.locator, lone, place, name, ready.origin, lag_ms=lag_ms, idle_s=idle_s
    ):
        parts.append(update.said)
        for note in (update.note, update.held_up):
            if note and note not in notes:
                notes.append(note)
                say(note)
        if len(update.said.t_ms):
            now = Located(update.log, update.said, ready.how, ready.survey)
            with table.open("a", encoding="utf-8") as file:
                file.write(outputs.lines(now, truth=False))
            say(_live_line(now, update))
    row = written(ready.told(update.log, joined(parts), update.note, every_ms), output)
    say(_line(row))
    say(f"written to {output}")


def written(located: Located, output: Path) -> dict[str, Any]:
    """Write what was said of one log; return its row of the summary."""
    stem = output / file_name(located.name)
    write_whole(stem.with_name(f"{stem.name}.csv"), outputs.table(located))
    if located.survey is not None and located.survey.geo is not None:
        text = outputs.geojson(located, located.survey.geo)
        write_whole(stem.with_name(f"{stem.name}.geojson"), text)
    style.save(picture(located), stem.with_name(f"{stem.name}.png"))
    return outputs.summary_row(located)


def rounds_of(texts: list[str]) -> tuple[int, ...]:
    """Return the rounds that words name: "1-8", "10"; raises InputError where one names none."""
    numbers: list[int] = []
    for text in texts:
        first, _, last = text.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not last)):
            raise InputError(f"{text!r} is no round", remedy="write --rounds=1-8,10")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)


def _say_how(ready: Ready, what: str, say: Say) -> None:
    say(f"{what} in {ready.survey.name}" if ready.survey else what)
    say(f"by {ready.how}")
    if ready.note:
        say(ready.note)


def _line(row: dict[str, Any]) -> str:
    told = f"{row['log']}: {row['rows']} rows of {row['seconds']:.0f} s, {row['scans']} scans"
    if row["mean_error_m"] is None:
        return told
    told += f", mean error {row['mean_error_m']:.1f} m"
    if row["mean_after_scan_m"] is None:
        return told
    return f"{told}, {row['mean_after_scan_m']:.1f} m after the first scan"


def _live_line(now: Located, update: live.Update) -> str:
    x_m, y_m = now.xy_m[-1]
    radius_m = now.radius_m[-1]
    sure = "" if np.isnan(radius_m) else f" ± {radius_m:.1f}"
    told = f"{update.behind_s:.1f} s behind, {1000 * update.took_s:.0f} ms"
    return f"{now.t_s[-1]:8.1f} s  {x_m:7.1f} {y_m:7.1f}{sure} m  ({told})"
