"""Which runs a study has, grouped by compiled program and cut into chunks.

The plan follows from the settings alone: whatever device, share or memory, chunk 7 is chunk 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mtloc_jax.arms import FINETUNED, TRANSFERRED
from mtloc_jax.declared import COMPILED_APART
from mtloc_jax.errors import InputError
from mtloc_jax.locate import HELD, JOINS, Locate
from mtloc_jax.settings import Settings, value, values
from mtloc_jax.sites.losses import LOSSES
from mtloc_jax.sites.protocol import OTHERS
from mtloc_jax.study.runs import RunSpec, grid
from mtloc_jax.study.variants import Variant, picked, variants
from mtloc_jax.surgery.freeze import clauses

Key = tuple[str, str, str, str]
"""The cells study, arm, finetune_rate and seed of a row."""

FROM_PRETRAINED, FROM_TRANSFERRED = "from_pretrained", "from_transferred"


@dataclass(frozen=True)
class Job:
    """Name one run, with which settings, and as which variants it is judged."""

    spec: RunSpec
    trained: Variant
    judged: tuple[Variant, ...]


@dataclass(frozen=True)
class Group:
    """Hold jobs that share one compiled program, or one site where they need none.

    settings: of any of them; what is compiled is equal in all
    """

    settings: Settings
    jobs: tuple[Job, ...]

    @property
    def example(self) -> RunSpec:
        """Return any of its runs."""
        return self.jobs[0].spec


@dataclass(frozen=True)
class Chunk:
    """Hold jobs that train, and reach the disk, together."""

    number: int
    group: int
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Plan:
    """Hold a study's jobs as groups and as chunks."""

    settings: Settings
    made: dict[Variant, Settings]
    groups: tuple[Group, ...]
    chunks: tuple[Chunk, ...]

    @property
    def variants(self) -> list[Variant]:
        """Return the variants that rows are measured for, in order."""
        return list(variants(self.settings))

    def of(self, job: Job) -> Settings:
        """Return the settings that a job is trained with."""
        return self.made[job.trained]

    def size(self, group: int) -> int:
        """Return the most runs that a chunk of a group has."""
        return max(len(chunk.jobs) for chunk in self.chunks if chunk.group == group)

    def is_started_from(self, job: Job) -> bool:
        """Say whether other jobs start from this one's network."""
        return _is_started_from(job, self.made)

    def order(self) -> list[Key]:
        """Return the runs of rows.csv in its order: by variant, then as the grid has them."""
        jobs = {
            (job.spec, variant) for g in self.groups for job in g.jobs for variant in job.judged
        }
        return [
            (variant.study(self.settings.study), *spec.cells)
            for variant in self.variants
            for spec in grid(variant.applied(self.settings))
            if (spec, variant) in jobs
        ]


def plan(settings: Settings) -> Plan:
    """Lay out the study that `settings` describe; raises InputError where it cannot be run."""
    jobs = _jobs(settings)
    made = {
        trained: trained.applied(settings) for trained in dict.fromkeys(j.trained for j in jobs)
    }
    programs: dict[tuple[Any, ...], list[Job]] = {}
    alike: dict[tuple[Variant, str], list[Job]] = {}
    for job in jobs:
        alike.setdefault((job.trained, job.spec.arm), []).append(job)
    for (trained, _), of_arm in alike.items():
        programs.setdefault(_program(of_arm[0], made[trained]), []).extend(of_arm)
    groups = [Group(made[jobs[0].trained], tuple(jobs)) for jobs in programs.values()]
    cut = [(k, jobs) for k, group in enumerate(groups) for jobs in _cut(group, made)]
    # What others start from comes first.
    cut.sort(key=lambda one: not _is_started_from(one[1][0], made))
    chunks = tuple(Chunk(number, k, jobs) for number, (k, jobs) in enumerate(cut))
    return Plan(settings, made, tuple(groups), chunks)


def _program(job: Job, settings: Settings) -> tuple[Any, ...]:
    """Return what a job's compiled program is known by; the site's alone where it has none.

    Runs on both of two surveys have more windows than those on one, which shapes a program too.
    """
    arm = job.spec.of
    if not arm.of_problem:
        return ("located" if arm.locate else "", values(settings, "site", "building"))
    compiled = tuple(p for p in values(settings, *COMPILED_APART) if p[0] != "finetune_plan")
    return (arm.problem_in(settings), arm.plan_in(settings), compiled, arm.both)


def _jobs(settings: Settings) -> list[Job]:
    judged: dict[tuple[Variant, RunSpec], list[Variant]] = {}
    for variant, picks in variants(settings).items():
        made = variant.applied(settings)
        runs = grid(made)
        if lost := [pick for pick in picks if not any(picked(run, [pick]) for run in runs)]:
            raise InputError(
                f"config.sweep: no run of the grid is {lost[0]}", remedy="pick what it has"
            )
        specs = [run for run in runs if picked(run, picks)]
        _check(made, specs)
        for spec in specs:
            judged.setdefault((variant.trained, spec), []).append(variant)
    return [Job(spec, trained, tuple(found)) for (trained, spec), found in judged.items()]


