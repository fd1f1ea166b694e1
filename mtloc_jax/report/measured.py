"""Everything that a report is made of, read from a workdir and checked to be of one study."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mtloc_jax.arms import ARMS, WIPED_SHARE
from mtloc_jax.errors import InputError
from mtloc_jax.files import altered, sha256
from mtloc_jax.report import comparison, questions
from mtloc_jax.report.beside import NETWORKS, Beside, is_tuned_network, read_beside
from mtloc_jax.report.card_notes import CardNotes, Survey, read_notes, target_survey
from mtloc_jax.report.comparison import Line
from mtloc_jax.report.comparison_variants import Swept, no_rows, read_swept, variant_folders
from mtloc_jax.report.headline import held
from mtloc_jax.report.named import margin_of
from mtloc_jax.report.provenance import (
    Provenance,
    check_same_study,
    counted,
    read_provenance,
)
from mtloc_jax.report.questions import Families
from mtloc_jax.report.rounds_needed import Needed, demands, needed
from mtloc_jax.report.rungs import Rung, rungs
from mtloc_jax.report.walks_needed import Curve, curves
from mtloc_jax.rows import (
    CDF,
    CHOSEN,
    CONFIG,
    COVERAGE,
    DIVERGED,
    HISTORY,
    PRETEXT,
    QUESTION,
    RADIUS,
    ROWS,
    TRACKS,
    WALKS,
    Table,
    empty,
    read,
    select,
)
from mtloc_jax.sites.floor_plan import FloorPlan, published_plan
from mtloc_jax.times import Times, read_times


@dataclass(frozen=True)
class Measured:
    """Hold a study's files.

    record:  config.json as it is
    rows:    rows.csv, with no rows where variants have them; cdf, tracks, chosen,
             coverage, walks, radius: the other files; coverage and radius are of all test rounds,
             or targets, where they alone are swept, walks of all variants
    every_cdf: cdf.csv of all variants, where there are some; cdf itself otherwise
    pretext: pretext.csv, of all variants where there are some
    beside:  networks of another study that its predictors stand beside
    swept:   the variants of a swept study
    history: history.csv; with no rows where variants have them
    plan:    of the target's floor, as given, or as the study left it beside its rows; times: when
             its runs were done, where it says so
    diverged: the runs that ended in what is no number, and have no rows
    digests: file name -> SHA-256 of the rows everything is made from
    altered: files that are not what the study wrote, and were accepted all the same
    """

    provenance: Provenance
    record: Mapping[str, Any]
    cards: tuple[CardNotes, ...]
    rows: Table
    cdf: Table
    tracks: Table
    chosen: Table
    coverage: Table
    walks: Table
    radius: Table
    every_cdf: Table
    pretext: Table
    beside: Beside | None
    swept: Swept | None
    plan: FloorPlan | None
    times: Times | None
    diverged: Table
    history: Table
    digests: Mapping[str, str]
    altered: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """Return what the study asks, in words; empty where its record has no question."""
        return str(self.record.get(QUESTION, ""))

    @property
    def survey(self) -> Survey | None:
        """Return the target's training rounds; None where no card says how many there are."""
        return target_survey(self.cards)

    @cached_property
    def together(self) -> Table:
        """Return its rows, and those of the networks beside them."""
        if self.beside is None:
            return self.rows
        return {
            name: np.concatenate([values, self.beside.rows[name]])
            for name, values in self.rows.items()
        }

    @property
    def margin_m(self) -> float:
        """Return the difference, metres, that counts as none; 0 where config.json names none."""
        return margin_of(self.record)

    @cached_property
    def families(self) -> Families:
        """Return the claims that the test rows can answer, by question."""
        return questions.families(self.rows, self.together, self.margin_m)

    @cached_property
    def rungs(self) -> list[Rung]:
        """Return every arm beside 5-NN held, by variant; none where that was not run.

        Where targets are swept, the last variant is all of them together.
        """
        if self.swept is None:
            return rungs({"": [self.rows]}, self.walks, self.cdf, self.margin_m)
        names = [str(c.settings.get("target", c.label)) for c in self.swept.contenders]
        if len(set(names)) < len(names):
            names = [contender.label for contender in self.swept.contenders]
        rounds = [list(contender.rounds.values()) for contender in self.swept.contenders]
        tables = dict(zip(names, rounds, strict=True))
        if _of_targets(self.swept):
            tables[f"all {len(tables)} targets"] = self.swept.tables
        return rungs(tables, self.walks, self.every_cdf, self.margin_m)

    @property
    def is_one_ladder(self) -> bool:
        """Say whether the ladder says all: of one variant, of test rounds in turn, or of targets.

        Errors in several targets do not compare.
        """
        return bool(self.rungs) and (
            self.swept is None or not self.swept.names or "target" in self.swept.names
        )

    @cached_property
    def walk_curves(self) -> list[Curve]:
        """Return the error of each arm by walks surveyed; none where these are not swept alone."""
        if self.swept is None or self.swept.names != ("walks",):
            return []
        places = set(
            zip(self.walks["site_pair"].tolist(), self.walks["walk"].tolist(), strict=True)
        )
        in_turn = self.record.get("config", {}).get("survey") == "others"
        of_card = self.survey.walks if self.survey else None
        every = len(places) - 1 if in_turn or not of_card else of_card
        sizes = {c.label: float(c.settings["walks"] or every) for c in self.swept.contenders}
        return curves(self.rungs, sizes, self.walks)

    @cached_property
    def needed(self) -> list[Needed]:
        """Return how many rounds each arm of networks needs for an error."""
        names = held(ARMS, self.rows["arm"])
        return needed(demands(self.rows, [name for name in names if is_tuned_network(name)]))

    @property
    def scope(self) -> str:
        """Return site pair, windows and seeds of the rows, and how many variants there are."""
        if self.swept is None:
            return self.provenance.scope(self.together)
        clean = [select(table, split="test", modality="none") for table in self.swept.tables]
        together = {name: np.concatenate([table[name] for table in clean]) for name in clean[0]}
        counts = {
            "variant": len(self.swept.contenders),
            "test round": len(self.swept.test_rounds),
        }
        said = [counted({n}, noun) for noun, n in counts.items() if n > 1]
        return " | ".join([self.provenance.scope(together), *said])

    @cached_property
    def lines(self) -> list[Line]:
        """Return what is compared of a swept study; none of any other.

        Raises InputError where a variant has nothing to compare.
        """
        if self.swept is None:
            return []
        found = comparison.lines(self.swept, self.margin_m, self.walks)
        compared = {line.contender.label for line in found}
        lacking = [c.label for c in self.swept.contenders if c.label not in compared]
        if lacking:
            raise InputError(
                f"no test rows to compare of {lacking[0]!r}",
                remedy=f"a sweep of wiping needs {WIPED_SHARE} among config.wipe.drop_rates",
            )
        return found


