"""How much work a plan is, and how long it will take at a measured speed, said before it begins."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import jax

from mtloc_jax.core.flops import step_flop
from mtloc_jax.core.train import Static
from mtloc_jax.settings import Settings, value
from mtloc_jax.sites.pretext import RANDOM
from mtloc_jax.sites.site import Site
from mtloc_jax.study import replicas
from mtloc_jax.study.expected import Expected, Measured, expected
from mtloc_jax.study.opened import Sites
from mtloc_jax.study.plan import Chunk, Job, Plan
from mtloc_jax.study.pretraining import pretrained_on, pretraining_static
from mtloc_jax.study.programs import program_of
from mtloc_jax.study.progress import in_words
from mtloc_jax.study.runs import n_steps, n_trained_on
from mtloc_jax.study.trainer import Speed
from mtloc_jax.study.variants import pretrained_by

Work = tuple[int, float]
"""Steps, and the GFLOP they take."""
_NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True)
class GroupEstimate:
    """Hold what the runs of one compiled program take.

    settings: what sets it apart, in words; memory_bytes: on each device, None where not measured
    seconds, measured: None where nothing is left to calibrate on
    """

    settings: str
    runs: int
    runs_left: int
    chunks: int
    steps: int
    gflop: float
    gflop_left: float
    memory_bytes: int | None
    seconds: float | None
    measured: Measured | None = None


@dataclass(frozen=True)
class Estimate:
    """Hold a study's groups, what pretraining takes before them, and each stage to the end.

    expected: None where nothing is left
    """

    variants: int
    groups: tuple[GroupEstimate, ...]
    pretraining_gflop: float
    devices: str
    expected: Expected | None = None

    def lines(self) -> Iterator[str]:
        """Yield the plan as lines of text."""
        runs, steps = sum(g.runs for g in self.groups), sum(g.steps for g in self.groups)
        gflop = sum(g.gflop for g in self.groups)
        named = f", {self.variants} variants" if self.variants > 1 else ""
        programs = "1 program" if len(self.groups) == 1 else f"{len(self.groups)} programs"
        yield f"plan: {runs} runs{named}, {programs}, {steps:,} steps, {gflop:,.0f} GFLOP"
        timed = self.expected is not None and self.expected.is_alone
        for group in self.groups:
            yield "  " + _line(group if timed else replace(group, seconds=None))
        if self.pretraining_gflop:
            yield f"  pretraining: {self.pretraining_gflop:,.0f} GFLOP"
        if self.expected is None:
            yield "nothing left to train"
        else:
            yield from self.expected.lines(self.devices)


def _line(group: GroupEstimate) -> str:
    chunks = "1 chunk" if group.chunks == 1 else f"{group.chunks} chunks"
    parts = [f"{group.settings}: {group.runs} runs in {chunks}"]
    if group.runs_left < group.runs:
        parts.append(f"{group.runs_left} left")
    parts += [f"{group.steps:,} steps", f"{group.gflop:,.0f} GFLOP"]
    if group.memory_bytes is not None:
        parts.append(f"{group.memory_bytes / 2**20:,.0f} MiB a device")
    if group.seconds is not None:
        parts.append(in_words(group.seconds))
    return ", ".join(parts)


def work_of(chunk: Chunk, plan: Plan, target: Site) -> Work:
    """Return what training a chunk's runs takes."""
    group = plan.groups[chunk.group]
    if not group.example.of.of_problem:
        return 0, 0.0
    steps = sum(_steps(job, plan, target) for job in chunk.jobs)
    program = program_of(group.example, target.shapes(), group.settings)
    return steps, steps * _step_flop(program, tuple(target.shapes().items())) / 1e9


