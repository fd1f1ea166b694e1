"""Who is measured against whom at the matcher and the network on motion, on a simulated floor."""

from dataclasses import replace

from bench.contest import Contest, Scale, Variant
from bench.problem import Shape
from bench.task import Task

LESSONS = {"matcher": Shape(windows=4480, batch=128), "motion": Shape(windows=352, batch=16)}
"""What a floor of 32 walks teaches, in whole batches of the size that studies take."""
_TINY_LESSONS = Shape(windows=40, batch=20)
_SEEDS = (3, 1)  # together: those of a study of another phone, and of one survey
_WALKS, _TINY_WALKS = 32, 4
_TOLERANCE = {"matcher": 1e-3, "motion": 1e-4}
"""Optax takes 1 - 0.999^t of Adam in float32, PyTorch in float64: the first update is 6.5e-6
shorter. On an EPYC the matcher's loss is 1.1e-4 apart after ten steps; with PyTorch's taken in
float32, too, 3e-6."""


def contests(scale: Scale) -> list[Contest]:
    """Return training of the matcher, locating by it, and training on motion."""
    return [
        taught(scale, "matcher", "The matcher, training steps"),
        locating(scale),
        taught(scale, "motion", "The network on motion, training steps"),
    ]


def taught(scale: Scale, of: str, title: str) -> Contest:
    """Put training steps beside a PyTorch script of the same network, loss and batches."""
    shape = _TINY_LESSONS if scale.tiny else LESSONS[of]
    ours = [
        Variant(
            f"ours-{of}-{seeds}",
            f"ours, {seeds} seed{'s' if seeds > 1 else ''}",
            Task("expert", shape, runs=seeds, options={"of": of}),
            lane="jax",
        )
        for seeds in _SEEDS
    ]
    torch = _torch(scale, of, shape)
    return Contest(
        of,
        title,
        "seed-steps",
        torch[0].name,
        (*ours, *torch),
        scale.rounds,
        scale.round_s,
        check_steps=scale.check_steps,
        tolerance=_TOLERANCE[of],
        least_steps=8,
        batch_runs=max(scale.cores, *_SEEDS),
        written_by=("bench.taught", of, str(_TINY_WALKS if scale.tiny else _WALKS)),
    )


def _torch(scale: Scale, of: str, shape: Shape) -> list[Variant]:
    """Return the script, the setting that is expected to be fastest first."""
    title = "PyTorch script"
    alone = Variant(
        f"torch-{of}-default",
        f"{title}, default threads",
        Task(f"torch_{of}", shape),
        needs=("torch",),
        lane="torch",
    )
    if scale.accelerator:
        return [alone]
    spread = replace(
        alone,
        name=f"torch-{of}-processes",
        title=f"{title}, {scale.cores} x 1 thread",
        processes=scale.cores,
        threads=1,
    )
    compiled = replace(
        spread,
        name=f"torch-{of}-compiled",
        title=f"{title} + compile, {scale.cores} x 1 thread",
        task=replace(alone.task, options={"compiled": True}),
    )
    # A compiler takes nn.GRU as it is.
    return [spread, alone] if scale.quick or of == "motion" else [spread, alone, compiled]


def locating(scale: Scale) -> Contest:
    """Put locating all walks of a floor beside nearest neighbours of scikit-learn."""
    walks = _TINY_WALKS if scale.tiny else _WALKS
    shape = _TINY_LESSONS if scale.tiny else LESSONS["matcher"]

    def variant(name: str, title: str, module: str, **asked) -> Variant:
        task = Task(module, shape, runs=walks, options=asked)
        return Variant(f"{name}-locating", title, task, lane=module)

    peer = variant("sklearn", "scikit-learn k-NN (cosine)", "sklearn_nearest")
    return Contest(
        "locating",
        f"A floor of {walks} walks located, newest fix held",
        "walks",
        peer.name,
        (
            variant("ours-nearest", "ours, k-NN (cosine)", "locate", by="nearest"),
            peer,
            variant("ours-matcher", "ours, matcher: another method", "locate", by="matcher"),
        ),
        scale.rounds,
        scale.round_s,
        check_steps=1,
        error_steps=1,
    )