def read_measured(
    workdir: Path, plan: FloorPlan | None = None, *, accept_altered: bool = False
) -> Measured:
    """Read a workdir.

    accept_altered: read files that are not what the study wrote, too
    Raises InputError where a file is absent, empty, damaged or altered, or rows and config.json are
    of different studies.
    """
    changed = _altered(workdir, accept_altered)
    provenance = read_provenance(workdir)
    record = json.loads((workdir / CONFIG).read_text(encoding="utf-8"))
    if folders := variant_folders(workdir):
        _check_planless(plan, folders[0])
        swept = read_swept(workdir, folders)
        # The files beside the folders hold the rows of all variants: no figure shows those at once.
        rows, (cdf, tracks, chosen) = empty(ROWS), map(empty, (CDF, TRACKS, CHOSEN))
        pretext, walks, every_cdf = (_optional(workdir / name) for name in (PRETEXT, WALKS, CDF))
        radius, history = empty(RADIUS), empty(HISTORY)
        names, coverage = (
            [f"{path.relative_to(workdir)}/{ROWS}" for path in folders],
            empty(COVERAGE),
        )
        # Test rounds in turn, or targets, are together what one of them is alone.
        if not swept.names or _of_targets(swept):
            together = (COVERAGE, RADIUS, CHOSEN)
            names = [*names, *together]
            coverage, radius, chosen = (_optional(workdir / name) for name in together)
        names += [WALKS, CDF, PRETEXT]
    else:
        swept, rows = None, _rows(workdir, provenance)
        names = [ROWS, CDF, TRACKS, CHOSEN, COVERAGE, WALKS, RADIUS, PRETEXT, HISTORY]
        cdf, tracks, chosen, coverage, walks, radius, pretext, history = (
            _kept(workdir / name, provenance) for name in names[1:]
        )
        every_cdf = cdf
    config = record.get("config", {})
    return Measured(
        provenance=provenance,
        record=record,
        cards=read_notes(workdir),
        rows=rows,
        cdf=cdf,
        tracks=tracks,
        chosen=chosen,
        coverage=coverage,
        walks=walks,
        radius=radius,
        every_cdf=every_cdf,
        pretext=pretext,
        beside=read_beside(config),
        swept=swept,
        plan=plan if folders else plan or published_plan(workdir),
        times=read_times(workdir),
        diverged=_optional(workdir / DIVERGED),
        history=history,
        digests=_digests(workdir, names, config),
        altered=changed,
    )


def _altered(workdir: Path, accept: bool) -> tuple[str, ...]:
    """Return the files, of variants too, that are not what their SHA256SUMS records.

    Raises InputError at the first unless they are accepted.
    """
    found = tuple(
        str((folder / name).relative_to(workdir))
        for folder in (workdir, *variant_folders(workdir))
        for name in altered(folder)
    )
    if found and not accept:
        raise InputError(
            "is not what the study wrote, or is gone: its sha256 differs",
            remedy="run launch.study with this --workdir again to have it anew, or add "
            "--accept_altered to report it as it is",
            path=workdir / found[0],
        )
    return found


def _of_targets(swept: Swept) -> bool:
    """Say whether nothing but the buildings differs, targets among them."""
    return "target" in swept.names and set(swept.names) <= {"source", "target"}


def _rows(workdir: Path, provenance: Provenance) -> Table:
    path = workdir / ROWS
    table = read(path)
    check_same_study(table, provenance, path)
    if not len(table["seed"]):
        raise no_rows(path)
    return table


def _kept(path: Path, provenance: Provenance) -> Table:
    table = _optional(path)
    check_same_study(table, provenance, path)
    return table


def _optional(path: Path) -> Table:
    """Return a table; an empty one where a study keeps none: what it would show is left out."""
    return read(path) if path.is_file() else empty(path.name)


def _digests(workdir: Path, names: Sequence[str], config: Mapping[str, Any]) -> dict[str, str]:
    found = {name: workdir / name for name in names}
    if networks := config.get(NETWORKS, ""):
        found[f"{networks}/{ROWS}"] = Path(networks) / ROWS
    return {name: sha256(path) for name, path in found.items() if path.is_file()}


def _check_planless(plan: FloorPlan | None, variant: Path) -> None:
    if plan is not None:
        raise InputError(
            "a comparison of variants has no floor plan",
            remedy=f"give one variant's --workdir, such as {variant}",
        )
