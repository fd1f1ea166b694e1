"""Locate logs and write what came out: what `launch.predict` does, and the API."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtloc_jax.arms import ARMS
from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.escapes import file_name
from mtloc_jax.files import write_whole
from mtloc_jax.locate import EXPERTS, MOTIONS, Locate
from mtloc_jax.logs.round import Round
from mtloc_jax.predict import live, outputs
from mtloc_jax.predict.by_network import ByNetwork
from mtloc_jax.predict.by_survey import BySurvey
from mtloc_jax.predict.picture import picture
from mtloc_jax.predict.pretrained import part
from mtloc_jax.predict.said import Said, begun_ms, joined, thinned
from mtloc_jax.predict.survey import Survey, open_survey
from mtloc_jax.report import style
from mtloc_jax.sites.lone_logs import LONE, Origin, found
from mtloc_jax.surgery.network import read_network

Say = Callable[[str], None]
WITHOUT_TRAINING, TRANSFERRED = "cosine-steps-filter", "matcher-steps-filter"
"""The arm that locates where none is named: with a pretrained matcher the second."""


@dataclass(frozen=True)
class Asked:
    """Hold what is to be located, by what, and where that is written.

    survey, network: one of the two; the others as the flags of launch.predict have them
    """

    log: Path
    form: str
    output: Path
    survey: str | None = None
    survey_format: str = ""
    data_dir: str = ""
    rounds: tuple[str, ...] = ()
    arm: str | None = None
    pretrained: str | None = None
    network: str | None = None
    every_ms: int = 100


@dataclass(frozen=True)
class Ready:
    """Hold what locates, in words and in fact, and what it draws on."""

    locator: live.Locator
    words: str
    survey: Survey | None

    @property
    def origin(self) -> Origin:
        """Return where the survey's metres begin, in degrees."""
        return self.survey.origin_deg if self.survey else None


def ready(asked: Asked) -> Ready:
    """Open what locates; raises InputError where that is not one thing, or cannot be opened."""
    if (asked.survey is None) == (asked.network is None):
        raise InputError(
            "a log is located by a survey or by a network", remedy="give --survey or --network"
        )
    if asked.network is not None:
        network = read_network(asked.network)
        return Ready(ByNetwork(network), f"network {asked.network}", None)
    assert asked.survey is not None
    survey = open_survey(
        asked.survey, asked.data_dir, form=asked.survey_format, rounds=_numbers(asked.rounds)
    )
    locate = _locate(asked)
    matcher = _part(asked, "matcher") if EXPERTS[locate.expert].origin else None
    motion = _part(asked, "motion") if MOTIONS[locate.motion].origin else None
    by = BySurvey(survey, locate, matcher=matcher, motion=motion)
    return Ready(by, locate.label, survey)


def locate(asked: Asked, say: Say) -> None:
    """Locate a log, or all logs of a folder; write table, picture, map and summary.

    Raises InputError at the first log that cannot be read or located: those before are written.
    """
    logs, by = found(asked.form, asked.log), ready(asked)
    say(f"{len(logs)} log(s) by {by.words}" + (f", {by.survey.name}" if by.survey else ""))
    rows = []
    for name, path in logs.items():
        log = LONE[asked.form].read(path, name, by.origin, False)
        rows.append(_written(asked, by, log, live.located(by.locator, log)))
        say(_line(rows[-1]))
    write_whole(asked.output / "summary.csv", outputs.summary(rows))
    say(f"written to {asked.output}")


def follow(asked: Asked, say: Say, *, lag_ms: int, idle_s: float) -> None:
    """Locate one log while it is written: its table grows with it, the rest follows at its end.

    Raises InputError where --log is not one log that can be followed.
    """
    lone, by = LONE.named(asked.form), ready(asked)
    name = lone.name(asked.log) or asked.log.name.partition(".")[0]
    live.check_follow(by.locator, lone, asked.log)
    table = asked.output / f"{file_name(name)}.csv"
    write_whole(table, outputs.header())
    parts: list[Said] = []
    updates = live.follow(
        by.locator, lone, asked.log, name, by.origin, lag_ms=lag_ms, idle_s=idle_s
    )
    for update in updates:
        parts.append(update.said)
        if len(update.said.t_ms):
            with table.open("a", encoding="utf-8") as file:
                file.write(outputs.lines(update.said, begun_ms(update.log)))
            say(_live_line(update))
    row = _written(asked, by, update.log, joined(parts))
    say(_line(row))
    say(f"written to {asked.output}")


def _part(asked: Asked, name: str) -> Params | None:
    return part(asked.pretrained, name) if asked.pretrained else None


def _locate(asked: Asked) -> Locate:
    default = TRANSFERRED if asked.pretrained else WITHOUT_TRAINING
    arm = ARMS.named(asked.arm or default)
    if arm.locate is None:
        raise InputError(
            f"the arm {arm.name!r} is a network of windows",
            remedy="give its checkpoint as --network, or an arm such as cosine-steps-filter",
        )
    return arm.locate


def _written(asked: Asked, by: Ready, log: Round, said: Said) -> dict[str, Any]:
    """Write what was said of one log; return its row of the summary."""
    said = thinned(said, asked.every_ms)
    if not len(said.t_ms):
        raise InputError("is too short to locate a phone", remedy="leave it out", path=log.source)
    stem = asked.output / file_name(log.name)
    write_whole(stem.with_name(f"{stem.name}.csv"), outputs.table(said, log))
    if by.survey is not None and by.survey.geo is not None:
        text = outputs.geojson(said, log, by.survey.geo)
        write_whole(stem.with_name(f"{stem.name}.geojson"), text)
    with style.drawing():
        drawn = picture(said, log, by.words, by.survey)
        style.save(drawn, stem.with_name(f"{stem.name}.png"))
    return outputs.summary_row(said, log)


def _line(row: dict[str, Any]) -> str:
    told = f"{row['log']}: {row['rows']} rows of {row['seconds']:.0f} s, {row['scans']} scans"
    if row["mean_error_m"] is None:
        return told
    return f"{told}, mean error {row['mean_error_m']:.1f} m"


def _live_line(update: live.Update) -> str:
    x_m, y_m = update.said.xy_m[-1]
    radius_m = update.said.radius_m[-1]
    sure = "" if np.isnan(radius_m) else f" +- {radius_m:.1f} m"
    since_s = (update.said.t_ms[-1] - begun_ms(update.log)) / 1000
    return (
        f"{since_s:8.1f} s  {x_m:7.1f} {y_m:7.1f} m{sure}  "
        f"({update.behind_s:.1f} s behind the log, told in {1000 * update.took_s:.0f} ms)"
    )


def _numbers(rounds: tuple[str, ...]) -> tuple[int, ...]:
    numbers: list[int] = []
    for text in rounds:
        first, _, last = text.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not last)):
            raise InputError(f"{text!r} is no round", remedy="write --rounds=1-8,10")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)
