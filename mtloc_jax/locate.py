"""How an arm locates whole walks: which expert on WiFi, which motion, and how they are joined.

Plain data: what a name stands for is found by study.locating when a study needs it, so that configs
and reports know every arm without the libraries that compute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mtloc_jax.registry import Registry

Start = Literal["", "pretrained", "fresh", "fine-tuned"]
"""Of what is no network, nothing. Pretrained in the source and used as it is; trained on the
target's survey alone; pretrained, then trained on that."""


@dataclass(frozen=True)
class Expert:
    """Say what places single scans by a survey.

    place: "module:function", called as study.locating says
    color: as lines and bars have it
    start: where the network comes from, if it is one
    """

    place: str
    label: str
    color: str
    start: Start = ""


@dataclass(frozen=True)
class Motion:
    """Say what tells how the phone moved; place is empty where nothing does, the rest as above."""

    place: str
    label: str
    start: Start = ""


@dataclass(frozen=True)
class Join:
    """Say how fixes and moves become a track.

    causal: whether a position hangs on nothing that came later
    line:   keyword arguments of Axes.plot that set it apart
    """

    label: str
    causal: bool
    line: Mapping[str, object]


EXPERTS: Registry[Expert] = Registry("expert on WiFi")
MOTIONS: Registry[Motion] = Registry("motion")
JOINS: Registry[Join] = Registry("way to join over time")
"""Every one by its name, in the order of tables."""

HELD, FILTER, SMOOTHER = "held", "filter", "smoother"
NONE, STEPS, NETWORK = "none", "steps", "network"

EXPERTS["cosine"] = Expert("mtloc_jax.experts.nearest:nearest_cosine", "5-NN cosine", "#B8A600")
MOTIONS[NONE] = Motion("", "no motion")
MOTIONS[STEPS] = Motion("mtloc_jax.motion.steps:moves", "steps")
JOINS[HELD] = Join("newest scan held", True, {"linestyle": ":"})
JOINS[FILTER] = Join("causal", True, {"linestyle": "-"})
JOINS[SMOOTHER] = Join("offline", False, {"linestyle": "--"})


@dataclass(frozen=True)
class Locate:
    """Name the parts of an arm: in EXPERTS, MOTIONS and JOINS."""

    expert: str
    motion: str = NONE
    time: str = HELD

    @property
    def starts(self) -> tuple[Start, ...]:
        """Return where the networks of its expert and of its motion come from."""
        return EXPERTS[self.expert].start, MOTIONS[self.motion].start

    @property
    def label(self) -> str:
        """Return it in words."""
        moved = "" if self.time == HELD else f" with {MOTIONS[self.motion].label}"
        return f"{EXPERTS[self.expert].label}{moved}, {JOINS[self.time].label}"