def estimated(
    plan: Plan,
    sites: list[Sites],
    left: set[int],
    calibrate: Callable[[Chunk], Speed],
    around_s: Mapping[str, float] = _NOTHING,
    is_pretrained: Callable[[Job], bool] = lambda job: False,
) -> Estimate:
    """Say what a plan takes.

    sites: of each group; left: numbers of the chunks still to train
    calibrate: measures a chunk; called once for each group with chunks left
    around_s: what reading took, and a report will take, by stage
    is_pretrained: whether what a job grafts from is at hand
    """
    groups = tuple(
        _group(number, plan, each.target, left, calibrate) for number, each in enumerate(sites)
    )
    trained = dict.fromkeys(
        (job.trained, chunk.group)
        for chunk in plan.chunks
        if chunk.number in left
        for job in chunk.jobs
        if job.spec.of.grafts_imu and "source" in sites[chunk.group].opened
        if not is_pretrained(job)
    )
    grafted = {
        _pretrained_as(plan.made[variant]): (plan.made[variant], sites[group].source)
        for variant, group in trained
    }
    pretraining = sum(_pretraining(config, source) for config, source in grafted.values())
    devices = jax.local_devices()
    named = f"{len(devices)} x {devices[0].device_kind}"
    waiting = [chunk for chunk in plan.chunks if chunk.number in left]
    measured = {number: g.measured for number, g in enumerate(groups) if g.measured}
    training_s = sum(group.seconds or 0.0 for group in groups)
    pretraining_s = 0.0
    if training_s:  # pretraining is as quick as the rest, by its products
        pretraining_s = training_s * pretraining / sum(group.gflop_left for group in groups)
        runs = next(len(chunk.jobs) for chunk in waiting if chunk.group in measured)
        pretraining_s *= _idling(plan.settings.seeds) / _idling(runs)
    times = training_s, pretraining_s
    found = expected(plan, sites, waiting, measured, *times) if waiting else None
    found = found and found.beside(around_s)
    return Estimate(len(plan.variants), groups, pretraining, named, found)


def _group(
    number: int, plan: Plan, target: Site, left: set[int], calibrate: Callable[[Chunk], Speed]
) -> GroupEstimate:
    chunks = [chunk for chunk in plan.chunks if chunk.group == number]
    work = {chunk.number: work_of(chunk, plan, target) for chunk in chunks}
    waiting = [chunk for chunk in chunks if chunk.number in left]
    (steps, gflop), (_, gflop_left) = (
        _summed([work[c.number] for c in some]) for some in (chunks, waiting)
    )
    needed_bytes = seconds = measured = None
    if waiting and sum(work[chunk.number][0] for chunk in waiting):
        sample = next(chunk for chunk in waiting if work[chunk.number][0])
        speed = calibrate(sample)
        needed_bytes = speed.needed_bytes
        sample_steps, sample_gflop = work[sample.number]
        # Where runs train one by one, some devices may lack one.
        idling = [(work[c.number][1], _idling(len(c.jobs))) for c in waiting]
        took = sum(gflop * factor for gflop, factor in idling) / _idling(len(sample.jobs))
        seconds = took / (sample_gflop / sample_steps * speed.steps_per_s)
        measured = Measured(1 / speed.steps_per_s, speed.compiled_s, speed.own)
    return GroupEstimate(
        settings=_words(plan, number),
        runs=sum(len(chunk.jobs) for chunk in chunks),
        runs_left=sum(len(chunk.jobs) for chunk in waiting),
        chunks=len(chunks),
        steps=steps,
        gflop=gflop,
        gflop_left=gflop_left,
        memory_bytes=needed_bytes,
        seconds=seconds,
        measured=measured,
    )


def _words(plan: Plan, number: int) -> str:
    settings, arm = plan.groups[number].settings, plan.groups[number].example.of
    if not arm.of_problem:
        return "walks located" if arm.locate else "predictors"
    trained = "" if arm.plan_in(settings) == "all" else f", {arm.plan_in(settings)}"
    return f"hidden {settings.hidden}, batch {settings.batch_size}{trained}"


def _steps(job: Job, plan: Plan, target: Site) -> int:
    settings = plan.of(job)
    n_windows = n_trained_on(job.spec, target, settings)
    return n_steps(n_windows, len(target.rows("train")), settings.epochs, settings)


@cache
def _step_flop(program: Static, shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> int:
    return step_flop(program, dict(shapes))  # traces the network: once a program, not once a run


def _pretrained_as(settings: Settings) -> tuple[object, ...]:
    return tuple(value(settings, name) for name in pretrained_by(settings))


def _pretraining(settings: Settings, source: Site) -> float:
    """Return the GFLOP of pretraining all seeds; windows without labels are counted too."""
    if settings.pretext == RANDOM:
        return 0.0
    n_train = len(source.rows("train"))
    used = [len(pretrained_on(source, seed, settings)) for seed in range(settings.seeds)]
    steps = sum(n_steps(n, n_train, settings.pretrain_epochs, settings) for n in used)
    shapes = (("imu", source.shapes()["imu"]),)
    return steps * _step_flop(pretraining_static(source, settings), shapes) / 1e9


def _idling(runs: int) -> float:
    """Return how much longer runs take for devices that lack one: a core trains one at a time."""
    if replicas.replica_axis() == "vmap":
        return 1.0
    devices = replicas.mesh().size
    return -(-runs // devices) * devices / runs


def _summed(work: list[Work]) -> Work:
    return sum(steps for steps, _ in work), sum(gflop for _, gflop in work)