def _check(settings: Settings, specs: list[RunSpec]) -> None:
    """Raise InputError where runs contradict each other or their settings."""
    for spec in specs:
        clauses(spec.of.plan_in(settings))  # says itself what it cannot be
        _check_survey(settings, spec)
        if spec.of.resurveys and settings.survey != "twice":
            raise InputError(
                f"the arm {spec.arm!r} is of a building surveyed twice",
                remedy="set --config.survey=twice",
            )
        if spec.of.chooses and not value(settings, spec.of.chooses):
            raise InputError(
                f"the arm {spec.arm!r} has no {spec.of.chooses} to choose from",
                remedy=f"set --config.{spec.of.chooses}",
            )
        if spec.of.grafts_imu and "imu" not in settings.modalities:
            raise InputError(
                f"the arm {spec.arm!r} grafts the IMU branch, which networks lack",
                remedy="add imu to --config.modalities",
            )
    _check_held(specs)
    if settings.start == FROM_TRANSFERRED and not _covered(specs):
        raise InputError(
            "start is 'from_transferred' but the transferred arm is not trained",
            remedy="add 'transferred' to --config.arms, and pick it in config.sweep",
        )


def _check_held(specs: list[RunSpec]) -> None:
    """Raise InputError where a filter stands without its expert's newest scan held beside it."""
    located = {spec.of.locate for spec in specs if spec.of.locate}
    for one in sorted(located, key=str):
        joined = one.time != HELD and JOINS[one.time].causal
        if joined and Locate(one.expert) not in located:
            raise InputError(
                f"{one.expert} is joined over time, without its newest scan held beside it",
                remedy=f"add {one.expert}-{HELD} to --config.arms",
            )


def _check_survey(settings: Settings, spec: RunSpec) -> None:
    """Raise InputError where a run cannot be judged on windows as settings say."""
    if settings.before_scan == "apart" and spec.of.of_problem and settings.wipe.drop_rates:
        raise InputError(
            f"before_scan is 'apart', and the arm {spec.arm!r} is wiped at random, which counts "
            "all windows",
            remedy="set --config.wipe.drop_rates='()', or --config.before_scan=counted",
        )
    if spec.of.locate and (brief := [n for n in settings.wipe.losses if not LOSSES[n].delivered]):
        raise InputError(
            f"the arm {spec.arm!r} holds scans itself; the loss {brief[0]!r} says how long",
            remedy="leave it out of --config.wipe.losses",
        )
    if spec.of.locate and settings.survey == "twice":
        raise InputError(
            f"the arm {spec.arm!r} locates walks by one survey, and survey is 'twice'",
            remedy="leave it out of --config.arms, or set --config.survey=once",
        )
    if settings.survey != OTHERS:
        return
    if settings.test_round:
        raise InputError(
            f"test_round is {settings.test_round}, but survey='others' tests every round",
            remedy="set --config.test_round=0, or --config.survey=once",
        )
    if spec.of.learns_here or spec.of.chooses_here:
        raise InputError(
            f"the arm {spec.arm!r} {'trains' if spec.of.learns_here else 'chooses'} on the target, "
            "whose every round is tested where survey is 'others'",
            remedy="leave it out of --config.arms, or set --config.survey=once",
        )


def _covered(specs: list[RunSpec]) -> bool:
    """Say whether every fine-tuned run has its seed's transferred network."""
    held = {spec.seed for spec in specs if spec.arm == TRANSFERRED}
    return {spec.seed for spec in specs if spec.arm == FINETUNED} <= held


def _is_started_from(job: Job, made: dict[Variant, Settings]) -> bool:
    return made[job.trained].start == FROM_TRANSFERRED and job.spec.arm == TRANSFERRED


def _cut(group: Group, made: dict[Variant, Settings]) -> Iterator[tuple[Job, ...]]:
    """Yield chunks of runs of about the same length: vectorised runs wait for the longest.

    Predictors go by seed: each chunk has all arms and rates of one. What locates walks goes by seed
    and by variant.
    """

    def length(job: Job) -> float:
        settings = made[job.trained]
        share = 1.0 if settings.protocol == "steps" else job.spec.training_share
        return settings.epochs * share

    def started_from(job: Job) -> bool:
        return _is_started_from(job, made)

    if group.example.of.predict:
        for seed in dict.fromkeys(job.spec.seed for job in group.jobs):
            yield tuple(job for job in group.jobs if job.spec.seed == seed)
        return
    if group.example.of.locate:
        # Arms of one survey share where their experts place its scans.
        alike = [(job.trained, job.spec.seed) for job in group.jobs]
        for each in dict.fromkeys(alike):
            yield tuple(j for j, of in zip(group.jobs, alike, strict=True) if of == each)
        return
    size = group.settings.runs_per_chunk
    falling = sorted(group.jobs, key=length, reverse=True)
    for first in (True, False):
        same = [job for job in falling if started_from(job) == first]
        yield from (tuple(same[i : i + size]) for i in range(0, len(same), size))
