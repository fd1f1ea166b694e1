"""Who is measured against whom, at which sizes."""

from collections.abc import Callable
from dataclasses import replace

from bench import accelerated, cost, expert_contests
from bench.contest import Contest, Scale, Variant
from bench.problem import FINETUNE_RATES, Shape
from bench.task import Task

_VMAPPED_RUNS = 8
_LEAST_STEPS = 8


def training(scale: Scale) -> Contest:
    """Put whole training steps of the full network side by side."""
    shape, flops = Shape(), cost.step_flops(Shape())
    counts = [8, 32] if scale.quick else [8, 32, 128]
    ours = [_ours(f"ours-{n}", shape, n, scale, flops, twice=n == counts[0]) for n in counts]
    torch = [*_torch_eager("torch", shape, scale, flops), *_torch_vmap(shape, scale, flops)]
    keras = Variant(
        "keras", "Keras 3 fit (JAX)", Task("keras_fit", shape), needs=("keras",), flops=flops
    )
    flax = Variant("flax", "Flax nn.RNN", Task("flax_rnn", shape), flops=flops)
    product = Variant("matmul", "matrix product", Task("matmul", shape), flops=cost.matmul_flops())
    return Contest(
        "training",
        "Training, whole steps",
        "replica-steps",
        torch[0].name,
        (*ours, *torch, keras, flax, product),
        scale.rounds,
        scale.round_s,
        check_steps=scale.check_steps,
        least_steps=_LEAST_STEPS,
        batch_runs=max(scale.cores, _VMAPPED_RUNS),
    )


def frozen(scale: Scale) -> Contest:
    """Put training with a frozen IMU branch side by side (the transferred arm)."""
    shape, runs = scale.shape, 256 if scale.accelerator and not scale.tiny else 8
    flops = cost.step_flops(shape, "known")
    ours = _ours("ours-frozen", shape, runs, scale, flops, options={"frozen": True})
    torch = [
        replace(one, task=replace(one.task, options={"frozen": True}))
        for one in _torch_eager("torch-frozen", shape, scale, cost.step_flops(shape, "frozen"))
    ]
    return Contest(
        "frozen",
        "Training with the IMU branch frozen",
        "replica-steps",
        torch[0].name,
        (ours, *torch),
        scale.rounds,
        scale.round_s,
        check_steps=scale.check_steps,
        batch_runs=max(scale.cores, _VMAPPED_RUNS),
    )


def judging(mode: str) -> Callable[[Scale], Contest]:
    """Return the contest over Figure 5's grid where a wipe takes single "samples" or "windows"."""

    def contest(scale: Scale) -> Contest:
        shape = scale.shape if scale.tiny else Shape(windows=200 if scale.quick else 600)

        def variant(name: str, title: str, module: str, **settings) -> Variant:
            task = Task(module, shape, runs=settings.pop("runs"), options={"mode": mode})
            return Variant(f"{name}-{mode}", title, task, **settings)

        cores = scale.cores
        naive = variant("naive", "naive loop, compiled", "judge_naive", runs=cores, devices=cores)
        ours = [variant("ours", "ours", "judge", runs=cores, devices=cores)]
        if scale.kernels and not scale.tiny:  # whose units are too few for kernels
            in_kernels = replace(ours[0].task, options={"mode": mode, "recurrence": "fused"})
            title = "ours, fused recurrence"
            ours.append(replace(ours[0], name=f"ours-fused-{mode}", title=title, task=in_kernels))
        torch = variant(
            "torch",
            f"PyTorch loop, {_spread(scale)}",
            "judge_torch",
            runs=1,
            processes=_processes(scale),
            threads=_threads(scale),
            needs=("torch",),
        )
        return Contest(
            f"judging-{mode}",
            f"Judging under wiping, {mode} lost",
            "networks judged",
            naive.name,
            (*ours, naive, torch),
            3 if scale.quick else 5,
            scale.round_s,
            check_steps=1,
        )

    return contest


def rates(scale: Scale) -> Contest:
    """Put a sweep over fine-tune rates beside one padded to the longest run."""
    many = scale.accelerator and not scale.tiny  # of which several follow each other in a lane
    # A study's data: of fewer a GPU's sweep is over before it is under way.
    shape = Shape(windows=16_000) if many else scale.shape
    runs = 256 if many else len(FINETUNE_RATES)
    own = Variant(
        "rates", "steps as the data ask", Task("rates", shape, runs=runs), devices=scale.cores
    )
    padded = replace(
        own,
        name="rates-padded",
        title="padded to the longest",
        task=replace(own.task, options={"padded": True}),
    )
    return Contest(
        "rates",
        "A sweep over fine-tune rates",
        "runs trained",
        padded.name,
        (own, padded),
        3,
        scale.round_s,
    )


