"""Who is measured against whom on a GPU or TPU: what was never measured first, in minutes in all.

Before all others what the device can do at most, so that each rate can be told as a share of it.
"""

from collections.abc import Mapping
from dataclasses import replace

from bench import cost
from bench.contest import Contest, Scale, Variant
from bench.precision import PRECISIONS, TOLERANCES
from bench.problem import EPOCHS
from bench.task import Task

RUNS = {"float32": (256, 64, 1024, 8), "tf32": (256, 64, 1024, 8), "bf16": (256, 64)}
"""Runs at once, those that matter most first. A compiler that tries kernels takes its time: bf16,
nobody's default, has the two main sizes."""
FUSED_PRECISION = "tf32"  # JAX's own choice on a GPU
_FUSED_RUNS = (256, 64)
_TINY_RUNS = (2, 4)
_FUSED_HIDDEN = 64  # the fewest units that a fused kernel takes

_ERROR_STEPS = 64  # four epochs: errors have fallen far, rounding has not yet grown
# How long a contest's contestants may take to begin to compile, and each to answer after that.
_STARTS_S, _ANSWERS_S = 60.0, 75.0
_LONG_TO_COMPILE = "training-float32", "study"
"""Of float32 products a compiler tries the most, and a study has many programs: twice as long."""
_TINY_STARTS_S = 900.0  # a rehearsal may be on a busy machine
_PRODUCT_SIZE = 8192
_COPY_MB = 4096


def contests(scale: Scale, elsewhere: Mapping[str, Contest]) -> list[Contest]:
    """Return every contest, those that were never measured on a GPU first.

    elsewhere: contests that a CPU is measured by as well, by name
    """

    def hurried(*names: str) -> list[Contest]:
        return [_hurried(scale, elsewhere[name], FUSED_PRECISION) for name in names]

    never = "matcher", "motion", "study"
    measured = "frozen", "rates", "judging-samples", "judging-windows"
    others = [name for name in elsewhere if name not in (*never, *measured)]
    return [
        ceilings(scale),
        *hurried(*never),
        training(scale, "tf32"),
        *hurried(*measured),
        training(scale, "float32"),
        training(scale, "bf16"),
        *hurried(*others),
        *([fused(scale)] if scale.kernels else []),
    ]


def _hurried(scale: Scale, contest: Contest, precision: str) -> Contest:
    """Return a contest in one precision whose contestants have only so long to start."""
    variants = tuple(
        replace(
            one,
            task=replace(one.task, precision=precision),
            lane=one.lane or one.task.module.split("_")[0],
        )
        for one in contest.variants
    )
    tolerance = max(contest.tolerance, TOLERANCES[precision])
    return _bounded(scale, replace(contest, variants=variants, tolerance=tolerance))


def _bounded(scale: Scale, contest: Contest) -> Contest:
    if scale.tiny:
        return replace(contest, start_s=_TINY_STARTS_S)
    times = 2 if contest.name in _LONG_TO_COMPILE else 1
    return replace(contest, start_s=times * _STARTS_S, answer_s=times * _ANSWERS_S)


def ceilings(scale: Scale) -> Contest:
    """Measure the rates nothing can exceed: memory copied, and large products by precision."""
    size, copy_mb = (64, 1) if scale.tiny else (_PRODUCT_SIZE, _COPY_MB)
    copied = Variant(
        "copy",
        f"{copy_mb:,} MB read and written",
        Task("copied", scale.shape, options={"megabytes": copy_mb}),
        least_bytes=cost.copied_bytes(copy_mb),
        lane="jax",
    )
    products = [
        Variant(
            f"matmul-{name}",
            f"matrix product, {name}, {size:,} wide",
            Task("matmul", scale.shape, precision=name, options={"size": size}),
            flops=cost.matmul_flops(size),
            lane="jax",
        )
        for name in PRECISIONS
    ]
    contest = Contest(
        "ceilings",
        "What the device does at most",
        "times",
        copied.name,
        (copied, *products),
        scale.rounds,
        scale.round_s,
    )
    return _bounded(scale, contest)


