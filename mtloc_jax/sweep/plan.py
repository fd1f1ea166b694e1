"""Which networks a study trains, grouped by compiled program and cut into chunks.

The plan follows from the config alone: whatever device, share or memory, chunk 7 is chunk 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ml_collections import ConfigDict

from mtloc_jax.errors import InputError
from mtloc_jax.report.arms import FINETUNED, TRANSFERRED
from mtloc_jax.sweep.grid import RunSpec, grid
from mtloc_jax.sweep.variants import STATIC, Variant, picked, variants

Key = tuple[str, str, str, str]
"""The cells study, arm, finetune_rate and seed of a row."""


@dataclass(frozen=True)
class Job:
    """Name one network to train, with which settings, and as which variants it is judged."""

    spec: RunSpec
    trained: Variant
    judged: tuple[Variant, ...]


@dataclass(frozen=True)
class Group:
    """Hold jobs that share one compiled program.

    config: of any of them; what is compiled is equal in all
    stages: a later stage starts from networks of the one before
    """

    config: ConfigDict
    stages: tuple[tuple[Job, ...], ...]

    @property
    def jobs(self) -> list[Job]:
        """Return the jobs of all stages."""
        return [job for stage in self.stages for job in stage]


@dataclass(frozen=True)
class Chunk:
    """Hold jobs that train, and reach the disk, together."""

    number: int
    group: int
    jobs: tuple[Job, ...]

    @property
    def frozen(self) -> bool:
        """Say whether all its runs keep the grafted branch as it is."""
        return all(job.spec.arm == TRANSFERRED for job in self.jobs)


@dataclass(frozen=True)
class Plan:
    """Hold a study's jobs as groups and as chunks."""

    config: ConfigDict
    configs: dict[Variant, ConfigDict]
    groups: tuple[Group, ...]
    chunks: tuple[Chunk, ...]

    @property
    def variants(self) -> list[Variant]:
        """Return the variants that rows are measured for, in order."""
        return list(variants(self.config))

    def of(self, job: Job) -> ConfigDict:
        """Return the config that a job is trained with."""
        return self.configs[job.trained]

    def size(self, group: int) -> int:
        """Return the most runs that a chunk of a group has."""
        return max(len(chunk.jobs) for chunk in self.chunks if chunk.group == group)

    def order(self) -> list[Key]:
        """Return the runs of rows.csv in its order: by variant, first stages first."""
        staged = [stage for group in self.groups for stage in group.stages]
        return [
            (variant.study(self.config.study), *_cells(job.spec))
            for variant in self.variants
            for stage in staged
            for job in stage
            if variant in job.judged
        ]


def plan(config: ConfigDict) -> Plan:
    """Lay out the study that `config` describes; raises InputError where it cannot be run."""
    jobs = _jobs(config)
    configs = {trained: trained.applied(config) for trained in {job.trained for job in jobs}}
    programs: dict[str, list[Job]] = {}
    for job in jobs:
        static = repr([configs[job.trained][name] for name in STATIC])
        programs.setdefault(static, []).append(job)
    groups = tuple(_group(jobs, configs) for jobs in programs.values())
    cut = [(k, jobs) for k, group in enumerate(groups) for jobs in _cut(group, configs)]
    chunks = tuple(Chunk(number, k, jobs) for number, (k, jobs) in enumerate(cut))
    return Plan(config, configs, groups, chunks)


def _jobs(config: ConfigDict) -> list[Job]:
    judged: dict[tuple[Variant, RunSpec], list[Variant]] = {}
    for variant, picks in variants(config).items():
        made = variant.applied(config)
        specs = [spec for spec in grid(made) if picked(spec, picks)]
        if not specs:
            raise InputError(
                f"config.sweep: no run of the grid is {picks}", remedy="pick what it has"
            )
        if made.start == "from_transferred" and not _covered(specs):
            raise InputError(
                "start is 'from_transferred' but the transferred arm is not trained",
                remedy="add 'transferred' to --config.arms, and pick it in config.sweep",
            )
        for spec in specs:
            judged.setdefault((variant.trained, spec), []).append(variant)
    return [Job(spec, trained, tuple(found)) for (trained, spec), found in judged.items()]


def _covered(specs: list[RunSpec]) -> bool:
    """Say whether every fine-tuned run has its seed's transferred network."""
    held = {spec.seed for spec in specs if spec.arm == TRANSFERRED}
    return {spec.seed for spec in specs if spec.arm == FINETUNED} <= held


def _group(jobs: list[Job], configs: dict[Variant, ConfigDict]) -> Group:
    def first(job: Job) -> bool:
        staged = configs[job.trained].start == "from_transferred"
        return staged and job.spec.arm == TRANSFERRED

    stages = ([j for j in jobs if first(j)], [j for j in jobs if not first(j)])
    return Group(configs[jobs[0].trained], tuple(tuple(stage) for stage in stages if stage))


def _cut(group: Group, configs: dict[Variant, ConfigDict]) -> Iterator[tuple[Job, ...]]:
    """Yield chunks of runs of about the same length: vectorised runs wait for the longest.

    Runs with a frozen branch have chunks of their own: vectorised, all compute it or none does.
    """

    def length(job: Job) -> float:
        config = configs[job.trained]
        share = 1.0 if config.protocol == "steps" else job.spec.training_share
        return config.epochs * share

    size = group.config.runs_per_chunk
    for stage in group.stages:
        falling = sorted(stage, key=length, reverse=True)
        for frozen in (False, True):
            alike = [job for job in falling if (job.spec.arm == TRANSFERRED) == frozen]
            yield from (tuple(alike[i : i + size]) for i in range(0, len(alike), size))


def _cells(spec: RunSpec) -> tuple[str, str, str]:
    return spec.arm, f"{spec.finetune_rate:.4f}", str(spec.seed)