def study(scale: Scale) -> Contest:
    """Put the whole quick study beside its PyTorch script: same runs, same seeds.

    One of its first eighty networks errs 3.865 or 3.832 m: donors' weights moved by half their last
    digit decide which, and nothing else moves by more than 0.0002 of itself.
    """
    shape = Shape(windows=800) if scale.quick else scale.shape
    seeds = 8 if scale.accelerator else scale.cores * (1 if scale.quick else 4)
    ours = Variant(
        "study",
        "ours",
        Task("study", shape, runs=seeds),
        devices=scale.cores,
    )
    torch = Variant(
        "study-torch",
        f"PyTorch script, {_spread(scale)}",
        Task("study_torch", shape, runs=seeds // _processes(scale)),
        processes=_processes(scale),
        threads=_threads(scale),
        needs=("torch",),
    )
    return Contest(
        "study",
        f"The quick study, {seeds} seeds, two epochs of it",
        "seeds studied",
        torch.name,
        (ours, torch),
        2 if scale.quick else 3,
        scale.round_s,
        check_steps=1,
        tolerance=1e-2,
        batch_runs=seeds,
    )


def one_run(scale: Scale) -> Contest:
    """Put one run's step, its work dealt out to the cores each step, beside the step as it is."""
    shape = scale.shape
    plain = replace(_ours("one-plain", shape, 1, scale, cost.step_flops(shape)), devices=1)
    batch = replace(
        plain,
        name="one-batch",
        title="its batch dealt out",
        task=Task("one_run", shape, options={"deal": "batch"}),
        devices=max(n for n in range(1, scale.cores + 1) if shape.batch % n == 0),
    )
    branches = replace(
        batch,
        name="one-branches",
        title="its LSTMs side by side",
        task=Task("one_run", shape, options={"deal": "branches"}),
        devices=2,
    )
    return Contest(
        "one-run",
        "One run on all cores",
        "run-steps",
        plain.name,
        (replace(plain, title="as it is"), batch, branches),
        scale.rounds,
        scale.round_s,
        check_steps=scale.check_steps,
        least_steps=_LEAST_STEPS,
    )


def growth(scale: Scale) -> list[Contest]:
    """Return how ours grows with runs, windows and access points."""
    runs = (1, 8, 32) if scale.quick else (1, 8, 32, 128, 1024)
    axes: dict[str, list[tuple[int, Shape, int]]] = {"runs": [(n, Shape(), n) for n in runs]}
    if not scale.quick:
        axes["windows"] = [(n, Shape(windows=n), 8) for n in (400, 1600, 25600)]
        axes["APs"] = [(n, Shape(aps=n), 8) for n in (100, 750, 2000)]
    return [_growth(axis, points, scale) for axis, points in axes.items()]


def all_contests(scale: Scale) -> dict[str, Contest]:
    """Return every contest by name, the weightiest first."""
    contests = [frozen(scale), judging("samples")(scale), judging("windows")(scale), rates(scale)]
    contests += [study(scale), *expert_contests.contests(scale)]
    if not scale.tiny:  # what grows is not tiny
        contests += growth(scale)
    if scale.accelerator:
        contests = accelerated.contests(scale, {one.name: one for one in contests})
    else:
        contests = [training(scale), *contests, one_run(scale)]
    return {contest.name: contest for contest in contests}


def _growth(axis: str, points: list[tuple[int, Shape, int]], scale: Scale) -> Contest:
    variants = tuple(
        replace(
            _ours(f"{axis}-{n}", shape, runs, scale, cost.step_flops(shape)),
            title=f"{n:,} {axis}",
        )
        for n, shape, runs in points
    )
    return Contest(
        f"growth-{axis}",
        f"Ours, growing with {axis}",
        "replica-steps",
        variants[1].name,
        variants,
        2 if scale.quick else 3,
        scale.round_s,
        least_steps=_LEAST_STEPS,
    )


def _ours(
    name: str, shape: Shape, runs: int, scale: Scale, flops: int, *, options=None, twice=False
) -> Variant:
    return Variant(
        name,
        f"ours, {runs} runs",
        Task("ours", shape, runs=runs, options=options or {}),
        devices=scale.cores,
        twice=twice,
        flops=flops,
    )


def _torch_eager(name: str, shape: Shape, scale: Scale, flops: int) -> list[Variant]:
    """Return the eager loop, the best setting first."""
    task, title = Task("torch_eager", shape), "PyTorch nn.LSTM"
    alone = Variant(
        f"{name}-default", f"{title}, default threads", task, needs=("torch",), flops=flops
    )
    if scale.accelerator:
        return [alone]
    spread = replace(
        alone,
        name=f"{name}-processes",
        title=f"{title}, {_spread(scale)}",
        processes=scale.cores,
        threads=1,
    )
    return [spread, alone]


def _torch_vmap(shape: Shape, scale: Scale, flops: int) -> list[Variant]:
    plain = Variant(
        "torch-vmap",
        f"PyTorch vmap, {_VMAPPED_RUNS} runs",
        Task("torch_vmap", shape, runs=_VMAPPED_RUNS),
        needs=("torch",),
        flops=flops,
    )
    compiled = replace(
        plain,
        name="torch-vmap-compiled",
        title=f"PyTorch vmap + compile, {_VMAPPED_RUNS} runs",
        task=replace(plain.task, options={"compiled": True}),
        twice=True,
    )
    return [plain] if scale.quick else [plain, compiled]


def _processes(scale: Scale) -> int:
    return 1 if scale.accelerator else scale.cores


def _threads(scale: Scale) -> int:
    return 0 if scale.accelerator else 1


def _spread(scale: Scale) -> str:
    return "1 process" if scale.accelerator else f"{scale.cores} x 1 thread"
