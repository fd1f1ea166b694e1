"""What a study compares, one entry an arm: where a run starts, how it trains, how it is drawn.

A new arm is an entry in ARMS. Predictors without a network are arms like any other: they are fitted
on the windows that a network of the same rate and seed trains on, and judged on the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mtloc_jax import predictors
from mtloc_jax.locate import (
    EXPERTS,
    FRESH,
    HELD,
    JOINS,
    MOTIONS,
    PRETRAINED,
    STEPS,
    TUNED,
    WITH_ALL_MOTIONS,
    Locate,
)
from mtloc_jax.predictors import Predictor
from mtloc_jax.registry import Registry
from mtloc_jax.settings import Settings
from mtloc_jax.surgery.rules import Leave, Rule, Take

Start = Literal["fresh", "pretrained", "first survey"]
"""Where a run's parameters come from before any rule: nowhere; the networks pretrained in the
source building; the networks trained on the first of two surveys."""

SCRATCH, TRANSFERRED, FINETUNED = "scratch", "transferred", "finetuned"
CARRIED, REINITIALISED, BOTH_SURVEYS = "carried", "reinitialised", "both-surveys"

HEADLINE_RATE = 0.625
"""The paper's chosen fine-tune rate ("minimum data demand")."""
WIPED_SHARE = 0.4
"""What the paper wipes of a modality for Table VI and Fig 6."""


@dataclass(frozen=True)
class Arm:
    """Say everything about one arm.

    name:    as rows and configs call it; label: as tables and figures do
    line:    keyword arguments of Axes.plot
    rates:   the setting that lists its rates, or the rates
    share:   share of the training rounds that it sees; None: its rate
    start:   where its parameters come from; rules: which of them are taken, the rest stays fresh
             ("donor" is the network they come from)
    both:    whether it trains on both surveys of a building surveyed twice, no access point gone:
             on all rounds of the first, and its share of the second's
    plan:    how its leaves train ("imu frozen"); None: as settings.finetune_plan says
    problem: a name in core.problem.PROBLEMS; empty: the study's
    predict: the predictor, where it needs no network
    locate:  how it locates whole walks, where it sees more of them than windows
    chooses: the setting whose values it chooses from on validation, passed on as `k`; or empty
    """

    name: str
    label: str
    line: Mapping[str, Any]
    rates: str | tuple[float, ...] = "finetune_rates"
    share: float | None = None
    start: Start = "fresh"
    rules: tuple[Rule, ...] = ()
    both: bool = False
    plan: str | None = "all"
    problem: str = ""
    predict: Predictor | None = None
    locate: Locate | None = None
    chooses: str = ""

    @property
    def of_problem(self) -> bool:
        """Say whether its runs are networks of a problem, trained and judged on windows."""
        return self.predict is None and self.locate is None

    @property
    def grafts_imu(self) -> bool:
        """Say whether it takes an IMU branch that was pretrained in the source building."""
        return self.of_problem and self.start == "pretrained"

    @property
    def resurveys(self) -> bool:
        """Say whether it is of a building surveyed twice."""
        return self.start == "first survey" or self.both

    @property
    def learns_here(self) -> bool:
        """Say whether its runs train on the target's survey; a predictor is fitted anew."""
        return self.of_problem or bool(self.locate and {FRESH, TUNED} & self.locate.origins)

    @property
    def chooses_here(self) -> bool:
        """Say whether its runs choose something on the target's validation."""
        return bool(self.chooses or (self.locate and EXPERTS[self.locate.expert].among))

    @property
    def fixed(self) -> bool:
        """Say whether it has rates of its own, whatever the settings."""
        return not isinstance(self.rates, str)

    @property
    def grafted(self) -> bool:
        """Say whether some of its parameters come from another network."""
        return self.start != "fresh"

    def rates_in(self, settings: Settings) -> tuple[float, ...]:
        """Return the shares of the training rounds that a study gives it."""
        return getattr(settings, self.rates) if isinstance(self.rates, str) else self.rates

    def share_at(self, rate: float) -> float:
        """Return the share of the training rounds that it sees at a rate."""
        return rate if self.share is None else self.share

    def plan_in(self, settings: Settings) -> str:
        """Return how its leaves train in a study."""
        return settings.finetune_plan if self.plan is None else self.plan

    def problem_in(self, settings: Settings) -> str:
        """Return the name of its problem in a study."""
        return self.problem or settings.problem


IMU_FROM_SOURCE = (Take("imu", "donor:imu"), Leave("donor:head"))
"""Section IV-C: the LSTM layer is taken out of the pretrained network, its head is left."""

ARMS: Registry[Arm] = Registry("arm")
"""Every arm by its name, in the order of tables and legends."""


def add(arm: Arm) -> None:
    """Add an arm to ARMS."""
    ARMS[arm.name] = arm


