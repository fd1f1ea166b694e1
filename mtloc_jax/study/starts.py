"""What each run of a study starts from: fresh, or with a part of another network grafted in."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding

from mtloc_jax.arms import ARMS, TRANSFERRED, Arm
from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings, parsed, portable, value
from mtloc_jax.sites.pretext import RANDOM
from mtloc_jax.sites.site import Site
from mtloc_jax.study import matchers, motions, replicas, units
from mtloc_jax.study.ahead import Work
from mtloc_jax.study.curves import CURVES, Curve, GroupCurve, grouped, kept, without_errors
from mtloc_jax.study.diverged import LOST, lost_of, trained, unnumbered
from mtloc_jax.study.learnt import Row, learnt
from mtloc_jax.study.opened import Report, Sites
from mtloc_jax.study.plan import Group, Job
from mtloc_jax.study.pretraining import (
    Pretraining,
    is_told_in_metres,
    pretraining,
    untrained,
    watched,
)
from mtloc_jax.study.programs import initialised, problem_of
from mtloc_jax.study.resurvey import Resurvey
from mtloc_jax.study.runs import RunSpec
from mtloc_jax.study.trainer import Trained, Trainer, Watched
from mtloc_jax.study.units import RUNS, Kept, Train, Unit
from mtloc_jax.study.variants import (
    MATCHER,
    MOTION,
    PART_BY,
    Variant,
    grafted_by,
    pretrained_by,
)
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.graft_report import GraftReport
from mtloc_jax.surgery.network import Network
from mtloc_jax.surgery.network_card import cut_of
from mtloc_jax.surgery.part_program import PART
from mtloc_jax.surgery.rules import Keep, Rule
from mtloc_jax.surgery.tree import cover, leaves, match

PRETRAINING, FIRST_SURVEY = "pretraining", "first survey"
"""What history.csv calls networks that others start from, beside MATCHER and MOTION."""
SOURCES = "sources"
"""In the card of what is pretrained for located arms: what its recordings hash to."""
_PRETRAINED = {MATCHER: matchers, MOTION: motions}


class Starts:
    """Make the networks that runs start from, one a seed, and keep those that took training."""

    def __init__(self, folder: Path, report: Report, given: Network | None = None) -> None:
        """Make nothing yet; `given` is the checkpoint that grafted arms start from, if any."""
        self.folder, self.report, self.given = folder, report, given
        self.kept = Kept(folder)
        self._made: dict[Any, Params] = {}
        self._reports: dict[str, GraftReport | None] = {}
        self._trainers: dict[Any, Trainer] = {}
        self._asked: set[str] = set()
        self._resurveys: dict[Variant, Resurvey] = {}
        self._curves: list[GroupCurve] = []
        self._rows: dict[Path, list[Row]] = {}

    def of(self, job: Job, settings: Settings, sites: Sites) -> Params:
        """Return the parameters a job starts from; `settings` are what it is trained with."""
        spec = job.spec
        if settings.survey == "twice" and not (spec.of.start == "pretrained" or spec.of.both):
            return self._resurvey(job.trained, settings, sites).start(spec)
        if not spec.of.grafted:
            return replicas.take(self.fresh(spec, settings, sites.target), spec.seed)
        if self.given is not None:
            return self.given.params
        name = _grafted_name(job, settings)
        if name not in self._made:
            variant = job.trained.of(pretrained_by(settings))
            self._made[name] = self._grafted(name, variant, spec, settings, sites)
        return replicas.take(self._made[name], spec.seed)

    def graft_report(self, job: Job, settings: Settings) -> GraftReport | None:
        """Return what the graft did that a job's network came from, of all seeds; None for none."""
        if not job.spec.of.grafts_imu:
            return None
        if self.given is not None:
            return self.given.report
        name = _grafted_name(job, settings)
        if name not in self._reports:
            self._reports[name] = checkpoint.read_report(self.folder / name)
        return self._reports[name]

    def learnt(self, job: Job, settings: Settings) -> list[Row]:
        """Return what the pretrained networks that a job grafts from learnt; none for others."""
        if not job.spec.of.grafts_imu or self.given is not None:
            return []
        folder = self.folder / _pretrained_name(job, settings)
        return checkpoint.read_card(folder).get("pretext", []) if folder.is_dir() else []

    def curves(self) -> list[GroupCurve]:
        """Return how networks trained to start from, seeds in the mean, since last asked."""
        found, self._curves = self._curves, []
        return found

    def trained(self, job: Job, settings: Settings) -> dict[str, list[Row]]:
        """Return how the networks trained that a job starts from, as `curves.kept`, by part.

        Those of this study alone: what was given, or taken from another, has no curves here.
        """
        places = {}
        if job.spec.of.grafts_imu and self.given is None:
            places[PRETRAINING] = _pretrained_name(job, settings)
        if job.spec.of.start == "first survey":
            places[FIRST_SURVEY] = _donors_name(job.trained)
        if job.spec.of.locate:
            places |= {part: _part_name(part, job) for part in _PRETRAINED}
        found = {part: self._kept_rows(self.folder / place) for part, place in places.items()}
        return {part: rows for part, rows in found.items() if rows}

    def _kept_rows(self, folder: Path) -> list[Row]:
        if folder not in self._rows:
            card = checkpoint.read_card(folder) if folder.is_dir() else {}
            self._rows[folder] = card.get(CURVES, [])
        return self._rows[folder]

    def is_pretrained(self, job: Job, settings: Settings) -> bool:
        """Say whether the networks that a job grafts from need no training any more."""
        return self.given is not None or (self.folder / _pretrained_name(job, settings)).is_dir()

    def compiling(self, job: Job, settings: Settings, sites: Sites) -> Work:
        """Return what compiles the pretraining that a job grafts from; once each.

        Nothing where that needs no training. Raises InputError as the pretraining does.
        """
        name = _pretrained_name(job, settings)
        if (
            not job.spec.of.grafts_imu
            or settings.pretext == RANDOM
            or self.is_pretrained(job, settings)
            or name in self._asked
        ):
            return {}
        self._asked.add(name)
        together = units.at_once(settings.seeds, replicas.mesh().size)
        made = pretraining(sites.source, settings, range(together), together)
        trainer, lying = self._trainer(made, together), NamedSharding(replicas.mesh(), replicas.ALL)
        data = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=lying), made.data
        )
        on = watched(sites.source, settings)
        return {trainer.program: [partial(trainer.compile, made.runs, data, on)]}

    def lost(self, job: Job, settings: Settings) -> bool:
        """Say whether the pretraining that a job's network grafts from diverged."""
        if not job.spec.of.grafts_imu or self.given is not None:
            return False
        folder = self.folder / _pretrained_name(job, settings)
        return folder.is_dir() and job.spec.seed in checkpoint.read_card(folder).get(LOST, [])

    def part(self, part: str, job: Job, settings: Settings, sites: Sites) -> Params:
        """Return the networks that are a part of located arms, pretrained on the sources of a job.

        part: MATCHER or MOTION. One a seed, stacked. Raises InputError as their training does.
        """
        name = _part_name(part, job)
        if name not in self._made:
            card = self._card(sites.source, settings) | {PART: part, SOURCES: _sources(sites)}
            walked = _of_walks(card["site"])  # windows are no matter to what learns of whole walks
            if settings.pretrained:
                take = partial(self._taken, part=part, settings=settings, sites=sites)
                self._made[name] = self.kept.networks(name, walked, take)
                return self._made[name]
            stage = f"pretraining {part}s on {sites.source.name}"
            floors = [of.recordings.walks for r, of in sites.opened.items() if r != "target"]
            taught = cache(lambda: _PRETRAINED[part].pretraining(floors, settings))

            def train(seeds: Sequence[int]) -> Unit:
                called = stage + units.worded(seeds, settings.seeds)
                self.report(called, 0, 1)
                params, curves = taught()(seeds)
                self.report(called, 1, 1)
                return Unit(params, _of(seeds) | self._kept_curves(name, seeds, curves))

            together = _PRETRAINED[part].at_once(settings.seeds)
            self._made[name] = self.kept.of_seeds(
                name, walked, card, settings.seeds, together, train
            )
        return self._made[name]

    def check_given(self, group: Group, target: Site) -> None:
        """Raise InputError where the checkpoint that was given is no start of a group's runs."""
        grafted = [job.spec for job in group.jobs if job.spec.of.grafts_imu]
        if self.given is None or not grafted:
            return
        place, settings = Path(self.given.place), group.settings
        expected = {"site": target.card(), "config": cut_of(settings)}
        checkpoint.check_site(place, dict(self.given.card), expected)
        theirs = leaves(self.given.params)
        ours = leaves(replicas.take(self.fresh(grafted[0], settings, target), 0))
        for path in sorted(ours.keys() | theirs.keys()):
            held, wanted = (np.shape(of[path]) if path in of else "not" for of in (theirs, ours))
            if held != wanted:
                raise InputError(
                    f"in this network {path} is {held} there, in this study's {wanted}",
                    remedy="set --config.hidden and --config.modalities as it was made",
                    path=place,
                )

    def fresh(self, spec: RunSpec, settings: Settings, target: Site) -> Params:
        """Return fresh target networks, one a seed: the same for every arm, so that arms pair."""
        problem, shapes = problem_of(spec, settings), target.shapes()
        key = (problem, tuple(shapes.items()), settings.seeds)  # calibrating asks for fewer
        if key not in self._made:
            self._made[key] = initialised(problem, shapes, settings.seeds)
        return self._made[key]

    def _grafted(
        self, name: str, variant: Variant, spec: RunSpec, settings: Settings, sites: Sites
    ) -> Params:
        """Return the fresh networks with what the arm takes of the source's, one a seed."""

        def make(folder: Path) -> None:
            donor = self._pretrained(variant, settings, sites.source)
            # A graft takes numbers alone: what has none gets some to be made, and loses them.
            lost, donors = lost_of(donor), {"donor": jax.tree.map(np.nan_to_num, donor)}
            fresh = self.fresh(spec, settings, sites.target)
            rules = with_the_rest_kept(spec.of.rules, fresh)
            params, taken = graft(fresh, donors, rules, stacked=True)
            params = unnumbered(params, lost)
            checkpoint.save(folder, params, self._card(sites.target, settings), taken)

        return self.kept.networks(name, sites.target.card(), make)

    def _pretrained(self, variant: Variant, settings: Settings, source: Site) -> Params:
        """Return the networks pretrained on the source site (Table IV), one a seed."""
        name, card = f"pretrained{_suffix(variant)}", self._card(source, settings)
        if settings.pretext == RANDOM:
            params = untrained(source, settings)
            said = card | {"pretext": []}
            return self.kept.networks(
                name, source.card(), lambda of: checkpoint.save(of, params, said)
            )
        stage = f"pretraining on {source.name}" + (variant.name and f", {variant.name}")
        together = units.at_once(settings.seeds, replicas.mesh().size)

        def train(seeds: Sequence[int]) -> Unit:
            made = pretraining(source, settings, seeds, together)
            called = stage + units.worded(seeds, settings.seeds)
            found, lost = self._trained(made, together, called, watched(source, settings))
            fell = found.curves
            if not is_told_in_metres(source, settings):
                fell = list(map(without_errors, fell))
            said = _of(seeds) | self._kept_curves(name, seeds, fell)
            said |= {"pretext": learnt(source, settings, found.params, seeds, lost)}
            return Unit(found.params, said | ({LOST: lost} if lost else {}))

        return self.kept.of_seeds(name, card["site"], card, settings.seeds, together, train)

    def _kept_curves(
        self, name: str, seeds: Sequence[int], curves: Sequence[Curve]
    ) -> dict[str, list[Row]]:
        """Return how networks of some seeds trained, for their card; their mean is told on."""
        self._curves += grouped((name, *of) for of in zip(seeds, curves, strict=True))
        return {CURVES: kept(seeds, curves)}

    def _trainer(self, made: Pretraining, together: int) -> Trainer:
        key = (made.static, made.data.target.shape)
        if key not in self._trainers:
            self._trainers[key] = Trainer(made.static, together)
        return self._trainers[key]

    def _trained(
        self, made: Pretraining, together: int, stage: str, on: Watched | None
    ) -> tuple[Trained, list[int]]:
        data = replicas.placed(made.data, replicas.mesh(), replicas.ALL)
        return trained(
            self._trainer(made, together),
            made.runs,
            data,
            lambda done, total: self.report(stage, done, total),
            stage,
            on,
        )

    def _resurvey(self, trained: Variant, settings: Settings, sites: Sites) -> Resurvey:
        variant = _donors_of(trained)
        if variant not in self._resurveys:
            name, card = _donors_name(trained), self._card(sites.target, settings)

            def kept(together: int, train: Train) -> Params:
                of = (name, card["site"], card, settings.seeds)
                return self.kept.of_seeds(*of, together, train)

            self._resurveys[variant] = Resurvey(sites, settings, kept, self.report)
        return self._resurveys[variant]

    def _taken(self, folder: Path, part: str, settings: Settings, sites: Sites) -> None:
        """Take over what an earlier study pretrained; raises InputError where ours would differ."""
        place, ours = Path(settings.pretrained), self._card(sites.source, settings)
        ours = checkpoint.plain(ours | {SOURCES: _sources(sites)})
        odd: dict[Path, list[str]] = {
            theirs: _odd(checkpoint.read_card(theirs), ours, part)
            for theirs in sorted(place.glob(f"pretrained-{part}*"))
        }
        alike = [theirs for theirs, names in odd.items() if not names]
        if not alike:
            near = min(odd.values(), key=len, default=[f"it has no pretrained {part}s"])
            raise InputError(
                f"nothing was pretrained there as this study would ({', '.join(near)})",
                remedy="leave out --config.pretrained",
                path=place,
            )
        checkpoint.save(folder, checkpoint.load(alike[0])[0], ours | {PART: part})

    def _card(self, site: Site, settings: Settings) -> dict[str, Any]:
        return {
            "site": site.card(),
            "config": portable(settings),
            **_of(range(settings.seeds)),
            "identity": self.kept.identity.plain(),
        }


