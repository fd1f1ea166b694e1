"""How long each stage of a study will take, by what was measured on this machine beforehand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import jax

from mtloc_jax.settings import Settings, Wipe
from mtloc_jax.sites.site import Site
from mtloc_jax.study import replicas
from mtloc_jax.study.opened import Sites
from mtloc_jax.study.plan import Chunk, Job, Plan
from mtloc_jax.study.progress import in_words
from mtloc_jax.study.stages import COMPILING, JUDGING, READING, REPORTING, STAGES, TRAINING
from mtloc_jax.study.variants import Variant

FORWARD = 0.46
"""What it takes to ask a network, of a step of training on as many windows: on a CPU, at the
paper's sizes."""
WIPED = 0.002
"""What one wiped share of one modality takes of that: but for it, features are known by then."""
# Of what the training program took to compile, on a CPU; pretraining with what it begins with.
_JUDGING_COMPILES, _WIPED_COMPILES = 0.3, 0.65
_WATCHING_COMPILES, _PRETRAINING_COMPILES = 0.25, 0.9
WITHIN = 1.5
"""A time that may be farther off, as a factor, is not told."""
_TIMED, _BY_PRODUCTS = 1.2, 1.4
_GUESSED = {READING: 1.0, COMPILING: 1.7, JUDGING: 1.6, REPORTING: 2.0}
"""How far off a stage may be: of training what was timed itself, and what was by its products."""
_ELSEWHERE = 3.0
"""How far off guesses may be where there is no CPU: they were measured on one."""


@dataclass(frozen=True)
class Measured:
    """Hold what calibrating one program measured.

    step_s: of all devices together, a step of one run; compiled_s: until it could run
    own: the share of the cores at work that was this process's meanwhile
    """

    step_s: float
    compiled_s: float
    own: float = 1.0


@dataclass(frozen=True)
class Expected:
    """Hold the seconds that stages take, those before now included.

    seconds: by stage; parts: what each will come to, as `Account.expect` takes it
    unknown: of what nothing can be measured beforehand, in words: no time is told then
    off: how far off each stage may be, as a factor; 1 where it is not named
    own: the share of the machine that was this process's while it measured
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    off: Mapping[str, float] = field(default_factory=dict)
    own: float = 1.0

    @property
    def left_s(self) -> float:
        """Return the time to the end; what was read is over."""
        return sum(s for stage, s in self.seconds.items() if stage != READING)

    @property
    def is_alone(self) -> bool:
        """Say whether others leave enough of the machine: else what it takes hangs on them."""
        return self.own * WITHIN >= 1

    @property
    def untold(self) -> str:
        """Say why no time is told; empty where one is, within a factor WITHIN of what it takes."""
        if self.unknown:
            return f"nothing measures {' and '.join(self.unknown)}"
        if not self.is_alone:
            return f"other programs take {1 - self.own:.0%} of the machine"
        left = {stage: s for stage, s in self.seconds.items() if stage != READING and s > 0}
        if not left:
            return ""
        most_s = sum(s * self.off.get(stage, 1.0) for stage, s in left.items())
        least_s = sum(s / self.off.get(stage, 1.0) for stage, s in left.items())
        if most_s <= WITHIN * self.left_s <= WITHIN**2 * least_s:
            return ""
        worst = max(left, key=lambda stage: left[stage] * (self.off.get(stage, 1.0) - 1))
        return f"{left[worst] / self.left_s:.0%} of it, {worst}, is a guess"

    def share(self, stage: str) -> float | None:
        """Return a stage's share of the whole; None where no time is told."""
        whole = sum(self.seconds.values())
        return None if self.untold or not whole else self.seconds.get(stage, 0.0) / whole

    def beside(self, seconds: Mapping[str, float]) -> "Expected":
        """Return the same with other stages, or other seconds."""
        return replace(self, seconds={**self.seconds, **seconds})

    def lines(self, devices: str) -> Iterator[str]:
        """Yield what to expect as lines of text."""
        if self.untold:
            yield f"expected: no time told: {self.untold}"
            return
        yield f"expected: {in_words(self.left_s)} on {devices}"
        shares = ((stage, self.share(stage) or 0.0) for stage in STAGES)
        yield "  " + ", ".join(f"{stage} {share:.0%}" for stage, share in shares)