# Okabe and Ito's palette; dashes and markers repeat what the colour says.
add(
    Arm(
        SCRATCH,
        "scratch",
        {"color": "#000000", "linestyle": (0, (1, 1)), "marker": "^"},
        rates="scratch_rates",
    )
)
add(
    Arm(
        TRANSFERRED,
        "transferred",
        {"color": "#D55E00", "linestyle": (0, (5, 1.5)), "marker": "s"},
        rates=(0.0,),
        share=1.0,  # its other branches train on all rounds (Section IV-D)
        start="pretrained",
        rules=IMU_FROM_SOURCE,
        plan="imu frozen",
    )
)
add(
    Arm(
        FINETUNED,
        "fine-tuned",
        {"color": "#0072B2", "linestyle": "-", "marker": "o"},
        start="pretrained",
        rules=IMU_FROM_SOURCE,
        plan=None,
    )
)
# A building surveyed twice: everything moves to the second survey; are WiFi rows worth carrying?
add(
    Arm(
        CARRIED,
        "WiFi rows carried by BSSID",
        {"color": "#0072B2", "linestyle": "-", "marker": "o"},
        start="first survey",
        plan=None,
    )
)
add(
    Arm(
        REINITIALISED,
        "WiFi rows re-initialised",
        {"color": "#D55E00", "linestyle": (0, (5, 1.5)), "marker": "s"},
        start="first survey",
        plan=None,
    )
)
# What carried rows could at best be worth: nothing was taken from the building in between.
add(
    Arm(
        BOTH_SURVEYS,
        "scratch on both surveys",
        {"color": "#009E73", "linestyle": (0, (3, 1, 1, 1)), "marker": "D"},
        both=True,
    )
)
for predictor in (
    Arm(
        "constant",
        "constant",
        {"color": "#999999", "linestyle": (0, (1, 2)), "marker": "x"},
        predict=predictors.constant,
    ),
    Arm(
        "elapsed-time",
        "elapsed time",
        {"color": "#E69F00", "linestyle": (0, (4, 1, 1, 1)), "marker": "P"},
        predict=predictors.elapsed_time,
    ),
    Arm(
        "wifi-knn",
        "WiFi k-NN",
        {"color": "#009E73", "linestyle": "-", "marker": "D"},
        predict=predictors.knn,
        chooses="neighbours",
    ),
    Arm(
        "wifi-weighted-knn",
        "WiFi weighted k-NN",
        {"color": "#56B4E9", "linestyle": (0, (5, 1.5)), "marker": "v"},
        predict=predictors.weighted_knn,
        chooses="neighbours",
    ),
    Arm(
        "wifi-knn-cosine",
        "WiFi 5-NN, cosine",
        {"color": "#B8A600", "linestyle": (0, (6, 1, 1, 1)), "marker": "h"},
        predict=predictors.cosine_knn,
    ),
    Arm(
        "wifi-forest",
        "WiFi random forest",
        {"color": "#CC79A7", "linestyle": "-", "marker": "*"},
        predict=predictors.forest,
    ),
    Arm(
        "wifi-gaussian-process",
        "WiFi Gaussian process",
        {"color": "#D55E00", "linestyle": (0, (3, 1, 1, 1)), "marker": "X"},
        predict=predictors.gaussian_process,
    ),
):
    add(predictor)


def located(locate: Locate) -> Arm:
    """Return the arm of an expert, motion and way to join: 'cosine-held', 'cosine-steps-filter'."""
    moved = "" if locate.time == HELD else f"-{locate.motion}"
    expert, join = EXPERTS[locate.expert], JOINS[locate.time]
    line = {"color": expert.color, "marker": expert.marker, **join.line}
    name = f"{locate.expert}{moved}-{locate.time}"
    start: Start = "pretrained" if {PRETRAINED, TUNED} & locate.origins else "fresh"
    return Arm(name, locate.label, line, rates=(1.0,), start=start, locate=locate)


for expert in EXPERTS:
    add(located(Locate(expert)))
    for motion in MOTIONS if expert in WITH_ALL_MOTIONS else (STEPS,):
        for time in JOINS:
            if time != HELD:
                add(located(Locate(expert, motion, time)))

PREDICTORS = tuple(arm.name for arm in ARMS.values() if arm.predict)
"""The arms without a network."""


def percent(share: float) -> str:
    """Write a share as the paper does: 0.625 -> '62.5 %'."""
    return f"{100 * share:g} %"


def arm_label(name: str, rate: float) -> str:
    """Name an arm at a rate: 'scratch', 'scratch 50 %', 'transferred', 'fine-tuned 62.5 %'.

    An arm that is not registered here (of another version) is called by its name.
    """
    arm = ARMS.get(name)
    label = arm.label if arm else name
    whole = rate == 1 and (arm is None or not arm.grafted)
    return label if whole or (arm and arm.fixed) else f"{label} {percent(rate)}"
