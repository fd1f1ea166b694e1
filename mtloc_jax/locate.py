"""How an arm locates whole walks: which expert on WiFi, which motion, and how they are joined.

Plain data: what a name stands for is found by study.locating when a study needs it, so that configs
and reports know every arm without the libraries that compute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mtloc_jax.registry import Registry

Origin = Literal["", "pretrained", "fresh", "fine-tuned"]
"""Where a network comes from: pretrained in the source and used as it is; trained on the target's
survey alone; pretrained, then trained on that. Empty where there is no network."""
PRETRAINED: Origin = "pretrained"
FRESH: Origin = "fresh"
TUNED: Origin = "fine-tuned"


@dataclass(frozen=True)
class Expert:
    """Say what places single scans by a survey.

    place:  "module:function", called as experts.nearest.Expert; empty for any other
    likely: "module:function", called as study.on_cells.Likely: what it says of cells; it places
            scans at the mean
    color, marker: as lines and bars have them
    among:  the experts of which it is the one that errs least on validation
    joins:  the experts of which it is the mixture, of networks one at most
    """

    place: str
    label: str
    color: str
    marker: str
    origin: Origin = ""
    among: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    likely: str = ""


@dataclass(frozen=True)
class Motion:
    """Say what tells how the phone moved.

    place: "module:function", (Round, its attitude or None) -> Moves, None where north is not known;
           empty for a network, and where nothing tells
    """

    place: str
    label: str
    origin: Origin = ""


@dataclass(frozen=True)
class Join:
    """Say how fixes and moves become a track.

    causal: whether a position hangs on nothing that came later
    line:   keyword arguments of Axes.plot that set it apart
    cells:  whether it knows where on a floor people walk
    """

    label: str
    causal: bool
    line: Mapping[str, object]
    cells: bool = False


EXPERTS: Registry[Expert] = Registry("expert on WiFi")
MOTIONS: Registry[Motion] = Registry("motion")
JOINS: Registry[Join] = Registry("way to join over time")
"""Every one by its name, in the order of tables."""

HELD, FILTER, SMOOTHER = "held", "filter", "smoother"
GRID, GRID_SMOOTHER = "grid", "grid-smoother"
NONE, STEPS, NETWORK = "none", "steps", "network"

_NEAREST = "mtloc_jax.experts.nearest:nearest_{}"
EXPERTS["cosine"] = Expert(_NEAREST.format("cosine"), "5-NN cosine", "#B8A600", "h")
EXPERTS["v3"] = Expert(_NEAREST.format("kaggle"), "Kaggle's distance", "#E69F00", "v")
EXPERTS["matcher"] = Expert("", "matcher, transferred", "#D55E00", "s", PRETRAINED)
EXPERTS["matcher-scratch"] = Expert("", "matcher, from scratch", "#000000", "^", FRESH)
EXPERTS["matcher-tuned"] = Expert("", "matcher, fine-tuned", "#0072B2", "o", TUNED)
EXPERTS["radio-map"] = Expert(
    "", "radio map", "#56B4E9", "P", likely="mtloc_jax.experts.radio_map:log_likelihood_heeding"
)
EXPERTS["matcher-and-map"] = Expert(
    "", "matcher and radio map", "#CC79A7", "X", PRETRAINED, joins=("matcher", "radio-map")
)
EXPERTS["chosen"] = Expert(
    "",
    "expert chosen on validation",
    "#009E73",
    "D",
    among=("cosine", "v3", "matcher", "radio-map"),
)
UNTRAINED = tuple(name for name, one in EXPERTS.items() if one.origin in ("", PRETRAINED))
"""The experts that need a survey, but no training on it."""
WITH_ALL_MOTIONS = ("cosine", "matcher")
"""The experts that are joined with every motion; the others with steps alone."""
MOTIONS[NONE] = Motion("", "no motion")
MOTIONS[STEPS] = Motion("mtloc_jax.motion.steps:moves", "steps")
MOTIONS[NETWORK] = Motion("", "motion network", PRETRAINED)
MOTIONS["network-scratch"] = Motion("", "motion network from scratch", FRESH)
MOTIONS["network-tuned"] = Motion("", "motion network fine-tuned", TUNED)
JOINS[HELD] = Join("newest scan held", True, {"linestyle": ":"})
JOINS[FILTER] = Join("causal", True, {"linestyle": "-"})
JOINS[SMOOTHER] = Join("offline", False, {"linestyle": "--"})
JOINS[GRID] = Join("causal", True, {"linestyle": "-."}, cells=True)
JOINS[GRID_SMOOTHER] = Join("offline", False, {"linestyle": (0, (1, 1))}, cells=True)


@dataclass(frozen=True)
class Locate:
    """Name the parts of an arm: in EXPERTS, MOTIONS and JOINS."""

    expert: str
    motion: str = NONE
    time: str = HELD

    @property
    def origins(self) -> frozenset[Origin]:
        """Return where the networks of its expert and of its motion come from."""
        experts = (self.expert, *EXPERTS[self.expert].among)
        found = {EXPERTS[name].origin for name in experts} | {MOTIONS[self.motion].origin}
        return frozenset(found - {""})

    @property
    def joined(self) -> str:
        """Return in words what its expert is joined with; empty where it is held."""
        if self.time == HELD:
            return ""
        return MOTIONS[self.motion].label + (" on cells" if JOINS[self.time].cells else "")

    @property
    def label(self) -> str:
        """Return it in words."""
        joined = f" with {self.joined}" if self.joined else ""
        return f"{EXPERTS[self.expert].label}{joined}, {JOINS[self.time].label}"