def _of(seeds: Sequence[int]) -> dict[str, list[Any]]:
    """Return how a card lists networks of some seeds."""
    return {RUNS: [{"seed": seed} for seed in seeds]}


def _odd(theirs: Mapping[str, Any], ours: Mapping[str, Any], part: str) -> list[str]:
    """Return in what the card of something pretrained differs from that of what we would make."""
    configs = [parsed(card["config"]) for card in (theirs, ours)]
    asked = [n for n in PART_BY[part] if value(configs[0], n) != value(configs[1], n)]
    told = {"seeds": "runs", "recordings": SOURCES}
    differ = [name for name, key in told.items() if theirs.get(key) != ours[key]]
    if _of_walks(theirs["site"]) != _of_walks(ours["site"]):
        differ.append("buildings")
    made_alike = theirs["identity"]["maker"] == ours["identity"]["maker"]
    return [*asked, *differ, *([] if made_alike else ["code or packages"])]


def _of_walks(site: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a site's card says of its walks, however they were cut and dealt."""
    return {name: site[name] for name in ("name", "simulated")}


def _sources(sites: Sites) -> dict[str, str]:
    """Return what the recordings of each source hash to."""
    return {role: digest for role, digest in sites.digests.items() if role != "target"}


def with_the_rest_kept(rules: tuple[Rule, ...], fresh: Params) -> tuple[Rule, ...]:
    """Return an arm's rules, and that leaves of the new network which none names stay fresh."""
    paths = list(leaves(fresh))
    targets = [rule.target for rule in rules if hasattr(rule, "target")]
    rest = [path for path in paths if not any(match(target, path) for target in targets)]
    return (*rules, *map(Keep, cover(rest, paths)))


def _grafted_name(job: Job, settings: Settings) -> str:
    """Return the folder of grafted networks: arms that take the same share one."""

    def taking(arm: Arm) -> tuple[Any, ...]:
        return arm.start, arm.rules, arm.problem_in(settings)

    first = next(arm.name for arm in ARMS.values() if taking(arm) == taking(job.spec.of))
    name = "grafted" if first == TRANSFERRED else f"grafted-{first}"
    return name + _suffix(job.trained.of(grafted_by(settings)))


def _pretrained_name(job: Job, settings: Settings) -> str:
    return "pretrained" + _suffix(job.trained.of(pretrained_by(settings)))


def _part_name(part: str, job: Job) -> str:
    return f"pretrained-{part}{_suffix(job.trained.of(PART_BY[part]))}"


def _donors_of(trained: Variant) -> Variant:
    # How a network is fine-tuned later is no matter to those of the first survey.
    return Variant(tuple(p for p in trained.settings if p[0] != "finetune_plan"))


def _donors_name(trained: Variant) -> str:
    return "donors" + _suffix(_donors_of(trained))


def _suffix(variant: Variant) -> str:
    return f"-{variant.folder}" if variant.settings else ""
