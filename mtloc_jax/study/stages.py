"""The stages of a study as a person waits for them, and how far each is."""

from collections.abc import Mapping
from typing import NamedTuple

READING, COMPILING, TRAINING = "reading", "compiling", "training"
JUDGING, REPORTING = "judging", "reporting"
STAGES: dict[str, tuple[str, ...]] = {
    READING: ("reading",),
    COMPILING: ("compiling",),
    TRAINING: ("pretraining", "training", "fitting"),
    JUDGING: ("judging", "locating"),
    REPORTING: ("reporting",),
}
"""Stage -> the words that what is told of it begins with, in the order in which they begin."""


class Far(NamedTuple):
    """Hold how far a stage is, in parts of its own making, and what is being done of it."""

    stage: str
    doing: str
    done: float
    total: float


class Account:
    """Add up what is told of each stage: parts come one after the other, each with its total."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self._parts: dict[str, dict[str, tuple[float, float]]] = {stage: {} for stage in STAGES}
        self._expected: Mapping[str, float] = {}

    def expect(self, parts: Mapping[str, float]) -> None:
        """Say what each stage will come to; of others it is known as they go."""
        self._expected = parts

    def told(self, text: str, done: float, total: float) -> Far:
        """Take in how far a part is; of training parts weigh by their steps, else alike."""
        stage = stage_of(text)
        whole = total if stage == TRAINING else 1.0
        self._parts[stage][text] = (whole * done / max(total, 1e-9), whole)
        parts = self._parts[stage].values()
        seen = sum(total for _, total in parts)
        doing = text.removeprefix(stage).strip(", ")
        total = max(self._expected.get(stage, 0.0), seen)
        return Far(stage, doing, sum(done for done, _ in parts), total)


class Spent:
    """Add up what each stage took: what was compiled meanwhile counts as compiling alone."""

    def __init__(self, now_s: float, compiled_s: float) -> None:
        """Begin at a time; compiled_s: what had been spent on compiling by then."""
        self.seconds: dict[str, float] = {}
        self._stage, self._now_s, self._compiled_s = "", now_s, compiled_s

    def told(self, text: str, now_s: float, compiled_s: float) -> None:
        """Take in that something is told of: what passed since was the stage told of before."""
        stage = stage_of(text)
        passed_s = now_s - self._now_s
        compiling_s = min(compiled_s - self._compiled_s, passed_s)
        for of, s in ((COMPILING, compiling_s), (self._stage or stage, passed_s - compiling_s)):
            self.seconds[of] = self.seconds.get(of, 0.0) + s
        self._stage, self._now_s, self._compiled_s = stage, now_s, compiled_s


def stage_of(text: str) -> str:
    """Return the stage that is told of: "pretraining on A" is training."""
    word = text.partition(" ")[0].rstrip(",")
    return next(stage for stage, words in STAGES.items() if word in words)
