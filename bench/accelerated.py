"""Who is measured against whom on a GPU or TPU: the weightiest contest first, in minutes in all.

One contest a precision, and before them what the device can do at most, so that each rate can be
told as a share of it.
"""

from dataclasses import replace

from bench import cost
from bench.contest import Contest, Scale, Variant
from bench.precision import PRECISIONS, TOLERANCES
from bench.problem import EPOCHS
from bench.task import Task

RUNS = (64, 256, 1024, 8)
"""Runs at once, those that matter most first."""

_ERROR_STEPS = 64  # four epochs: errors have fallen far, rounding has not yet grown
_STARTS_S, _FIRST_STARTS_S = 90.0, 150.0  # the first time, libraries are read from disk as well
_TINY_STARTS_S = 900.0  # a rehearsal may be on a busy machine
_PRODUCT_SIZE = 8192
_COPY_MB = 4096


def contests(scale: Scale) -> list[Contest]:
    """Return what the device can do at most, then training in each precision."""
    return [ceilings(scale), *(training(scale, name) for name in PRECISIONS)]


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
    return Contest(
        "ceilings",
        "What the device does at most",
        "times",
        copied.name,
        (copied, *products),
        scale.rounds,
        scale.round_s,
        start_s=_starts_s(scale),
    )


def training(scale: Scale, precision: str) -> Contest:
    """Put whole training steps of the full network side by side, products in one precision."""
    everyone = (*_ours(scale, precision), *_torch(scale))
    if precision != "float32":  # cuDNN's LSTM is not compiled: once is enough to show it
        everyone = tuple(one for one in everyone if one.name != "torch-compiled")
    variants = tuple(replace(one, task=replace(one.task, precision=precision)) for one in everyone)
    return Contest(
        f"training-{precision}",
        f"Training, whole steps, products in {precision}",
        "replica-steps",
        "torch",
        variants,
        scale.rounds,
        scale.round_s,
        check_steps=2 if scale.tiny else 10,
        tolerance=TOLERANCES[precision],
        error_steps=EPOCHS * scale.shape.batches if scale.tiny else _ERROR_STEPS,
        least_steps=8,
        batch_runs=max(_peers_runs(scale)),
        traced=tuple(one.name for one in variants[:2]),
        start_s=_starts_s(scale, precision),
    )


def _starts_s(scale: Scale, precision: str = "") -> float:
    if scale.tiny:
        return _TINY_STARTS_S
    return _FIRST_STARTS_S if precision == PRECISIONS[0] else _STARTS_S


def in_float32(contest: Contest) -> Contest:
    """Return a contest all of whose products are float32, so that its outcomes can be compared."""
    asked = [replace(v, task=replace(v.task, precision="float32")) for v in contest.variants]
    return replace(contest, variants=tuple(asked))


def _ours(scale: Scale, precision: str) -> list[Variant]:
    # A compiler that tries kernels takes its time: bf16, nobody's default, has the two main sizes.
    ours = [
        _counted(
            Variant(
                f"ours-{runs}",
                f"ours, {runs:,} runs",
                Task("ours", scale.shape, runs=runs),
                lane="jax",
            )
        )
        for runs in ((4, 2) if scale.tiny else RUNS[: 2 if precision == "bf16" else None])
    ]
    if not scale.before:
        return ours
    older, names = ours[1], (f"{ours[1].name}-before", f"{ours[1].title}, before")
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
