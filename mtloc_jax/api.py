"""What a notebook needs: open a site, train, predict, plot, graft. Commands use the same functions.

All of it is reached from `mtloc_jax` itself: `mtloc_jax.predict(...)`; nothing is imported before.
Mistakes are `mtloc_jax.InputError`, one line that names the file or setting and the remedy.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from mtloc_jax import rows
from mtloc_jax.logs.round import Round
from mtloc_jax.prediction import locators
from mtloc_jax.prediction.located import Located
from mtloc_jax.prediction.picture import picture
from mtloc_jax.prediction.survey import Survey, open_survey
from mtloc_jax.report.write import write_report
from mtloc_jax.settings import Settings, replaced
from mtloc_jax.study.study import run_study
from mtloc_jax.surgery.bundled_rules import rules_file
from mtloc_jax.surgery.onto_site import Grafted, graft_onto
from mtloc_jax.surgery.study_runs import StudyRun, runs_of


@dataclass(frozen=True)
class Trained:
    """Hold a study that was run.

    folder:   its WORKDIR: rows, tables, figures, report.html
    rows:     rows.csv, an array a column
    networks: what it trained, each by the name that `predict` and `graft` find it by
    """

    folder: Path
    rows: Mapping[str, Any]
    networks: Sequence[StudyRun]

    def network(self, name: str) -> str:
        """Return where a network is: "finetuned:0.625:3" becomes "FOLDER@finetuned:0.625:3"."""
        return f"{self.folder}@{name}"


def open_site(
    name: str | Path, data_dir: str | Path = "", *, form: str = "", rounds: Sequence[int] = ()
) -> Survey:
    """Open the survey of a building: its walks, floor plan and map.

    name:     a building (`location20/site1/B1`, `simulated-a`), a folder made by `mtloc prepare`,
              or with `form` a folder of recordings
    data_dir: the folder below which buildings' recordings lie
    form:     the format of a folder of recordings: csv, location20, getsensordata, ...
    rounds:   those to use; all where none is named

    Raises InputError where it is not there, or damaged.
    """
    return open_survey(str(name), str(data_dir), form=form, rounds=tuple(rounds))


def train(workdir: str | Path, settings: Settings | Mapping[str, Any] | None = None) -> Trained:
    """Run a study, or what is left of it: train its networks, judge them, write its report.

    settings: as `mtloc study --settings` lists them, by dotted name; the others have their defaults

    Raises InputError where a setting is wrong, recordings are absent, or the folder holds another
    study.
    """
    if not isinstance(settings, Settings):
        settings = replaced(Settings(), settings or {})
    folder = Path(workdir)
    run_study(settings, folder, lambda stage, done, total: None)
    write_report(folder)
    return Trained(folder, rows.read(folder / rows.ROWS), runs_of(folder))


def predict(
    log: str | Path | Round | Sequence[Round],
    form: str = "",
    *,
    survey: Survey | str | None = None,
    network: str | None = None,
    arm: str | None = None,
    pretrained: str | None = None,
    calibrated: bool = False,
    every_ms: int = locators.TICK_MS,
) -> list[Located]:
    """Locate logs, with or without ground truth, by a survey or by a trained network.

    log:        a log, or a folder of logs, in the format `form`; or rounds that were read before
    survey:     what `open_site` returned, or a name it takes
    network:    a checkpoint, or a study's network: WORKDIR@finetuned:0.625:3
    arm:        how a survey locates: `matcher-steps-filter` where none is named
    pretrained: WORKDIR[@SEED] of a study whose matcher, or motion network, is used; else the
                matcher is the package's
    calibrated: make the radius hold on this floor, by walks of the survey, 9 at least
    every_ms:   time between rows, a multiple of 100

    Raises InputError where a log cannot be read or located.
    """
    ready = locators.opened(survey, network, arm=arm, pretrained=pretrained, calibrated=calibrated)
    if isinstance(log, str | Path):
        logs: Sequence[Round] = locators.logs_at(Path(log), form, ready.origin)
    else:
        logs = [log] if isinstance(log, Round) else log
    return [ready.located(one, every_ms=every_ms) for one in logs]


def plot(located: Located) -> Figure:
    """Draw a located log on the floor plan: a notebook shows it, `savefig` writes it.

    Raises InputError where the plan cannot be read.
    """
    drawn = picture(located)
    drawn._repr_png_ = partial(_png, drawn)  # type: ignore[attr-defined]
    return drawn


def graft(
    donors: str | Sequence[str],
    site: str,
    rules: str | Path,
    *,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Grafted:
    """Take what trained networks know into a fresh network for a site.

    donors:   checkpoints, studies' networks or weight files; rules call one alone `donor`
    rules:    a Python file with get_rules, or one that comes with the package by name: imu
    settings: of the new network, by dotted name, in place of its donor's

    Raises InputError where donors, rules or site cannot be read, or do not fit.
    """
    places = [donors] if isinstance(donors, str) else list(donors)
    return graft_onto(places, site, rules_file(rules), None, settings, seed=seed)


def _png(drawn: Figure) -> bytes:
    """Return a figure as IPython asks for it: it knows those of pyplot alone."""
    held = io.BytesIO()
    drawn.savefig(held, format="png")
    return held.getvalue()
