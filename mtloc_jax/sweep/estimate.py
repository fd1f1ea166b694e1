"""What a study will take, said before it begins."""

from collections.abc import Iterator
from dataclasses import dataclass

from mtloc_jax.sweep.live import in_words


@dataclass(frozen=True)
class GroupEstimate:
    """Hold what the runs of one compiled program take.

    settings: what sets it apart, in words; memory_bytes: on each device, None where not measured
    seconds: None where nothing is left to calibrate on
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


@dataclass(frozen=True)
class Estimate:
    """Hold a study's groups, and what pretraining takes before them."""

    variants: int
    groups: tuple[GroupEstimate, ...]
    pretraining_gflop: float
    devices: str

    def lines(self) -> Iterator[str]:
        """Yield the plan as lines of text."""
        runs, steps = sum(g.runs for g in self.groups), sum(g.steps for g in self.groups)
        gflop = sum(g.gflop for g in self.groups)
        named = f", {self.variants} variants" if self.variants > 1 else ""
        programs = "1 program" if len(self.groups) == 1 else f"{len(self.groups)} programs"
        yield f"plan: {runs} runs{named}, {programs}, {steps:,} steps, {gflop:,.0f} GFLOP"
        for group in self.groups:
            yield "  " + _line(group)
        if self.pretraining_gflop:
            yield f"  pretraining: {self.pretraining_gflop:,.0f} GFLOP"
        known = [g.seconds for g in self.groups if g.seconds is not None]
        if known:
            yield f"expected: {in_words(sum(known))} of training on {self.devices}, judging apart"
        else:
            yield "nothing left to train"


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
