"""How much work a plan is, and how long it will take at a measured speed."""

from collections.abc import Callable

import jax
from ml_collections import ConfigDict

from mtloc_jax.core.flops import pretraining_step_flop, step_flop
from mtloc_jax.report.arms import TRANSFERRED
from mtloc_jax.sites.pretext import RANDOM, n_targets
from mtloc_jax.sites.site import Site
from mtloc_jax.sweep.estimate import Estimate, GroupEstimate
from mtloc_jax.sweep.grid import n_steps, trained_on
from mtloc_jax.sweep.pair import Sites
from mtloc_jax.sweep.plan import Chunk, Job, Plan
from mtloc_jax.sweep.pretraining import pretrained_on
from mtloc_jax.sweep.trainer import Speed
from mtloc_jax.sweep.variants import pretraining_settings

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
        _pretrained_as(plan.of(job)): (plan.of(job), sites[chunk.group].source)
        for chunk in plan.chunks
        if chunk.number in left
        for job in chunk.jobs
        if job.spec.grafted
    }
    pretraining = sum(_pretraining(config, source) for config, source in grafted.values())
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
    gflop = step_flop(config, target, frozen=job.spec.arm == TRANSFERRED) / 1e9
    return steps, steps * gflop


def _pretrained_as(config: ConfigDict) -> str:
    return repr([config[name] for name in pretraining_settings(config)])


def _pretraining(config: ConfigDict, source: Site) -> float:
    """Return the GFLOP of pretraining all seeds; windows without labels are counted too."""
    if config.pretext == RANDOM:
        return 0.0
    n_train = len(source.rows("train"))
    used = [len(pretrained_on(source, seed, config)) for seed in range(config.seeds)]
    steps = sum(n_steps(n, n_train, config.pretrain_epochs, config) for n in used)
    n_outputs = n_targets(config.pretext, source)
    return steps * pretraining_step_flop(config, source, n_outputs) / 1e9


def _summed(work: list[Work]) -> Work:
    return sum(steps for steps, _ in work), sum(gflop for _, gflop in work)
