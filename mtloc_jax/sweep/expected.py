"""How much work a plan is, and how long it will take at a measured speed."""

from collections.abc import Callable

import jax

from mtloc_jax.core.flops import pretraining_step_flop, step_flop
from mtloc_jax.report.arms import TRANSFERRED
from mtloc_jax.sites.site import Site
from mtloc_jax.sweep.estimate import Estimate, GroupEstimate
from mtloc_jax.sweep.grid import n_steps, trained_on
from mtloc_jax.sweep.pair import Sites
from mtloc_jax.sweep.plan import Chunk, Job, Plan
from mtloc_jax.sweep.replicas import replica_axis
from mtloc_jax.sweep.trainer import Speed
from mtloc_jax.sweep.variants import PRETRAINING

Work = tuple[int, float]
"""Steps, and the GFLOP they take."""


def work_of(chunk: Chunk, plan: Plan, target: Site) -> Work:
    """Return what training a chunk's runs takes."""
    return _summed([_work(job, plan, target) for job in chunk.jobs])


def estimated(
    plan: Plan,
    sites: list[Sites],
    left: set[int],
    calibrate: Callable[[Chunk], Speed],
) -> Estimate:
    """Say what a plan takes.

    sites: of each group; left: numbers of the chunks still to train
    calibrate: measures a chunk; called once for each group with chunks left
    """
    groups = tuple(
        _group(number, plan, each.target, left, calibrate) for number, each in enumerate(sites)
    )
    grafted = {
        repr([plan.of(job)[name] for name in PRETRAINING]): (job, sites[chunk.group].source)
        for chunk in plan.chunks
        if chunk.number in left
        for job in chunk.jobs
        if job.spec.grafted
    }
    pretraining = sum(_pretraining(job, plan, source) for job, source in grafted.values())
    devices = jax.local_devices()
    return Estimate(
        len(plan.variants), groups, pretraining, f"{len(devices)} x {devices[0].device_kind}"
    )


def _group(
    number: int, plan: Plan, target: Site, left: set[int], calibrate: Callable[[Chunk], Speed]
) -> GroupEstimate:
    chunks = [chunk for chunk in plan.chunks if chunk.group == number]
    work = {chunk.number: work_of(chunk, plan, target) for chunk in chunks}
    waiting = [chunk for chunk in chunks if chunk.number in left]
    (steps, gflop), (_, gflop_left) = (
        _summed([work[c.number] for c in some]) for some in (chunks, waiting)
    )
    needed_bytes = seconds = None
    if waiting:
        sample = waiting[0]
        speed = calibrate(sample)
        needed_bytes = speed.needed_bytes
        sample_steps, sample_gflop = work[sample.number]
        seconds = gflop_left / (sample_gflop / sample_steps * speed.steps_per_s)
    config = plan.groups[number].config
    return GroupEstimate(
        settings=f"hidden {config.hidden}, batch {config.batch_size}",
        runs=sum(len(chunk.jobs) for chunk in chunks),
        runs_left=sum(len(chunk.jobs) for chunk in waiting),
        chunks=len(chunks),
        steps=steps,
        gflop=gflop,
        gflop_left=gflop_left,
        memory_bytes=needed_bytes,
        seconds=seconds,
    )


def _work(job: Job, plan: Plan, target: Site) -> Work:
    config = plan.of(job)
    n_windows = len(trained_on(job.spec, target, config))
    steps = n_steps(n_windows, len(target.rows("train")), config.epochs, config)
    frozen = job.spec.arm == TRANSFERRED and replica_axis() == "map"
    return steps, steps * step_flop(config, target, frozen=frozen) / 1e9


def _pretraining(job: Job, plan: Plan, source: Site) -> float:
    config, n_train = plan.of(job), len(source.rows("train"))
    steps = n_steps(n_train, n_train, config.pretrain_epochs, config)
    return config.seeds * steps * pretraining_step_flop(config, source) / 1e9


def _summed(work: list[Work]) -> Work:
    return sum(steps for steps, _ in work), sum(gflop for _, gflop in work)
