"""What a contest is: how much is measured, of whom, and what must agree."""

from dataclasses import dataclass, replace

from bench.problem import Shape
from bench.task import Task

TINY = Shape(windows=40, aps=6, batch=20, time_steps=3, hidden=4)
"""Sizes at which everything starts in seconds and nothing is worth timing."""


@dataclass(frozen=True)
class Scale:
    """Fix how much is measured.

    accelerator: True where JAX computes on a GPU or TPU, or rehearses one
    quick: two minutes, not fifteen: fewer sizes and rounds, no torch.compile, growth with runs
    tiny: a rehearsal of the accelerator's contests on whatever there is, TINY
    before: a folder with another mtloc_jax, timed beside this one; "" for none
    kernels: True where ours has kernels of its own to offer: on a TPU
    """

    cores: int
    accelerator: bool = False
    quick: bool = False
    tiny: bool = False
    before: str = ""
    kernels: bool = False

    @property
    def shape(self) -> Shape:
        """Return the sizes of the problem."""
        return TINY if self.tiny else Shape()

    @property
    def check_steps(self) -> int:
        """Return after how many steps of training outcomes are compared."""
        return 2 if self.tiny else 10

    @property
    def rounds(self) -> int:
        """Return how often every contestant is timed."""
        return 3 if self.quick or self.tiny else 5

    @property
    def round_s(self) -> float:
        """Return how long one timing should last."""
        if self.tiny:
            return 0.02
        if self.accelerator:  # whose clock nobody else disturbs
            return 0.3
        return 0.7 if self.quick else 1.5


@dataclass(frozen=True)
class Variant:
    """Describe one contestant: `processes` workers at once, each with its own runs.

    threads: per process, 0 for the library's default; devices: JAX devices on a CPU
    needs: libraries beyond the project's own
    twice: start it twice, so that the second start finds the first one's compile cache
    flops: floating-point operations of one unit of work, 0 where they are not counted
    least_bytes: what one unit must read and write of the device's memory, 0 where not counted
    lane: contestants of one lane compile in turn, where a contest starts them together
    library: a folder with another mtloc_jax than this one; "" for this one
    """

    name: str
    title: str
    task: Task
    processes: int = 1
    threads: int = 0
    devices: int = 1
    needs: tuple[str, ...] = ()
    twice: bool = False
    flops: int = 0
    least_bytes: int = 0
    lane: str = ""
    library: str = ""

    @property
    def units(self) -> int:
        """Return the units of work in one step."""
        return self.task.runs * self.processes


@dataclass(frozen=True)
class Contest:
    """Put variants side by side.

    unit: what is counted, one per run and step; baseline: the variant that ratios refer to
    check_steps: after how many steps outcomes are compared, 0 where they cannot be
    tolerance: the largest relative difference of outcomes that rounding explains
    error_steps: after how many steps the errors in metres are compared, 0 where they are not
    rounds: how often every variant is timed; round_s: about how long each time
    least_steps: steps in a round at least: a study's calls have many, so that what a call costs
        once (shuffling, carrying the runs' states in and out) is spread over them
    batch_runs: of how many runs the batches must be written down for other libraries
    written_by: the module that does, and the first of its arguments
    start_s: start all contestants at once, and leave out who has not begun to compile so many
        seconds later; 0: one after the other, however long it takes
    answer_s: how long any answer may take, compiling among them; 0: as long as anything known does
    traced: variants whose kernels are listed
    """

    name: str
    title: str
    unit: str
    baseline: str
    variants: tuple[Variant, ...]
    rounds: int
    round_s: float
    check_steps: int = 0
    tolerance: float = 1e-4
    error_steps: int = 0
    least_steps: int = 1
    batch_runs: int = 0
    written_by: tuple[str, ...] = ("bench.batches",)
    start_s: float = 0.0
    answer_s: float = 0.0
    traced: tuple[str, ...] = ()


def in_time(contest: Contest, left_s: float) -> Contest:
    """Return a contest whose contestants have all begun and answered when `left_s` are over.

    One that gives them as long as they like is left alone.
    """
    if not contest.answer_s:
        return contest
    start_s, answer_s = (min(one, left_s / 2) for one in (contest.start_s, contest.answer_s))
    return replace(contest, start_s=start_s, answer_s=answer_s)