def fused(scale: Scale) -> Contest:
    """Put training with kernels of our own beside the same without, and PyTorch's plain loop."""
    shape = replace(scale.shape, hidden=_FUSED_HIDDEN) if scale.tiny else scale.shape
    sizes = _TINY_RUNS if scale.tiny else _FUSED_RUNS
    ours = [
        _counted(
            Variant(
                f"ours-{recurrence}-{runs}",
                f"ours, {recurrence} recurrence, {runs:,} runs",
                Task("ours", shape, runs=runs, options={"recurrence": recurrence}),
                lane="jax",
            )
        )
        for runs in sizes
        for recurrence in ("fused", "plain")
    ]
    torch = replace(_torch(scale)[0], task=Task("torch_eager", shape))
    variants = tuple(
        replace(one, task=replace(one.task, precision=FUSED_PRECISION)) for one in (*ours, torch)
    )
    contest = Contest(
        "fused",
        f"Training with a fused recurrence, products in {FUSED_PRECISION}",
        "replica-steps",
        ours[1].name,
        variants,
        scale.rounds,
        scale.round_s,
        check_steps=scale.check_steps,
        tolerance=TOLERANCES[FUSED_PRECISION],
        error_steps=EPOCHS * shape.batches if scale.tiny else _ERROR_STEPS,
        least_steps=8,
        batch_runs=1,
        traced=tuple(one.name for one in ours[:2]),
    )
    return _bounded(scale, contest)


def training(scale: Scale, precision: str) -> Contest:
    """Put whole training steps of the full network side by side, products in one precision."""
    everyone = (*_ours(scale, precision), *_torch(scale))
    if precision != "float32":  # cuDNN's LSTM is not compiled: once is enough to show it
        everyone = tuple(one for one in everyone if one.name != "torch-compiled")
    variants = tuple(replace(one, task=replace(one.task, precision=precision)) for one in everyone)
    contest = Contest(
        f"training-{precision}",
        f"Training, whole steps, products in {precision}",
        "replica-steps",
        "torch",
        variants,
        scale.rounds,
        scale.round_s,
        check_steps=scale.check_steps,
        tolerance=TOLERANCES[precision],
        error_steps=EPOCHS * scale.shape.batches if scale.tiny else _ERROR_STEPS,
        least_steps=8,
        batch_runs=max(_peers_runs(scale)),
        traced=tuple(one.name for one in variants[:2]),
    )
    return _bounded(scale, contest)


def _ours(scale: Scale, precision: str) -> list[Variant]:
    ours = [
        _counted(
            Variant(
                f"ours-{runs}",
                f"ours, {runs:,} runs",
                Task("ours", scale.shape, runs=runs),
                lane="jax",
            )
        )
        for runs in (_TINY_RUNS if scale.tiny else RUNS[precision])
    ]
    if not scale.before:
        return ours
    older, names = ours[0], (f"{ours[0].name}-before", f"{ours[0].title}, before")
    return [*ours, replace(older, name=names[0], title=names[1], library=scale.before)]


def _torch(scale: Scale) -> list[Variant]:
    """Return PyTorch as most people write it, then every way to make it faster."""
    few, many = _peers_runs(scale)
    loop = ("torch_graph", "PyTorch nn.LSTM (cuDNN) in a CUDA graph")
    vmapped, compiled = ("torch_vmap", "PyTorch vmap"), {"compiled": True}
    return [
        _peer(scale, "torch", "torch_eager", "PyTorch nn.LSTM (cuDNN)"),
        _peer(scale, "torch-graph", *loop),
        _peer(scale, f"torch-graph-{few}", loop[0], f"{loop[1]}, {few} runs", runs=few),
        _peer(scale, f"torch-vmap-{many}", vmapped[0], f"{vmapped[1]}, {many} runs", runs=many),
        _peer(
            scale,
            f"torch-vmap-graph-{many}",
            vmapped[0],
            f"{vmapped[1]} in a CUDA graph, {many} runs",
            runs=many,
            options={"graphed": True},
        ),
        _peer(
            scale,
            f"torch-vmap-compiled-{many}",
            vmapped[0],
            f"{vmapped[1]} + compile in a CUDA graph, {many} runs",
            runs=many,
            options=compiled | {"graphed": True},
        ),
        _peer(
            scale, "torch-compiled", "torch_eager", "PyTorch nn.LSTM + compile", options=compiled
        ),
    ]


def _peer(
    scale: Scale, name: str, module: str, title: str, *, runs: int = 1, options=None
) -> Variant:
    asked = options or {}
    task = Task(module, scale.shape, runs=runs, options=asked)
    lane = "compile" if asked.get("compiled") else "torch"
    threads = 1 if scale.tiny else 0  # on a CPU threads wait for each other longer than they work
    return _counted(Variant(name, title, task, threads=threads, needs=("torch",), lane=lane))


def _counted(one: Variant) -> Variant:
    shape = one.task.shape
    return replace(one, flops=cost.step_flops(shape), least_bytes=cost.step_bytes(shape))


def _peers_runs(scale: Scale) -> tuple[int, int]:
    """Return how many runs the peers train at once: few streams, or one vmapped step."""
    return (2, 4) if scale.tiny else (8, 64)