def expected(
    plan: Plan,
    sites: Sequence[Sites],
    left: Sequence[Chunk],
    measured: Mapping[int, Measured],
    training_s: float,
    pretraining_s: float = 0.0,
) -> Expected:
    """Return what compiling, training and judging the chunks that are left takes.

    measured: of each group of networks; training_s: of networks; pretraining_s: of those that are
    grafted from
    """
    unknown = {_unknown(plan, chunk) for chunk in left} - {""}
    parts = {JUDGING: float(len(left)), COMPILING: 1.0, REPORTING: 1.0}
    networks = [chunk for chunk in left if chunk.group in measured]
    judging_s = watching_s = 0.0
    steps_of: dict[tuple[int, tuple[Variant, ...]], float] = {}
    for chunk in networks:
        step_s, target = measured[chunk.group].step_s, sites[chunk.group].target
        for job in chunk.jobs:
            if (key := (chunk.group, job.judged)) not in steps_of:
                steps_of[key] = _judging(_wipes(plan, job), plan.of(job), target)
            judging_s += step_s * steps_of[key]
        watched = 0.0 if target.split.in_turn else FORWARD * plan.settings.validations
        watching_s += step_s * watched * len(chunk.jobs)
    seconds = {
        COMPILING: _compiling(plan, sites, networks, measured, pretraining_s > 0),
        TRAINING: training_s + pretraining_s + watching_s,
        JUDGING: judging_s,
    }
    off = _GUESSED | {TRAINING: _off((training_s, _TIMED), (pretraining_s, _BY_PRODUCTS))}
    if jax.default_backend() != "cpu":
        off |= dict.fromkeys((COMPILING, JUDGING), _ELSEWHERE)
    own = min((of.own for of in measured.values()), default=1.0)
    return Expected(seconds, parts, tuple(sorted(unknown)), off, own)


def _off(*parts: tuple[float, float]) -> float:
    """Return how far off a stage may be whose parts, of so many seconds, may be so far off."""
    whole = sum(seconds for seconds, _ in parts)
    return sum(seconds * off for seconds, off in parts) / whole if whole else 1.0


def _unknown(plan: Plan, chunk: Chunk) -> str:
    arm = plan.groups[chunk.group].example.of
    if arm.of_problem:
        return "training on the first survey" if arm.start == "first survey" else ""
    return "locating walks" if arm.locate else "fitting predictors"


def _wipes(plan: Plan, job: Job) -> list[Wipe]:
    """Return each way of wiping that a job is judged by."""
    return list(dict.fromkeys(of.applied(plan.settings).wipe for of in job.judged))


def _judging(wipes: Sequence[Wipe], settings: Settings, target: Site) -> float:
    """Return what judging a network takes, in steps of training."""
    batches = {s: len(target.rows(s)) / settings.batch_size for s in target.split.judged}
    losses = {name for wipe in wipes for name in wipe.losses}
    times = sum(batches.values()) + len(losses) * batches["test"]
    for wipe in wipes:
        if wipe.drop_rates:
            draws = wipe.seeds * len(wipe.drop_rates) * len(settings.modalities)
            each = 1.0 / len(settings.modalities) if wipe.mode == "samples" else WIPED
            times += batches["test"] * (1 + draws * each)
    return FORWARD * times


def _compiling(
    plan: Plan,
    sites: Sequence[Sites],
    left: Sequence[Chunk],
    measured: Mapping[int, Measured],
    pretrained: bool,
) -> float:
    """Return what is left to compile: all but what calibrating compiled, once a problem.

    On an accelerator that is nothing: all is compiled ahead.
    """
    if replicas.replica_axis() == "vmap":
        return 0.0
    problems = {(plan.groups[c.group].settings, id(sites[c.group].target)): c.group for c in left}
    seconds = 0.0
    for group in problems.values():
        settings, target = plan.groups[group].settings, sites[group].target
        share = _JUDGING_COMPILES * (len(target.split.judged) + len(settings.wipe.losses))
        share += _WIPED_COMPILES * bool(settings.wipe.drop_rates)
        seconds += share * measured[group].compiled_s
    for group in {c.group for c in left} if plan.settings.validations else ():
        seconds += _WATCHING_COMPILES * measured[group].compiled_s
    longest = max((of.compiled_s for of in measured.values()), default=0.0)
    watched = _WATCHING_COMPILES * bool(plan.settings.validations)
    return seconds + (_PRETRAINING_COMPILES + watched) * longest * pretrained
