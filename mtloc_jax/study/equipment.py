"""What chunks compute with: windows on the devices and compiled programs, each made once."""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial

from mtloc_jax.core.problem import Problem
from mtloc_jax.core.train import Run, Static
from mtloc_jax.settings import Wipe, replaced
from mtloc_jax.sites.losses import befallen
from mtloc_jax.sites.site import Arrays, Site
from mtloc_jax.study import batches, memory, replicas
from mtloc_jax.study.ahead import compile_together
from mtloc_jax.study.judge import Judge
from mtloc_jax.study.opened import Report, Sites
from mtloc_jax.study.plan import Chunk, Plan
from mtloc_jax.study.programs import problem_of, program_of
from mtloc_jax.study.runs import prepared
from mtloc_jax.study.starts import Starts
from mtloc_jax.study.trainer import Speed, Trainer, Watched
from mtloc_jax.study.validating import few_windows
from mtloc_jax.study.variants import Variant

CALIBRATED_SEEDS = 64
"""At most: calibrating needs some networks, not one for each of thousands."""


class Equipment:
    """Hold what all chunks of one study compute with."""

    def __init__(self, plan: Plan, sites: list[Sites], starts: Starts, report: Report) -> None:
        """Compile and place nothing yet; `sites` are each group's."""
        self.plan, self.sites, self.starts, self.report = plan, sites, starts, report
        self._trainers: dict[tuple[int, Static], Trainer] = {}
        self._judges: dict[tuple[Problem, Wipe], Judge] = {}
        self._data: dict[int, dict[str, Arrays]] = {}
        self._few: dict[int, Arrays | None] = {}
        self._ahead: set[Hashable] = set()

    def calibrated(self, chunk: Chunk) -> Speed:
        """Train a little of what trains with a chunk."""
        batch = next(batch for batch in self.together(self.plan.chunks) if chunk in batch)
        data = self.data(chunk.group)["train"]
        return self.trainer(batch).calibrate(self._sample(batch), data)

    def compile_ahead(self, chunks: Iterable[Chunk]) -> None:
        """Compile what pretrains for, trains and judges chunks, programs side by side; once.

        Not for cores: there programs compile in the time of a few steps, on all cores as it is.
        """
        if replicas.replica_axis() == "map":
            return
        work: dict[Hashable, list[Callable[[], object]]] = {}
        for batch in self.together(chunks):
            if not batch[0].jobs[0].spec.of.of_problem:
                continue
            for job in (job for chunk in batch for job in chunk.jobs):
                where = self.plan.of(job), self.sites[batch[0].group]
                for program, shapes in self.starts.compiling(job, *where).items():
                    work.setdefault(program, []).extend(shapes)
            trainer, group = self.trainer(batch), batch[0].group
            names = tuple(dict.fromkeys(n for chunk in batch for n in self.unwiped(chunk)))
            judges = {self.judge(chunk, v) for chunk in batch for v in variants_of(chunk)}
            new = {one for one in (trainer, *judges) if self._is_new((id(one), group, names))}
            if not new:
                continue
            data, runs = self.data(group), self._sample(batch)
            if trainer in new:
                train = partial(trainer.compile, runs, data["train"], self.watched(group))
                work.setdefault(trainer.program, []).append(train)
            unwiped = [data[name] for name in names]
            for judge in judges & new:
                asked = judge.compiling(runs[0].start, runs[0].scaler, unwiped, data["test"])
                for program, shapes in asked.items():
                    work.setdefault(program, []).extend(shapes)
        if work:
            compile_together(work, partial(self.report, "compiling"))

    def _is_new(self, asked: Hashable) -> bool:
        """Say whether something is to be compiled for the first time."""
        known = len(self._ahead)
        self._ahead.add(asked)
        return len(self._ahead) > known

    def _sample(self, batch: tuple[Chunk, ...]) -> list[Run]:
        """Return runs like those of a batch, from fresh networks: grafts cost the same."""
        target, runs = self.sites[batch[0].group].target, []
        for job in (job for one in batch for job in one.jobs):
            settings = self.plan.of(job)
            few = replaced(settings, {"seeds": min(settings.seeds, CALIBRATED_SEEDS)})
            fresh = self.starts.fresh(job.spec, few, target)
            start = replicas.take(fresh, job.spec.seed % few.seeds)
            runs.append(prepared(job.spec, start, target, settings))
        return runs

    def together(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, ...]]:
        """Yield neighbouring chunks that train at once: as many as fill the devices a few times.

        Where cores train one run after the other, each chunk is alone.
        """
        return batches.together(chunks, memory.runs_together(replicas.mesh().size), self._alike)

    def _alike(self, one: Chunk, other: Chunk) -> bool:
        """Say whether two chunks train by one program, and neither starts from the other."""
        if one.group != other.group or not one.jobs[0].spec.of.of_problem:
            return False
        first = (self.plan.is_started_from(chunk.jobs[0]) for chunk in (one, other))
        return len(set(first)) == 1 and self._program(one) == self._program(other)

    def watched(self, group: int) -> Watched | None:
        """Return on what runs are measured while they train; None where they are not."""
        times, target = self.plan.settings.validations, self.sites[group].target
        if not times:
            return None
        if id(target) not in self._few:
            self._few[id(target)] = few_windows(target)
        few = self._few[id(target)]
        return None if few is None else Watched(few, times)

    def trainer(self, batch: tuple[Chunk, ...]) -> Trainer:
        """Return what trains chunks that train at once."""
        group = batch[0].group
        key = group, self._program(batch[0])
        if key not in self._trainers:
            every = self.together(c for c in self.plan.chunks if c.group == group)
            most = max(sum(len(chunk.jobs) for chunk in one) for one in every)
            self._trainers[key] = Trainer(key[1], most)
        return self._trainers[key]

    def _program(self, chunk: Chunk) -> Static:
        """Return the program that trains a chunk."""
        group, shapes = self.plan.groups[chunk.group], self.sites[chunk.group].target.shapes()
        # Jobs of a group may differ in whether they drop: two programs, for the draws are dear.
        asked = [self.plan.of(job) for job in chunk.jobs]
        return dataclasses.replace(
            program_of(group.example, shapes, group.settings),
            drops=any(one.dropout > 0 for one in asked),
            takes=any(one.modality_dropout > 0 for one in asked),
        )

    def judge(self, chunk: Chunk, variant: Variant) -> Judge:
        """Return a judge; programs that differ in how they train share it."""
        group = self.plan.groups[chunk.group]
        wipe = variant.applied(self.plan.settings).wipe
        key = (problem_of(group.example, group.settings), wipe)
        if key not in self._judges:
            trained = [k for k, g in enumerate(self.plan.groups) if g.example.of.of_problem]
            self._judges[key] = Judge(*key, max(map(self.plan.size, trained)))
        return self._judges[key]

    def data(self, group: int) -> dict[str, Arrays]:
        """Return a target's windows on the devices, by split; and those that a loss befell."""
        target = self.sites[group].target
        if id(target) not in self._data:
            lost = {
                name: placed(befallen(target, name), "test")
                for name in self.losses(self.plan.variants)
            }
            splits = ("train", *target.split.judged)
            self._data[id(target)] = {split: placed(target, split) for split in splits} | lost
        return self._data[id(target)]

    def unwiped(self, chunk: Chunk) -> tuple[str, ...]:
        """Return the names of the windows that a chunk's networks are judged on untouched."""
        return (*self.sites[chunk.group].target.split.judged, *self.losses(variants_of(chunk)))

    def losses(self, judged: Iterable[Variant]) -> list[str]:
        """Return every loss that variants are judged under; its windows are judged like a split."""
        made = (variant.applied(self.plan.settings) for variant in judged)
        return list(dict.fromkeys(name for settings in made for name in settings.wipe.losses))


def placed(site: Site, split: str) -> Arrays:
    """Put a split's windows on each device."""
    return replicas.placed(site.arrays(site.rows(split)), replicas.mesh(), replicas.ALL)


def variants_of(chunk: Chunk) -> list[Variant]:
    """Return the variants that the runs of a chunk are judged by."""
    return list(dict.fromkeys(variant for job in chunk.jobs for variant in job.judged))
